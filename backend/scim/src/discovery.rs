//! What the server can do and what it keeps (RFC 7644 §4; RFC 7643 §5, §6, §7), for any base URL.
//!
//! `base` is the URL of the endpoints without trailing slash; empty makes relative locations. No document holds a null: Entra refuses
//! them (I3).

use serde_json::{Value, json};

use crate::{
    Error, ResourceType,
    list::{Paging, list_response},
    schema,
};

const RESOURCE_TYPE_URN: &str = "urn:ietf:params:scim:schemas:core:2.0:ResourceType";

/// What a service provider supports beyond the basics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Capabilities {
    /// `/Bulk`.
    pub bulk: bool,
    /// Operations in one bulk request. Publish 1 or more also without bulk: authentik cuts its PATCH requests by it (I23).
    pub bulk_max_operations: u64,
    /// The size of a bulk request in bytes.
    pub bulk_max_payload: u64,
    /// The largest page.
    pub max_results: u64,
    /// The page without a `count`.
    pub default_page_size: u64,
    /// Sorting.
    pub sort: bool,
    /// Versions as ETags.
    pub etag: bool,
    /// Paging by cursor (RFC 9865).
    pub cursor: bool,
    /// For how many seconds a cursor is good; `None` where it does not expire (RFC 9865 §4).
    pub cursor_timeout: Option<u64>,
    /// Where the documentation is.
    pub documentation_uri: Option<String>,
}

/// The document at `/ServiceProviderConfig` (RFC 7643 §5, RFC 9865 §4).
pub fn service_provider_config(base: &str, capabilities: &Capabilities) -> Value {
    let mut document = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
        "patch": { "supported": true },
        "bulk": {
            "supported": capabilities.bulk,
            "maxOperations": capabilities.bulk_max_operations,
            "maxPayloadSize": capabilities.bulk_max_payload,
        },
        "filter": { "supported": true, "maxResults": capabilities.max_results },
        "changePassword": { "supported": false },
        "sort": { "supported": capabilities.sort },
        "etag": { "supported": capabilities.etag },
        "pagination": {
            "cursor": capabilities.cursor,
            "index": true,
            "defaultPaginationMethod": "index",
            "defaultPageSize": capabilities.default_page_size,
            "maxPageSize": capabilities.max_results,
        },
        "authenticationSchemes": [{
            "type": "oauthbearertoken",
            "name": "Bearer token",
            "description": "A token in the Authorization header.",
            "specUri": "https://www.rfc-editor.org/info/rfc6750",
            "primary": true,
        }],
        "meta": { "resourceType": "ServiceProviderConfig", "location": format!("{base}/ServiceProviderConfig") },
    });
    if let Some(seconds) = capabilities.cursor_timeout
        && let Some(pagination) = document.get_mut("pagination").and_then(Value::as_object_mut)
    {
        pagination.insert("cursorTimeout".to_owned(), json!(seconds));
    }
    if let (Some(uri), Some(object)) = (&capabilities.documentation_uri, document.as_object_mut()) {
        object.insert("documentationUri".to_owned(), json!(uri));
    }
    document
}

/// The list at `/ResourceTypes`.
pub fn resource_types(base: &str) -> Value {
    all(ResourceType::ALL
        .into_iter()
        .map(|resource_type| resource_type_document(base, resource_type))
        .collect())
}

/// The document at `/ResourceTypes/{name}`.
///
/// # Errors
/// 404 for an unknown name.
pub fn resource_type(base: &str, name: &str) -> Result<Value, Error> {
    let found = ResourceType::ALL
        .into_iter()
        .find(|resource_type| resource_type.name().eq_ignore_ascii_case(name));
    let found = found.ok_or_else(|| Error::not_found("ResourceType", name))?;
    Ok(resource_type_document(base, found))
}

fn resource_type_document(base: &str, resource_type: ResourceType) -> Value {
    let name = resource_type.name();
    let extension = |schema: &&schema::Schema| json!({ "schema": schema.urn, "required": false });
    json!({
        "schemas": [RESOURCE_TYPE_URN],
        "id": name,
        "name": name,
        "description": resource_type.description(),
        "endpoint": format!("/{}", resource_type.endpoint()),
        "schema": resource_type.schema_urn(),
        "schemaExtensions": resource_type.extensions().iter().map(extension).collect::<Value>(),
        "meta": { "resourceType": "ResourceType", "location": format!("{base}/ResourceTypes/{name}") },
    })
}

/// The list at `/Schemas`.
pub fn schemas(base: &str) -> Value {
    all(schema::PUBLISHED
        .into_iter()
        .map(|schema| schema_document(base, schema))
        .collect())
}

/// The document at `/Schemas/{urn}`.
///
/// # Errors
/// 404 for an unknown URN.
pub fn schema(base: &str, urn: &str) -> Result<Value, Error> {
    let found = schema::by_urn(urn).ok_or_else(|| Error::not_found("Schema", urn))?;
    Ok(schema_document(base, found))
}

fn schema_document(base: &str, schema: &schema::Schema) -> Value {
    let mut document = schema.document();
    if let Some(meta) = document.get_mut("meta").and_then(Value::as_object_mut) {
        meta.insert("location".to_owned(), json!(format!("{base}/Schemas/{}", schema.urn)));
    }
    Value::Object(document)
}

fn all(documents: Vec<Value>) -> Value {
    list_response(documents.len() as u64, Paging::Index(1), documents)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn capabilities() -> Capabilities {
        Capabilities {
            bulk: true,
            bulk_max_operations: 1000,
            bulk_max_payload: 1 << 20,
            max_results: 1000,
            default_page_size: 100,
            sort: true,
            etag: true,
            cursor: true,
            cursor_timeout: Some(3600),
            documentation_uri: None,
        }
    }

    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(values) => values.iter().any(has_null),
            Value::Object(object) => object.values().any(has_null),
            _ => false,
        }
    }

    #[test]
    fn entra_finds_no_null_in_any_document() {
        for document in [
            service_provider_config("", &capabilities()),
            resource_types(""),
            schemas(""),
        ] {
            assert!(!has_null(&document), "{document}");
        }
    }

    #[test]
    fn single_documents_are_those_of_the_lists_and_others_are_404() {
        let base = "https://g.test/scim/v2";
        let list = schemas(base);
        assert_eq!(list["totalResults"], json!(3));
        for document in list["Resources"].as_array().unwrap() {
            assert_eq!(&schema(base, document["id"].as_str().unwrap()).unwrap(), document);
            assert_eq!(
                document["meta"]["location"],
                json!(format!("{base}/Schemas/{}", document["id"].as_str().unwrap()))
            );
            assert!(document["schemas"].is_array());
        }
        assert_eq!(
            resource_type(base, "user").unwrap(),
            resource_types(base)["Resources"][0]
        );
        assert_eq!(schema(base, "urn:x").unwrap_err().status, 404);
        assert_eq!(resource_type(base, "Device").unwrap_err().status, 404);
    }

    #[test]
    fn a_group_must_have_a_display_name_as_erratum_5368_says() {
        let group = schema("", schema::GROUP.urn).unwrap();
        assert_eq!(
            (&group["attributes"][0]["name"], &group["attributes"][0]["required"]),
            (&json!("displayName"), &json!(true))
        );
    }
}
