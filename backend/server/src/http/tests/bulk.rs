//! `POST /Bulk` (RFC 7644 §3.7).

use super::*;

const URN: &str = ::scim::bulk::REQUEST_URN;

impl Server {
    async fn bulk(&self, operations: Value) -> Answer {
        self.scim(
            Method::POST,
            "/Bulk",
            json!({ "schemas": [URN], "Operations": operations }),
        )
        .await
    }
}

fn statuses(answer: &Answer) -> Vec<&str> {
    let results = answer.body["Operations"].as_array().unwrap();
    results
        .iter()
        .map(|result| result["status"].as_str().unwrap())
        .collect()
}

fn new_user(name: &str) -> Value {
    json!({ "method": "POST", "path": "/Users", "bulkId": name, "data": { "userName": name } })
}

#[tokio::test]
async fn rfc_7644_3_7_2_makes_a_group_of_a_user_that_comes_later() {
    let server = server(&[]).await;
    let done = server
        .bulk(json!([
            { "method": "POST", "path": "/Groups", "bulkId": "ytrewq",
              "data": { "displayName": "Tour Guides", "members": [{ "type": "User", "value": "bulkId:qwerty" }] } },
            { "method": "POST", "path": "/Users", "bulkId": "qwerty", "data": { "userName": "Alice" } },
            { "method": "PATCH", "path": "/Users/bulkId:qwerty", "data": { "Operations": [{ "op": "replace", "path": "active", "value": "False" }] } },
        ]))
        .await;
    assert_eq!(done.status, StatusCode::OK);
    assert_eq!(done.body["schemas"], json!([::scim::bulk::RESPONSE_URN]));
    assert_eq!(statuses(&done), ["201", "201", "200"], "{}", done.body);
    let group = &done.body["Operations"][0];
    assert_eq!(
        (&group["bulkId"], &group["version"]),
        (&json!("ytrewq"), &json!("W/\"1\""))
    );
    let path = group["location"]
        .as_str()
        .unwrap()
        .split("/scim/v2")
        .nth(1)
        .unwrap()
        .to_owned();
    let read = server.scim(Method::GET, &path, Value::Null).await;
    assert_eq!(read.body["meta"]["location"], group["location"]);
    let member = read.body["members"][0]["value"].as_str().unwrap().to_owned();
    let user = server.scim(Method::GET, &format!("/Users/{member}"), Value::Null).await;
    assert_eq!(
        (&user.body["userName"], &user.body["active"]),
        (&json!("Alice"), &json!(false))
    );
    assert_eq!(user.body["meta"]["location"], done.body["Operations"][1]["location"]);
    assert!(server.quiet.wakes.load(Ordering::Relaxed) >= 3);
}

#[tokio::test]
async fn rfc_7644_3_7_1_makes_two_users_who_manage_each_other() {
    let server = server(&[]).await;
    let employee = |name: &str, manager: &str| {
        json!({ "method": "POST", "path": "/Users", "bulkId": name,
            "data": { "userName": name, "manager": { "value": format!("bulkId:{manager}") } } })
    };
    let done = server
        .bulk(json!([employee("a", "b"), employee("b", "a"), employee("c", "c")]))
        .await;
    assert_eq!(statuses(&done), ["201", "201", "201"], "{}", done.body);
    let all = server.scim(Method::GET, "/Users", Value::Null).await;
    let manager = |name: &str| -> Value {
        let users = all.body["Resources"].as_array().unwrap();
        let id_of = |name: &str| {
            users
                .iter()
                .find(|user| user["userName"] == json!(name))
                .unwrap()
                .clone()
        };
        id_of(name)["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"]["manager"]["value"].clone()
    };
    let id = |name: &str| -> Value {
        let users = all.body["Resources"].as_array().unwrap();
        users.iter().find(|user| user["userName"] == json!(name)).unwrap()["id"].clone()
    };
    assert_eq!((manager("a"), manager("b"), manager("c")), (id("b"), id("a"), id("c")));
}

