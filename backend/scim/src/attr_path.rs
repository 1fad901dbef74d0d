//! The name of an attribute, and where it leads in the schemas.
//!
//! Owns: looking names up without regard to letter case (RFC 7643 §2.1), and the attributes an identity provider
//! names without their schema. Must never look at a resource. Start at [`resolve`].

use std::fmt;

use crate::{
    ResourceType,
    schema::{self, Attribute, COMMON, Schema},
};

/// The name of an attribute: `[URN ":"] attr ["." sub]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AttrPath {
    /// The schema, where the text named one.
    pub schema: Option<String>,
    /// The attribute.
    pub attr: String,
    /// The sub-attribute.
    pub sub: Option<String>,
}

impl AttrPath {
    /// A core or common attribute, by its canonical name.
    pub fn new(attr: &str, sub: Option<&str>) -> Self {
        Self {
            schema: None,
            attr: attr.to_owned(),
            sub: sub.map(str::to_owned),
        }
    }

    /// The canonical names of attribute and sub-attribute, where this is a core or common attribute of the resource type.
    /// What a store matches on to find its columns.
    pub fn core(&self, resource_type: ResourceType) -> Option<(&'static str, Option<&'static str>)> {
        match schema::resolve(resource_type, self)? {
            Resolved {
                extension: None,
                attribute,
                sub,
            } => Some((attribute.name, sub.map(|sub| sub.name))),
            Resolved { extension: Some(_), .. } => None,
        }
    }

    /// The definition of what is compared, from whichever resource type has it.
    pub(crate) fn definition(&self) -> Option<&'static Attribute> {
        let resolved = ResourceType::ALL
            .into_iter()
            .find_map(|resource_type| schema::resolve(resource_type, self))?;
        Some(resolved.sub.unwrap_or_else(|| resolved.attribute.compared()))
    }

    /// Whether the schemas know the attribute, and no sub-attribute of this name. Those are closed sets (RFC 7643 §7): one that is not
    /// there would never be equal to anything and always differ, and so select nobody or everybody by accident.
    pub(crate) fn lacks_part(&self) -> bool {
        let Some(part) = &self.sub else { return false };
        let mut known = self.known().peekable();
        known.peek().is_some() && known.all(|attribute| attribute.sub(part).is_none())
    }

    /// What the attribute is, in each resource type that has it.
    pub(crate) fn known(&self) -> impl Iterator<Item = &'static Attribute> {
        ResourceType::ALL.into_iter().filter_map(|resource_type| {
            let found = schema::resolve_name(resource_type, self.schema.as_deref(), &self.attr);
            found.map(|(_, attribute)| attribute)
        })
    }

    /// The same path with the names as the schemas spell them.
    pub(crate) fn canonical(mut self) -> Self {
        if let Some(urn) = &self.schema
            && let Some(schema) = schema::by_urn(urn)
        {
            self.schema = Some(schema.urn.to_owned());
        }
        let found = ResourceType::ALL
            .into_iter()
            .find_map(|resource_type| schema::resolve_name(resource_type, self.schema.as_deref(), &self.attr));
        if let Some((_, attribute)) = found {
            self.attr = attribute.name.to_owned();
            if let Some(sub) = self.sub.as_deref().and_then(|name| attribute.sub(name)) {
                self.sub = Some(sub.name.to_owned());
            }
        }
        self
    }
}

impl fmt::Display for AttrPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(schema) = &self.schema {
            write!(f, "{schema}:")?;
        }
        f.write_str(&self.attr)?;
        if let Some(sub) = &self.sub {
            write!(f, ".{sub}")?;
        }
        Ok(())
    }
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
    use crate::schema::ENTERPRISE_USER;

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
}
