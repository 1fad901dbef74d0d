//! The enterprise extension of User (RFC 7643 §4.3).

use super::model::{Attribute, Schema};

const MANAGER: &[Attribute] = &[
    Attribute::string("value", "The id of the SCIM resource of the manager.").case_exact(),
    Attribute::reference("$ref", &["User"], "The URI of the SCIM resource of the manager."),
    Attribute::string("displayName", "The name of the manager.").read_only(),
];

/// `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User`.
pub static ENTERPRISE_USER: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "Enterprise User",
    attributes: &[
        Attribute::string("employeeNumber", "Identifier assigned by the organization."),
        Attribute::string("costCenter", "Name of a cost center."),
        Attribute::string("organization", "Name of an organization."),
        Attribute::string("division", "Name of a division."),
        Attribute::string("department", "Name of a department."),
        Attribute::complex("manager", MANAGER, "The user's manager."),
    ],
};
