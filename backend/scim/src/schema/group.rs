//! Group (RFC 7643 §4.2).

use super::model::{Attribute, Schema};

// `display` is client's text: RFC 7643 §2.4 defines it for every multi-valued attribute, and clients compare what they sent.
const MEMBER: &[Attribute] = &[
    Attribute::string("value", "The id of the member.")
        .case_exact()
        .immutable(),
    Attribute::reference("$ref", &["User", "Group"], "The URI of the member.").immutable(),
    Attribute::string("type", "The type of the member.")
        .immutable()
        .usually(&["User", "Group"]),
    Attribute::string("display", "A name for the member.").immutable(),
];

/// `urn:ietf:params:scim:schemas:core:2.0:Group`. `displayName` is required by erratum 5368, and unique because Microsoft's validator
/// demands 409 for a second group of one name.
pub static GROUP: Schema = Schema {
    urn: "urn:ietf:params:scim:schemas:core:2.0:Group",
    name: "Group",
    description: "Group",
    attributes: &[
        Attribute::string("displayName", "A name for the group.")
            .required()
            .unique(),
        Attribute::complex("members", MEMBER, "The members of the group.").many(),
    ],
};