#[tokio::test]
async fn each_operation_fails_alone_and_the_failed_are_in_the_log() {
    let server = server(&[]).await;
    let ada = server.user("ada").await;
    let done = server
        .bulk(json!([
            new_user("ADA"),
            new_user("bob"),
            { "method": "POST", "path": "/Groups", "bulkId": "g", "data": { "displayName": "G", "members": [{ "value": "bulkId:ADA" }] } },
            { "method": "PUT", "path": format!("/Users/{ada}"), "version": "W/\"9\"", "data": { "userName": "ada" } },
            { "method": "PUT", "path": format!("/Users/{ada}"), "version": "W/\"1\"", "data": { "userName": "ada", "title": "Dr" } },
            { "method": "DELETE", "path": "/Users/nobody" },
            { "method": "DELETE", "path": "/Devices/1" },
            { "method": "DELETE", "path": "/Users" },
            { "method": "POST", "path": format!("/Users/{ada}"), "bulkId": "x", "data": {} },
            { "method": "PATCH", "path": format!("/Users/{ada}"), "data": { "Operations": [{ "op": "replace", "path": "id", "value": "x" }] } },
            { "method": "DELETE", "path": format!("/Users/{ada}") },
        ]))
        .await;
    assert_eq!(
        statuses(&done),
        [
            "409", "201", "409", "412", "200", "404", "404", "405", "405", "400", "204"
        ],
        "{}",
        done.body
    );
    let results = &done.body["Operations"];
    assert_eq!(results[0]["response"]["scimType"], json!("uniqueness"));
    assert!(
        results[0].get("location").is_none(),
        "a POST that failed has no location"
    );
    assert_eq!(results[9]["response"]["scimType"], json!("mutability"));
    assert!(results[3]["location"].is_string() && results[3].get("version").is_none());
    let log = server
        .admin(Method::GET, "/activity?outcome=refused", Value::Null)
        .await;
    assert_eq!(log.body["entries"].as_array().unwrap().len(), 8, "{}", log.body);
    let left = server.scim(Method::GET, "/Users", Value::Null).await;
    assert_eq!(left.body["totalResults"], json!(1));
}

#[tokio::test]
async fn it_stops_after_as_many_errors_as_the_client_allows() {
    let server = server(&[]).await;
    let operations = json!([new_user("a"), { "method": "DELETE", "path": "/Users/x" }, { "method": "DELETE", "path": "/Users/y" }, new_user("b")]);
    let stop = |errors: u64| {
        let body = json!({ "schemas": [URN], "failOnErrors": errors, "Operations": operations });
        server.scim(Method::POST, "/Bulk", body)
    };
    assert_eq!(statuses(&stop(1).await), ["201", "404"]);
    assert_eq!(statuses(&stop(2).await), ["409", "404"], "the duplicate counts too");
    assert_eq!(statuses(&stop(4).await), ["409", "404", "404", "201"]);
}

#[tokio::test]
async fn a_thousand_operations_are_taken_and_one_more_is_413_by_name() {
    let server = server(&[]).await;
    let mut operations: Vec<Value> = (0..1_000).map(|n| new_user(&format!("user{n}"))).collect();
    let done = server.bulk(json!(operations)).await;
    assert!(statuses(&done).iter().all(|status| *status == "201"));
    operations.push(new_user("more"));
    let refused = server.bulk(json!(operations)).await;
    assert_eq!(refused.status, StatusCode::PAYLOAD_TOO_LARGE);
    let detail = refused.body["detail"].as_str().unwrap();
    assert!(detail.contains("maxOperations") && detail.contains("1000"), "{detail}");

    // The largest page, while there are as many users.
    server.user("more").await;
    let page = server.scim(Method::GET, "/Users?count=1000", Value::Null).await;
    assert_eq!(
        (&page.body["itemsPerPage"], &page.body["totalResults"]),
        (&json!(1000), &json!(1001))
    );
    let over = server.scim(Method::GET, "/Users?count=1001", Value::Null).await;
    assert_eq!(over.body["itemsPerPage"], json!(1000), "never more than maxPageSize");
    let default = server.scim(Method::GET, "/Users", Value::Null).await;
    assert_eq!(
        default.body["itemsPerPage"],
        json!(100),
        "rauthy stops reading at a shorter page"
    );
}

#[tokio::test]
async fn what_is_no_bulk_request_is_refused_as_a_whole() {
    let server = server(&[]).await;
    for body in [
        json!({}),
        json!([]),
        json!({ "Operations": [{ "method": "GET", "path": "/Users" }] }),
        json!({ "schemas": ["urn:x"], "Operations": [] }),
    ] {
        let refused = server.scim(Method::POST, "/Bulk", body.clone()).await;
        assert_eq!(
            (refused.status, &refused.body["scimType"]),
            (StatusCode::BAD_REQUEST, &json!("invalidSyntax")),
            "{body}"
        );
    }
    let empty = server.bulk(json!([])).await;
    assert_eq!((empty.status, &empty.body["Operations"]), (StatusCode::OK, &json!([])));
}
