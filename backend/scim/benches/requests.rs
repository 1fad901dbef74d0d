//! What a request costs in this crate: filters, PATCH, JSON in and out.
//!
//! Wall time: `cargo bench -p scim`. Instructions: `docs/performance.md` says how; every `work_*`
//! function is one measurement, so that callgrind can count it alone. Each benchmark calls one.

use divan::black_box;
use scim::{
    Document, Filter, Member, Patch, ResourceType, filter, json,
    render::{GroupRef, Meta, render},
    resource,
};
use serde_json::{Value, json};

fn main() {
    divan::main();
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
const ENTRA_MATCH: &str = r#"userName eq "ada.king@example.com""#;
const RFC_LONG: &str = r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org") and not (active eq false)"#;

fn user_body() -> Value {
    json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE],
        "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef", "userName": "ada.king@example.com", "active": true,
        "displayName": "Ada King", "title": "Analyst", "preferredLanguage": "en-GB", "userType": "Employee",
        "name": { "formatted": "Ada King", "familyName": "King", "givenName": "Ada" },
        "emails": [{ "primary": true, "type": "work", "value": "ada.king@example.com" }, { "type": "home", "value": "ada@home.test" }],
        "phoneNumbers": [{ "type": "work", "value": "+44 20 0000 0000" }, { "type": "mobile", "value": "+44 70 0000 0000" }],
        "addresses": [{ "type": "work", "streetAddress": "1 Square", "locality": "London", "country": "UK" }],
        ENTERPRISE: { "employeeNumber": "701984", "department": "Engines", "manager": { "value": "26118915-6090-4610-87e4-49d8ca9f808d" } },
    })
}

fn group_body(members: usize) -> Value {
    let members: Vec<Value> = (0..members)
        .map(|n| json!({ "value": format!("26118915-6090-4610-87e4-{n:012}"), "display": format!("user{n}@example.com") }))
        .collect();
    json!({ "displayName": "Engines", "members": members })
}

fn user() -> Document {
    resource::create(
        ResourceType::User,
        resource::parse(ResourceType::User, &user_body()).expect("a user"),
    )
    .expect("a user")
}

fn group() -> Document {
    resource::create(
        ResourceType::Group,
        resource::parse(ResourceType::Group, &group_body(0)).expect("a group"),
    )
    .expect("a group")
}

fn meta(resource_type: ResourceType) -> Meta {
    Meta {
        id: "26118915-6090-4610-87e4-49d8ca9f808d".to_owned(),
        created_ms: 1_700_000_000_000,
        modified_ms: 1_700_000_000_001,
        version: 7,
        location: format!(
            "https://grafana.example/api/plugins/rollcall-scim-app/resources/scim/v2/{}/26118915-6090-4610-87e4-49d8ca9f808d",
            resource_type.endpoint()
        ),
    }
}

fn groups() -> Vec<GroupRef> {
    (0..5)
        .map(|n| GroupRef {
            id: format!("group-{n}"),
            display: format!("Team {n}"),
        })
        .collect()
}

fn rendered() -> Value {
    render(
        ResourceType::User,
        &user(),
        &meta(ResourceType::User),
        Some(&groups()),
        None,
    )
}

fn members(count: usize) -> Vec<Member> {
    Member::parse_list(&group_body(count)["members"]).expect("members")
}

