//! The schemas as data: attribute tables, looked up without regard to letter case (RFC 7643 §2.1).
//!
//! What is in a table is kept, published and answered; what is not is dropped on the way in. The tables are in [`user`],
//! [`enterprise_user`], [`group`] and [`every_resource`]; start at [`resolve`].

pub mod enterprise_user;
pub mod every_resource;
pub mod group;
pub mod user;

use serde_json::{Map, Value, json};

pub use enterprise_user::ENTERPRISE_USER;
pub use every_resource::COMMON;
pub use group::GROUP;
pub use user::USER;

use crate::{ResourceType, filter::AttrPath};

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
    const fn new(kind: Kind, name: &'static str, description: &'static str) -> Self {
        Self {
            name,
            description,
            kind,
            multi_valued: false,
            required: false,
            case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: &[],
        }
    }

    const fn string(name: &'static str, description: &'static str) -> Self {
        Self::new(Kind::String, name, description)
    }

    const fn boolean(name: &'static str, description: &'static str) -> Self {
        Self::new(Kind::Boolean, name, description)
    }

    const fn reference(name: &'static str, types: &'static [&'static str], description: &'static str) -> Self {
        Self {
            reference_types: types,
            case_exact: true,
            ..Self::new(Kind::Reference, name, description)
        }
    }

    const fn complex(name: &'static str, sub_attributes: &'static [Attribute], description: &'static str) -> Self {
        Self {
            sub_attributes,
            ..Self::new(Kind::Complex, name, description)
        }
    }

    const fn many(self) -> Self {
        Self {
            multi_valued: true,
            ..self
        }
    }

    const fn required(self) -> Self {
        Self { required: true, ..self }
    }

    const fn case_exact(self) -> Self {
        Self {
            case_exact: true,
            ..self
        }
    }

    const fn read_only(self) -> Self {
        Self {
            mutability: Mutability::ReadOnly,
            ..self
        }
    }

    const fn immutable(self) -> Self {
        Self {
            mutability: Mutability::Immutable,
            ..self
        }
    }

    const fn returned(self, returned: Returned) -> Self {
        Self { returned, ..self }
    }

    const fn unique(self) -> Self {
        Self {
            uniqueness: Uniqueness::Server,
            ..self
        }
    }

    const fn usually(self, canonical_values: &'static [&'static str]) -> Self {
        Self {
            canonical_values,
            ..self
        }
    }

    /// The sub-attribute of this name, in any letter case.
    pub fn sub(&self, name: &str) -> Option<&'static Attribute> {
        find(self.sub_attributes, name)
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

/// The schemas that are published, in order.
pub const PUBLISHED: [&Schema; 3] = [&USER, &ENTERPRISE_USER, &GROUP];

/// All published schemas as resources, without their locations.
pub fn documents() -> Vec<Map<String, Value>> {
    PUBLISHED.iter().map(|schema| schema.document()).collect()
}

/// The published schema with this URN, in any letter case.
pub fn by_urn(urn: &str) -> Option<&'static Schema> {
    PUBLISHED
        .into_iter()
        .find(|schema| schema.urn.eq_ignore_ascii_case(urn))
}

fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes
        .iter()
        .find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}

/// Where a path leads in resources of one type.
#[derive(Debug, Clone, Copy)]
pub struct Resolved {
    /// The extension under whose URN the attribute is kept; `None` for core and common attributes.
    pub extension: Option<&'static Schema>,
    /// The attribute.
    pub attribute: &'static Attribute,
    /// The sub-attribute, where the path names one.
    pub sub: Option<&'static Attribute>,
}

/// Finds an attribute by name; `None` where this resource type has none of that name.
///
/// An unqualified name is looked for in the core schema, then among the common attributes, and last in the extensions: Microsoft's
/// own examples PATCH `manager` and POST `Department` without the enterprise URN.
pub fn resolve_name(
    resource_type: ResourceType,
    urn: Option<&str>,
    name: &str,
) -> Option<(Option<&'static Schema>, &'static Attribute)> {
    let core = resource_type.schema();
    let extensions = resource_type.extensions();
    match urn {
        None => core
            .attribute(name)
            .or_else(|| COMMON.attribute(name))
            .map(|attribute| (None, attribute))
            .or_else(|| {
                extensions
                    .iter()
                    .find_map(|schema| Some((Some(*schema), schema.attribute(name)?)))
            }),
        Some(urn) if urn.eq_ignore_ascii_case(core.urn) => core
            .attribute(name)
            .or_else(|| COMMON.attribute(name))
            .map(|attribute| (None, attribute)),
        Some(urn) => {
            let schema = *extensions.iter().find(|schema| schema.urn.eq_ignore_ascii_case(urn))?;
            Some((Some(schema), schema.attribute(name)?))
        }
    }
}

/// Finds what a path names; `None` where this resource type has no such attribute or sub-attribute.
pub fn resolve(resource_type: ResourceType, path: &AttrPath) -> Option<Resolved> {
    let (extension, attribute) = resolve_name(resource_type, path.schema.as_deref(), &path.attr)?;
    let sub = match &path.sub {
        Some(name) => Some(attribute.sub(name)?),
        None => None,
    };
    Some(Resolved {
        extension,
        attribute,
        sub,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn each(attributes: &'static [Attribute], check: &mut dyn FnMut(&'static Attribute)) {
        for attribute in attributes {
            check(attribute);
            each(attribute.sub_attributes, check);
        }
    }

    #[test]
    fn names_are_found_in_any_letter_case() {
        let (extension, attribute) = resolve_name(ResourceType::User, None, "USERNAME").unwrap();
        assert!(extension.is_none());
        assert_eq!(attribute.name, "userName");
        let urn = ENTERPRISE_USER.urn.to_uppercase();
        assert_eq!(
            resolve_name(ResourceType::User, Some(&urn), "department")
                .unwrap()
                .1
                .name,
            "department"
        );
        assert!(resolve_name(ResourceType::Group, Some(&urn), "department").is_none());
        assert!(resolve_name(ResourceType::User, None, "members").is_none());
    }

    #[test]
    fn entra_may_name_the_manager_without_the_enterprise_urn() {
        let (extension, attribute) = resolve_name(ResourceType::User, None, "manager").unwrap();
        assert_eq!(
            (extension.unwrap().urn, attribute.name),
            (ENTERPRISE_USER.urn, "manager")
        );
    }

    #[test]
    fn only_complex_attributes_have_parts_and_no_part_is_complex() {
        for schema in PUBLISHED.into_iter().chain([&COMMON]) {
            each(schema.attributes, &mut |attribute| {
                assert_eq!(
                    attribute.kind == Kind::Complex,
                    !attribute.sub_attributes.is_empty(),
                    "{}",
                    attribute.name
                );
                assert!(
                    attribute
                        .sub_attributes
                        .iter()
                        .all(|sub| sub.kind != Kind::Complex && !sub.multi_valued)
                );
                assert_eq!(
                    attribute.kind == Kind::Reference,
                    !attribute.reference_types.is_empty(),
                    "{}",
                    attribute.name
                );
            });
        }
    }

    #[test]
    fn no_attribute_has_two_spellings() {
        for schema in PUBLISHED {
            let mut names: Vec<String> = schema.attributes.iter().map(|a| a.name.to_lowercase()).collect();
            names.extend(COMMON.attributes.iter().map(|a| a.name.to_lowercase()));
            names.sort();
            let count = names.len();
            names.dedup();
            assert_eq!(names.len(), count, "{}", schema.urn);
        }
    }
}
