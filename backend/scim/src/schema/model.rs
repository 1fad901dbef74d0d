//! What a schema and its attributes are made of.
//!
//! Owns: the characteristics of RFC 7643 §2.2 and §7, and how a schema is written as a document. Must never
//! name one of the tables. Start at [`Attribute`].

use std::borrow::Cow;

use serde_json::{Map, Value, json};

use crate::key;

/// A schema (RFC 7643 §7).
#[derive(Debug)]
pub struct Schema {
    /// Its URN, which is its id.
    pub urn: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it describes.
    pub description: &'static str,
    /// Its attributes.
    pub attributes: &'static [Attribute],
}

/// The type of an attribute (RFC 7643 §2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `string`
    String,
    /// `boolean`
    Boolean,
    /// `dateTime`
    DateTime,
    /// `binary`: base64 text, kept as it came.
    Binary,
    /// `reference`: a URI, not validated (Microsoft's validator sends random words as `profileUrl`).
    Reference,
    /// `complex`
    Complex,
}

/// Who may change an attribute, and when (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mutability {
    /// The service provider only.
    ReadOnly,
    /// Anybody, at any time.
    ReadWrite,
    /// Set once.
    Immutable,
    /// Never returned.
    WriteOnly,
}

/// When an attribute is in an answer (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Returned {
    /// Whatever was asked for.
    Always,
    /// Whatever was asked for, never.
    Never,
    /// Unless it was excluded or others were asked for.
    Default,
}

/// How an attribute's values must differ (RFC 7643 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Uniqueness {
    /// Not at all.
    None,
    /// Among the resources of one type.
    Server,
}

/// An attribute and its characteristics (RFC 7643 §2.2, §7).
#[derive(Debug, Clone, Copy)]
pub struct Attribute {
    /// The name in canonical case.
    pub name: &'static str,
    /// What it holds, in words.
    pub description: &'static str,
    /// The type.
    pub kind: Kind,
    /// Whether it is a list.
    pub multi_valued: bool,
    /// Whether a resource cannot be without it.
    pub required: bool,
    /// Whether letter case counts in comparisons.
    pub case_exact: bool,
    /// Whether blanks at either end are of no account in comparisons.
    pub trimmed: bool,
    /// Who may change it.
    pub mutability: Mutability,
    /// When it is answered.
    pub returned: Returned,
    /// How its values must differ.
    pub uniqueness: Uniqueness,
    /// Usual values; never enforced (RFC 7643 §7 leaves that open, and IdPs send others).
    pub canonical_values: &'static [&'static str],
    /// What a reference points to.
    pub reference_types: &'static [&'static str],
    /// The parts of a complex attribute.
    pub sub_attributes: &'static [Attribute],
}