fn patch_body(operations: Value) -> Vec<u8> {
    json!({ "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations })
        .to_string()
        .into_bytes()
}

/// Entra without the flag: one operation an attribute.
fn entra_patch() -> Vec<u8> {
    patch_body(json!([
        { "op": "Replace", "path": "displayName", "value": "Ada L" },
        { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "ada.l@example.com" },
        { "op": "Replace", "path": format!("{ENTERPRISE}:department"), "value": "Notes" },
        { "op": "Replace", "path": "active", "value": "False" },
    ]))
}

/// authentik: one operation a member.
fn authentik_patch() -> Vec<u8> {
    let operation = |n| json!({ "op": "add", "path": "members", "value": [{ "value": format!("26118915-6090-4610-87e4-{n:012}") }] });
    patch_body((0..10_000).map(operation).collect())
}

fn thousand_terms() -> String {
    vec!["id pr"; 900].join(" or ")
}

#[inline(never)]
fn work_parse_match(text: &str) -> Filter {
    filter::parse(text).expect("a filter")
}

#[inline(never)]
fn work_parse_long(text: &str) -> Filter {
    filter::parse(text).expect("a filter")
}

#[inline(never)]
fn work_parse_terms(text: &str) -> Filter {
    filter::parse(text).expect("a filter")
}

#[inline(never)]
fn work_evaluate(filter: &Filter, resource: &Value) -> bool {
    filter::matches(filter, ResourceType::User, resource)
}

#[inline(never)]
fn work_patch_user(body: &[u8], document: &Document) -> Document {
    let patch = Patch::parse(&json::parse(body).expect("JSON")).expect("a patch");
    patch.apply(ResourceType::User, document).expect("applied").document
}

#[inline(never)]
fn work_patch_members(body: &[u8], document: &Document) -> usize {
    let patch = Patch::parse(&json::parse(body).expect("JSON")).expect("a patch");
    patch
        .apply(ResourceType::Group, document)
        .expect("applied")
        .members
        .len()
}

#[inline(never)]
fn work_user_in(body: &[u8]) -> Document {
    let incoming = resource::parse(ResourceType::User, &json::parse(body).expect("JSON")).expect("a user");
    resource::create(ResourceType::User, incoming).expect("a user")
}

#[inline(never)]
fn work_group_in(body: &[u8]) -> usize {
    let incoming = resource::parse(ResourceType::Group, &json::parse(body).expect("JSON")).expect("a group");
    incoming.members.map_or(0, |members| members.len())
}

#[inline(never)]
fn work_user_out(document: &Document, meta: &Meta, groups: &[GroupRef]) -> String {
    render(ResourceType::User, document, meta, Some(groups), None).to_string()
}

#[inline(never)]
fn work_group_out(document: &Document, meta: &Meta, members: &[Member]) -> String {
    render(ResourceType::Group, document, meta, None, Some(members)).to_string()
}

#[divan::bench]
fn filter_parse_entra_probe(bencher: divan::Bencher<'_, '_>) {
    bencher.bench(|| work_parse_match(black_box(ENTRA_MATCH)));
}

#[divan::bench]
fn filter_parse_four_terms(bencher: divan::Bencher<'_, '_>) {
    bencher.bench(|| work_parse_long(black_box(RFC_LONG)));
}

#[divan::bench]
fn filter_parse_900_terms(bencher: divan::Bencher<'_, '_>) {
    let text = thousand_terms();
    bencher.bench(|| work_parse_terms(black_box(&text)));
}

#[divan::bench]
fn filter_match_four_terms(bencher: divan::Bencher<'_, '_>) {
    let (filter, resource) = (filter::parse(RFC_LONG).expect("a filter"), rendered());
    bencher.bench(|| work_evaluate(black_box(&filter), black_box(&resource)));
}

#[divan::bench]
fn patch_user_four_operations(bencher: divan::Bencher<'_, '_>) {
    let (body, document) = (entra_patch(), user());
    bencher.bench(|| work_patch_user(black_box(&body), black_box(&document)));
}

#[divan::bench]
fn patch_group_10_000_operations(bencher: divan::Bencher<'_, '_>) {
    let (body, document) = (authentik_patch(), group());
    bencher.bench(|| work_patch_members(black_box(&body), black_box(&document)));
}

#[divan::bench]
fn json_in_user(bencher: divan::Bencher<'_, '_>) {
    let body = user_body().to_string().into_bytes();
    bencher.bench(|| work_user_in(black_box(&body)));
}

#[divan::bench]
fn json_in_group_of_10_000(bencher: divan::Bencher<'_, '_>) {
    let body = group_body(10_000).to_string().into_bytes();
    bencher.bench(|| work_group_in(black_box(&body)));
}

#[divan::bench]
fn json_out_user(bencher: divan::Bencher<'_, '_>) {
    let (document, meta, groups) = (user(), meta(ResourceType::User), groups());
    bencher.bench(|| work_user_out(black_box(&document), black_box(&meta), black_box(&groups)));
}

#[divan::bench]
fn json_out_group_of_10_000(bencher: divan::Bencher<'_, '_>) {
    let (document, meta, members) = (group(), meta(ResourceType::Group), members(10_000));
    bencher.bench(|| work_group_out(black_box(&document), black_box(&meta), black_box(&members)));
}
