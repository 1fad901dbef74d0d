//! Bulk messages: order, references, limits.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{BulkRequest, BulkResult, Method, response};
use crate::{Error, ScimType};

fn read(operations: Value) -> BulkRequest {
    BulkRequest::parse(
        &json!({ "schemas": [super::REQUEST_URN], "failOnErrors": 1, "Operations": operations }),
        10,
    )
    .unwrap()
}

fn group(id: &str, members: &[&str]) -> Value {
    let members: Value = members
        .iter()
        .map(|member| json!({ "type": "User", "value": member }))
        .collect();
    json!({ "method": "POST", "path": "/Groups", "bulkId": id, "data": { "displayName": "bulkId:text", "members": members } })
}

fn user(id: &str) -> Value {
    json!({ "method": "post", "path": "/Users", "bulkId": id, "data": { "userName": id } })
}

#[test]
fn forward_references_run_after_what_they_refer_to() {
    let request = read(
        json!([group("g", &["bulkId:u", "bulkId:v"]), user("x"), user("v"), user("u"),
        { "method": "PATCH", "path": "/Groups/bulkId:g", "data": { "Operations": [{ "op": "add", "path": "members", "value": "bulkId:x" }] } }]),
    );
    assert_eq!(request.order(), [2, 3, 0, 1, 4]);

    let ids = BTreeMap::from(
        [("u", "1"), ("v", "2"), ("x", "3"), ("g", "9")].map(|(id, real)| (id.to_owned(), real.to_owned())),
    );
    let resolved = request.operations[0].with_ids(&ids).unwrap();
    assert_eq!(resolved.data["members"][0]["value"], json!("1"));
    assert_eq!(
        resolved.data["displayName"],
        json!("bulkId:text"),
        "a name is not a reference"
    );
    let patch = request.operations[4].with_ids(&ids).unwrap();
    assert_eq!(
        (patch.path.as_str(), &patch.data["Operations"][0]["value"]),
        ("/Groups/9", &json!("3"))
    );
    assert_eq!(
        request.operations[0].with_ids(&BTreeMap::new()).unwrap_err().status,
        409
    );
}

#[test]
fn circular_references_are_tried_and_a_circle_waits() {
    let employee = |id: &str, manager: &str| json!({ "method": "POST", "path": "/Users", "bulkId": id, "data": { "userName": id, "manager": { "value": format!("bulkId:{manager}") } } });
    let request = read(json!([
        group("team", &["bulkId:a"]),
        employee("a", "b"),
        employee("b", "a"),
        employee("self", "self"),
        group("lost", &["bulkId:nobody"]),
    ]));
    assert_eq!(request.order(), [2, 1, 0, 3, 4]);
    let planned =
        BTreeMap::from([("a", "1"), ("b", "2"), ("self", "3")].map(|(id, real)| (id.to_owned(), real.to_owned())));
    let resolved = request.operations[2].with_ids(&planned).unwrap();
    assert_eq!(resolved.data["manager"]["value"], json!("1"));
    assert_eq!(request.operations[4].with_ids(&planned).unwrap_err().status, 409);
}

#[test]
fn a_chain_of_references_as_long_as_a_request_may_be_is_ordered() {
    let chain: Vec<Value> = (0..10)
        .map(|n| group(&n.to_string(), &[&format!("bulkId:{}", n + 1)]))
        .collect();
    assert_eq!(read(json!(chain)).order(), [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
    let long: Vec<Value> = (0..20_000)
        .map(|n| group(&n.to_string(), &[&format!("bulkId:{}", n + 1)]))
        .collect();
    let request = BulkRequest::parse(&json!({ "Operations": long }), 20_000).unwrap();
    assert_eq!(request.order().len(), 20_000);
}

#[test]
fn too_many_operations_are_413() {
    let many = json!({ "Operations": vec![json!({ "method": "DELETE", "path": "/Users/1" }); 11] });
    let error = BulkRequest::parse(&many, 10).unwrap_err();
    assert!(error.status == 413 && error.detail.contains("10"));
    assert!(BulkRequest::parse(&many, 11).is_ok());
    for operations in [
        json!([{ "method": "GET", "path": "/Users" }]),
        json!([{ "method": "POST", "path": "/Users" }]),
        json!([{ "method": "PUT" }]),
        json!([1]),
        json!(1),
    ] {
        let error = BulkRequest::parse(&json!({ "Operations": operations }), 10).unwrap_err();
        assert_eq!(error.scim_type, Some(ScimType::InvalidSyntax), "{operations}");
    }
    let twice = json!({ "Operations": [user("u"), user("u")] });
    assert_eq!(
        BulkRequest::parse(&twice, 10).unwrap_err().scim_type,
        Some(ScimType::InvalidValue)
    );
    assert!(BulkRequest::parse(&json!({ "failOnErrors": 0, "Operations": [] }), 10).is_err());
}

#[test]
fn it_stops_after_as_many_errors_as_the_client_allows() {
    assert!(read(json!([])).stops_after(1) && !read(json!([])).stops_after(0));
    let no_limit = BulkRequest::parse(&json!({ "Operations": [] }), 10).unwrap();
    assert!(!no_limit.stops_after(1_000));
}

#[test]
fn the_answer_has_statuses_as_strings_and_error_bodies() {
    let result = |outcome| BulkResult {
        method: Method::Post,
        bulk_id: Some("u".into()),
        location: None,
        version: None,
        outcome,
    };
    let answer = response(&[result(Ok(201)), result(Err(Error::uniqueness("userName")))]);
    assert_eq!(
        answer["Operations"][0],
        json!({ "method": "POST", "bulkId": "u", "status": "201" })
    );
    assert_eq!(answer["Operations"][1]["status"], json!("409"));
    assert_eq!(answer["Operations"][1]["response"]["scimType"], json!("uniqueness"));
}