impl Attribute {
    pub(super) const fn new(kind: Kind, name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind,
            multi_valued: false,
            required: false,
            case_exact: false,
            trimmed: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: &[],
        }
    }

    pub(super) const fn string(name: &'static str, description: &'static str) -> Self {
        Self::new(Kind::String, name, description)
    }

    pub(super) const fn boolean(name: &'static str, description: &'static str) -> Self {
        Self::new(Kind::Boolean, name, description)
    }

    pub(super) const fn reference(
        name: &'static str,
        types: &'static [&'static str],
        description: &'static str,
    ) -> Self {
        Self {
            reference_types: types,
            case_exact: true,
            ..Self::new(Kind::Reference, name, description)
        }
    }

    pub(super) const fn complex(
        name: &'static str,
        sub_attributes: &'static [Attribute],
        description: &'static str,
    ) -> Self {
        Self {
            sub_attributes,
            ..Self::new(Kind::Complex, name, description)
        }
    }

    pub(super) const fn many(self) -> Self {
        Self {
            multi_valued: true,
            ..self
        }
    }

    pub(super) const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    pub(super) const fn case_exact(self) -> Self {
        Self {
            case_exact: true,
            ..self
        }
    }

    pub(super) const fn trimmed(self) -> Self {
        Self { trimmed: true, ..self }
    }

    pub(super) const fn read_only(self) -> Self {
        Self {
            mutability: Mutability::ReadOnly,
            ..self
        }
    }

    pub(super) const fn immutable(self) -> Self {
        Self {
            mutability: Mutability::Immutable,
            ..self
        }
    }

    pub(super) const fn returned(self, returned: Returned) -> Self {
        Self { returned, ..self }
    }

    pub(super) const fn unique(self) -> Self {
        Self {
            uniqueness: Uniqueness::Server,
            ..self
        }
    }

    pub(super) const fn usually(self, canonical_values: &'static [&'static str]) -> Self {
        Self {
            canonical_values,
            ..self
        }
    }

    /// The sub-attribute of this name, in any letter case.
    pub fn sub(&self, name: &str) -> Option<&'static Attribute> {
        find(self.sub_attributes, name)
    }

    /// What a text of this attribute is compared by, everywhere: as it is where letter case counts, else folded.
    pub(crate) fn key<'t>(&self, text: &'t str) -> Cow<'t, str> {
        match (self.case_exact, self.trimmed) {
            (true, _) => Cow::Borrowed(text),
            (false, true) => Cow::Owned(key::name(text)),
            (false, false) => Cow::Owned(key::fold(text)),
        }
    }

    /// What a comparison with this attribute looks at: itself, or its `value` where it is complex and has one
    /// (RFC 7644 Figure 2 compares `emails` itself).
    pub(crate) fn compared(&'static self) -> &'static Attribute {
        if self.kind == Kind::Complex {
            self.sub("value").unwrap_or(self)
        } else {
            self
        }
    }

    /// The attribute as a schema document describes it (RFC 7643 §7), without nulls: Entra refuses them (I3).
    fn document(&self) -> Value {
        let mut document = json!({
            "name": self.name,
            "type": match self.kind {
                Kind::String => "string",
                Kind::Boolean => "boolean",
                Kind::DateTime => "dateTime",
                Kind::Binary => "binary",
                Kind::Reference => "reference",
                Kind::Complex => "complex",
            },
            "multiValued": self.multi_valued,
            "description": self.description,
            "required": self.required,
            "caseExact": self.case_exact,
            "mutability": match self.mutability {
                Mutability::ReadOnly => "readOnly",
                Mutability::ReadWrite => "readWrite",
                Mutability::Immutable => "immutable",
                Mutability::WriteOnly => "writeOnly",
            },
            "returned": match self.returned {
                Returned::Always => "always",
                Returned::Never => "never",
                Returned::Default => "default",
            },
            "uniqueness": match self.uniqueness {
                Uniqueness::None => "none",
                Uniqueness::Server => "server",
            },
        });
        if let Some(object) = document.as_object_mut() {
            let mut put = |key: &str, present: bool, value: Value| {
                if present {
                    object.insert(key.to_owned(), value);
                }
            };
            put(
                "canonicalValues",
                !self.canonical_values.is_empty(),
                json!(self.canonical_values),
            );
            put(
                "referenceTypes",
                !self.reference_types.is_empty(),
                json!(self.reference_types),
            );
            put(
                "subAttributes",
                !self.sub_attributes.is_empty(),
                documents_of(self.sub_attributes),
            );
        }
        document
    }
}

fn documents_of(attributes: &[Attribute]) -> Value {
    attributes.iter().map(Attribute::document).collect()
}

impl Schema {
    /// The attribute of this name, in any letter case.
    pub fn attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.attributes, name)
    }

    /// The schema as a resource (RFC 7643 §8.7), without its location. Erratum 8417: it carries `schemas` and `meta` like any other.
    pub fn document(&self) -> Map<String, Value> {
        let document = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
            "id": self.urn,
            "name": self.name,
            "description": self.description,
            "attributes": documents_of(self.attributes),
            "meta": { "resourceType": "Schema" },
        });
        if let Value::Object(document) = document {
            document
        } else {
            Map::new()
        }
    }
}

fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}
