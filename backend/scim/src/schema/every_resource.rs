//! The attributes every resource has (RFC 7643 §3.1). Not part of any published schema.

use super::model::{Attribute, Kind, Returned, Schema};

const META: &[Attribute] = &[
    Attribute::string("resourceType", "The name of the resource type.")
        .case_exact()
        .read_only(),
    Attribute::new(Kind::DateTime, "created", "When the resource was added.")
        .case_exact()
        .read_only(),
    Attribute::new(Kind::DateTime, "lastModified", "When the resource last changed.")
        .case_exact()
        .read_only(),
    Attribute::reference("location", &["uri"], "The URI of the resource.").read_only(),
    Attribute::string("version", "The version of the resource.")
        .case_exact()
        .read_only(),
];

/// `id`, `externalId`, `meta` and `schemas`. `schemas` is derived from what a resource holds, so nobody writes it.
pub static COMMON: Schema = Schema {
    urn: "",
    name: "Common",
    description: "Common attributes",
    attributes: &[
        Attribute::string("id", "The service provider's identifier.")
            .case_exact()
            .read_only()
            .returned(Returned::Always),
        Attribute::string("externalId", "The provisioning client's identifier.").case_exact(),
        Attribute::complex("meta", META, "Metadata.").read_only(),
        Attribute::new(Kind::String, "schemas", "The schemas in use.")
            .many()
            .read_only()
            .returned(Returned::Always),
    ],
};
