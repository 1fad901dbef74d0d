//! Queries, list answers and sort orders.

use serde_json::{Value, json};

use super::{ListQuery, Paging, SortBy, SortOrder, list_response, sort};
use crate::{AttrPath, Projection, ResourceType, ScimType};

fn read(query: &str) -> ListQuery {
    ListQuery::from_query(query).unwrap_or_else(|error| panic!("{query}: {error}"))
}

#[test]
fn spaces_as_plus_and_entras_flag_are_understood() {
    let query =
        read("aadOptscim062020&filter=userName+eq+%22a%2Bb%22&excludedAttributes=members&startIndex=1&count=100");
    assert_eq!(query.filter.unwrap().to_string(), r#"userName eq "a+b""#);
    assert_eq!((query.start_index, query.count), (1, Some(100)));
    assert!(!query.projection.wants_members());
}

#[test]
fn numbers_out_of_range_are_moved_into_it() {
    for (query, start_index, count) in [
        ("", 1, None),
        ("startIndex=0", 1, None),
        ("startIndex=-5&count=-1", 1, Some(0)),
        ("count=0", 1, Some(0)),
        ("startIndex=10000000", 10_000_000, None),
        ("count=99999999999999999999999", 1, Some(i64::MAX as u64)),
        ("count=", 1, None),
    ] {
        assert_eq!(
            (read(query).start_index, read(query).count),
            (start_index, count),
            "{query}"
        );
    }
}

#[test]
fn parameters_that_cannot_be_read_are_refused() {
    for query in [
        "startIndex=x",
        "count=1.5",
        "sortOrder=up",
        "sortBy=a b",
        "attributes=id&excludedAttributes=name",
    ] {
        assert_eq!(
            ListQuery::from_query(query).unwrap_err().scim_type,
            Some(ScimType::InvalidValue),
            "{query}"
        );
    }
    assert_eq!(
        ListQuery::from_query("filter=x").unwrap_err().scim_type,
        Some(ScimType::InvalidFilter)
    );
    for query in ["%", "%f", "%zz=1", "filter=%ff", "===&&&", "?", "é=é"] {
        drop(ListQuery::from_query(query));
    }
}

#[test]
fn a_search_request_says_the_same_as_a_query() {
    let body = json!({
        "schemas": [super::SEARCH_REQUEST_URN], "filter": "active eq true", "startIndex": 2, "count": "10", "sortBy": "name.familyName",
        "sortOrder": "Descending", "attributes": ["userName", "emails.value"], "cursor": "",
    });
    let query = read(
        "filter=active+eq+true&startIndex=2&count=10&sortBy=name.familyName&sortOrder=descending&attributes=userName,emails.value&cursor=",
    );
    assert_eq!(ListQuery::from_search_request(&body).unwrap(), query);
    assert_eq!(query.cursor.as_deref(), Some(""));
    assert_eq!(
        ListQuery::from_search_request(&json!({})).unwrap(),
        ListQuery::default()
    );
    for body in [
        json!([]),
        json!({ "schemas": ["urn:x"] }),
        json!({ "count": 1.5 }),
        json!({ "attributes": [1] }),
        json!({ "filter": 1 }),
    ] {
        assert!(ListQuery::from_search_request(&body).is_err(), "{body}");
    }
    assert_eq!(read("").projection, Projection::Default);
}

#[test]
fn an_empty_list_has_everything_rauthy_and_okta_look_for() {
    assert_eq!(
        list_response(0, Paging::Index(1), vec![]),
        json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": [] })
    );
}

#[test]
fn a_page_by_cursor_has_the_next_one_and_no_index() {
    let by = |previous: Option<&str>, next: Option<&str>| Paging::Cursor {
        previous: previous.map(str::to_owned),
        next: next.map(str::to_owned),
    };
    let page = list_response(7, by(None, Some("n")), vec![json!({})]);
    assert_eq!((&page["itemsPerPage"], &page["nextCursor"]), (&json!(1), &json!("n")));
    assert!(page.get("startIndex").is_none() && page.get("previousCursor").is_none());
    let last = list_response(7, by(Some("p"), None), vec![]);
    assert_eq!((&last["previousCursor"], last.get("nextCursor")), (&json!("p"), None));
}

#[test]
fn lists_sort_by_primary_value_without_case() {
    let user = |id: &str, emails: Value| json!({ "id": id, "emails": emails });
    let mut users = vec![
        user("none", json!([])),
        user("c", json!([{ "value": "a" }, { "value": "C", "primary": true }])),
        user("b", json!([{ "value": "b" }, { "value": "z" }])),
        user("A", json!([{ "value": "A" }])),
    ];
    let ids = |users: &[Value]| {
        users
            .iter()
            .map(|user| user["id"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    let mut by = SortBy {
        path: AttrPath::new("emails", None),
        order: SortOrder::Ascending,
    };
    sort::sort(&by, ResourceType::User, &mut users);
    assert_eq!(ids(&users), ["A", "b", "c", "none"]);
    by.order = SortOrder::Descending;
    sort::sort(&by, ResourceType::User, &mut users);
    assert_eq!(ids(&users), ["none", "c", "b", "A"]);
    by.path = AttrPath::new("nosuch", None);
    sort::sort(&by, ResourceType::User, &mut users);
    assert_eq!(
        ids(&users),
        ["none", "c", "b", "A"],
        "what has no order keeps its order"
    );
}
