//! The schemas as data: attribute tables, looked up without regard to letter case (RFC 7643 §2.1).
//!
//! What is in a table is kept, published and answered; what is not is dropped on the way in. The tables are in [`user`],
//! [`enterprise_user`], [`group`] and [`every_resource`], what they are made of in `model`; start at [`resolve`].

pub mod enterprise_user;
pub mod every_resource;
pub mod group;
mod model;
pub mod user;

use serde_json::{Map, Value};

pub use crate::attr_path::{Resolved, resolve, resolve_name};
pub use enterprise_user::ENTERPRISE_USER;
pub use every_resource::COMMON;
pub use group::GROUP;
pub use model::{Attribute, Kind, Mutability, Returned, Schema, Uniqueness};
pub use user::USER;

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
