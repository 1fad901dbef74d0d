//! Filters as RFC 7644 has them, as identity providers send them, and as nobody should.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CompareOp, Filter, Literal, matches, matches_member, parse};
use crate::{AttrPath, Member, ResourceType, ScimType, limits, schema};

fn user() -> Value {
    json!({
        "schemas": [schema::USER.urn, schema::ENTERPRISE_USER.urn],
        "id": "Ab1",
        "externalId": "Ext-1",
        "userName": "BJensen@example.com",
        "name": { "familyName": "O'Malley", "givenName": "" },
        "title": "100%",
        "active": true,
        "emails": [
            { "value": "b@work.test", "type": "work", "primary": true },
            { "value": "b@home.test", "type": "home" },
        ],
        "x509Certificates": [{ "value": "AAAA" }],
        "meta": { "resourceType": "User", "lastModified": "2015-10-10T21:38:21.861Z" },
        schema::ENTERPRISE_USER.urn: { "employeeNumber": "7", "manager": { "value": "m-1" } },
    })
}

fn yes(filter: &str) -> bool {
    matches(
        &parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}")),
        ResourceType::User,
        &user(),
    )
}

fn kind_of_refusal(filter: &str) -> ScimType {
    parse(filter).expect_err(filter).scim_type.unwrap()
}

#[test]
fn the_examples_of_rfc_7644_figure_2_parse() {
    for filter in [
        r#"userName eq "bjensen""#,
        r#"name.familyName co "O'Malley""#,
        r#"userName sw "J""#,
        r#"urn:ietf:params:scim:schemas:core:2.0:User:userName sw "J""#,
        "title pr",
        r#"meta.lastModified gt "2011-05-13T04:42:34Z""#,
        r#"title pr and userType eq "Employee""#,
        r#"title pr or userType eq "Intern""#,
        r#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#,
        r#"userType eq "Employee" and (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType ne "Employee" and not (emails co "example.com" or emails.value co "example.org")"#,
        r#"userType eq "Employee" and (emails.type eq "work")"#,
        r#"userType eq "Employee" and emails[type eq "work" and value co "@example.com"]"#,
        r#"emails[type eq "work" and value co "@example.com"] or ims[type eq "xmpp" and value co "@foo.com"]"#,
    ] {
        parse(filter).unwrap_or_else(|error| panic!("{filter}: {error}"));
    }
}

#[test]
fn names_and_operators_are_read_in_any_case_and_printed_in_one() {
    assert_eq!(
        parse(r#"USERNAME EQ "x" AND Not(ACTIVE Eq True)"#).unwrap().to_string(),
        r#"userName eq "x" and not (active eq true)"#
    );
    let urn = schema::ENTERPRISE_USER.urn;
    assert_eq!(
        parse(&format!("{}:DEPARTMENT pr", urn.to_uppercase()))
            .unwrap()
            .to_string(),
        format!("{urn}:department pr")
    );
    assert_eq!(
        parse(r#"emails[TYPE eq "work"].VALUE eq "x""#).unwrap().to_string(),
        r#"emails[type eq "work"].value eq "x""#
    );
}

#[test]
fn and_binds_tighter_than_or() {
    let filter = parse("active pr or title pr and userName pr").unwrap();
    assert!(matches!(&filter, Filter::Or(parts) if matches!(parts[..], [Filter::Present { .. }, Filter::And(_)])));
    assert_eq!(
        parse("(active pr or title pr) and id pr").unwrap().to_string(),
        "(active pr or title pr) and id pr"
    );
    assert_eq!(
        parse("active pr and (title pr and id pr)").unwrap(),
        parse("active pr and title pr and id pr").unwrap()
    );
}

#[test]
fn letter_case_counts_where_the_schema_says_so() {
    assert!(yes(r#"userName eq "bjensen@EXAMPLE.com""#));
    assert!(yes(r#"emails.value eq "B@WORK.test""#));
    assert!(!yes(r#"externalId eq "ext-1""#) && yes(r#"externalId eq "Ext-1""#));
    assert!(!yes(r#"id eq "ab1""#));
}

#[test]
fn a_value_path_must_match_within_one_value() {
    assert!(yes(r#"emails[type eq "work" and value co "work.test"]"#));
    assert!(!yes(r#"emails[type eq "work" and value co "home.test"]"#));
    assert!(yes(r#"emails.type eq "work" and emails.value co "home.test""#));
    assert!(yes(r#"emails[not (type eq "work")]"#));
}

#[test]
fn a_complex_attribute_compares_by_its_value() {
    assert!(yes(r#"emails co "home""#) && yes(r#"emails eq "b@home.test""#) && yes(r#"manager eq "m-1""#));
    let group = json!({ "members": [{ "value": "u-1" }] });
    for filter in [
        r#"members eq "u-1""#,
        r#"members.value eq "u-1""#,
        r#"members[value eq "u-1"]"#,
    ] {
        assert!(
            matches(&parse(filter).unwrap(), ResourceType::Group, &group),
            "{filter}"
        );
    }
}

#[test]
fn a_missing_attribute_differs_from_everything() {
    assert!(!yes(r#"nickName eq "x""#) && yes(r#"nickName ne "x""#) && !yes("nickName pr"));
    assert!(yes("nickName eq null") && !yes("nickName ne null") && yes("title ne null"));
    assert!(!yes("name.givenName pr"), "empty is not present");
    assert!(
        !yes(r#"members eq "x""#) && !yes("no:such:thing pr"),
        "another type's attribute has no value"
    );
}

#[test]
fn entra_matches_users_by_the_value_after_a_bracket() {
    assert!(yes(r#"emails[type eq "work"].value eq "b@work.test""#));
    assert!(!yes(r#"emails[type eq "work"].value eq "b@home.test""#));
}

#[test]
fn the_rfcs_own_patch_example_has_no_space_before_its_string() {
    assert!(yes(r#"userName eq"bjensen@example.com""#));
}

#[test]
fn not_is_read_with_and_without_a_space() {
    assert!(yes("not(active eq false)") && yes("not (active eq false)") && yes("NOT  ( active eq false )"));
}

#[test]
fn microsofts_postman_collection_leaves_quotes_out() {
    assert!(yes("userName sw bj") && yes("externalId eq Ext-1") && yes("meta.resourceType eq User"));
    assert!(yes("meta.lastModified gt 2011-05-13T04:42:34Z"));
    for filter in [
        "userName eq and",
        "userName eq",
        "userName eq not",
        "userName eq )",
        r#"userName eq x"y""#,
    ] {
        assert_eq!(kind_of_refusal(filter), ScimType::InvalidFilter, "{filter}");
    }
}

#[test]
fn literals_follow_the_attributes_type() {
    assert!(yes(r#"active eq "True""#) && yes("active eq TRUE") && yes("active ne false"));
    assert!(yes("employeeNumber eq 7"), "an employee number is text");
    assert!(yes(r#"$ref eq "x" or members[$ref ew "x"] or id pr"#), "erratum 8924");
}

#[test]
fn ordering_booleans_and_binaries_is_refused_as_table_3_demands() {
    for filter in [
        "active gt true",
        "active le \"x\"",
        "x509Certificates.value ge \"AA\"",
        "nickName lt null",
        "active co \"t\"",
    ] {
        assert_eq!(kind_of_refusal(filter), ScimType::InvalidFilter, "{filter}");
    }
}

#[test]
fn dates_compare_as_instants_with_any_offset_and_seven_digits() {
    assert!(yes(r#"meta.lastModified gt "2015-10-10T14:38:21.8600000-07:00""#));
    assert!(!yes(r#"meta.lastModified gt "2015-10-10T23:00:00+00:00""#));
    assert!(yes(r#"meta.lastModified eq "2015-10-10T23:38:21.8610000+02:00""#));
}

#[test]
fn wildcards_and_quotes_are_data() {
    assert!(!yes(r#"userName co "%""#) && !yes(r#"userName co "_""#) && yes(r#"title eq "100%""#));
    assert_eq!(
        parse(r#"userName eq "a\"b\\""#).unwrap().to_string(),
        r#"userName eq "a\"b\\""#
    );
}

#[test]
fn a_name_with_an_unescaped_quote_is_an_invalid_filter() {
    assert_eq!(kind_of_refusal(r#"displayName eq "5" disk""#), ScimType::InvalidFilter);
    assert_eq!(kind_of_refusal(r#"displayName eq "a"b""#), ScimType::InvalidFilter);
}

#[test]
fn what_is_no_filter_is_refused_with_a_position() {
    for filter in [
        "",
        " ",
        "userName",
        "userName eq",
        "eq \"x\"",
        "userName is \"x\"",
        "(userName pr",
        "userName pr)",
        "userName pr and",
        "and userName pr",
        "emails[type eq \"work\"",
        "emails[]",
        "emails[name.x pr]",
        "emails[type[value pr]]",
        "userName eq \"x",
        "userName eq \"\\q\"",
        "a.b.c pr",
        "1a pr",
        "not active pr",
        "userName pr pr",
        "emails[type pr].",
        "é pr",
        ".x pr",
    ] {
        assert_eq!(kind_of_refusal(filter), ScimType::InvalidFilter, "{filter}");
    }
    assert!(parse("userName pr x").unwrap_err().detail.contains("position 13"));
}

#[test]
fn each_limit_is_allowed_at_and_refused_over_with_its_name() {
    let nested = |depth: usize| format!("{}id pr{}", "(".repeat(depth), ")".repeat(depth));
    assert!(parse(&nested(limits::FILTER_DEPTH)).is_ok());
    assert!(
        parse(&nested(limits::FILTER_DEPTH + 1))
            .unwrap_err()
            .detail
            .contains("32")
    );
    assert!(parse(&nested(4000)).is_err());

    let terms = |count: usize| vec!["x pr"; count].join(" or ");
    assert!(parse(&terms(limits::FILTER_TERMS)).is_ok());
    let error = parse(&terms(limits::FILTER_TERMS + 1)).unwrap_err();
    assert!(error.detail.contains("1000") && error.scim_type == Some(ScimType::TooMany));

    let long = |length: usize| format!("id eq \"{}\"", "x".repeat(length - 8));
    assert!(parse(&long(limits::FILTER_BYTES)).is_ok());
    assert!(
        parse(&long(limits::FILTER_BYTES + 1))
            .unwrap_err()
            .detail
            .contains("8192")
    );
}

/// Found by fuzzing.
#[test]
fn a_long_number_prints_as_itself() {
    for number in [
        "444444444444444444444444444444444444444444",
        "0.1e-7",
        "-1.7976931348623157e308",
        "123456789.123456789123456789",
    ] {
        let filter = parse(&format!("what eq {number}")).unwrap();
        assert_eq!(parse(&filter.to_string()).unwrap(), filter, "{number}");
    }
}

#[test]
fn members_are_matched_as_rows() {
    let filter = Filter::and(vec![
        Filter::Compare {
            path: AttrPath::new("display", None),
            op: CompareOp::Sw,
            value: Literal::String("ada".into()),
        },
        Filter::Not(Box::new(Filter::Compare {
            path: AttrPath::new("type", None),
            op: CompareOp::Eq,
            value: Literal::String("group".into()),
        })),
    ]);
    assert!(matches_member(
        &filter,
        &Member {
            display: Some("Ada L".into()),
            ..Member::user("1")
        },
        ""
    ));
    assert!(!matches_member(&filter, &Member::user("1"), ""));
}

fn attribute() -> BoxedStrategy<AttrPath> {
    prop_oneof![
        prop::sample::select(vec![
            "userName",
            "displayName",
            "emails",
            "nosuch",
            "members",
            "manager"
        ])
        .prop_map(|attr| AttrPath::new(attr, None)),
        prop::sample::select(vec![
            ("name", "familyName"),
            ("emails", "value"),
            ("meta", "version"),
            ("what", "ever")
        ])
        .prop_map(|(attr, sub)| AttrPath::new(attr, Some(sub))),
        Just(AttrPath {
            schema: Some(schema::ENTERPRISE_USER.urn.into()),
            ..AttrPath::new("department", None)
        }),
        Just(AttrPath {
            schema: Some("urn:other:1.0:thing".into()),
            ..AttrPath::new("x", Some("y"))
        }),
    ]
    .boxed()
}

fn comparison(path: BoxedStrategy<AttrPath>) -> impl Strategy<Value = Filter> {
    let op = prop::sample::select(CompareOp::ALL.to_vec());
    prop_oneof![
        (path.clone(), op, any::<String>()).prop_map(|(path, op, text)| Filter::Compare {
            path,
            op,
            value: Literal::String(text)
        }),
        (path.clone(), prop::bool::ANY).prop_map(|(path, ne)| Filter::Compare {
            path,
            op: if ne { CompareOp::Ne } else { CompareOp::Eq },
            value: Literal::Null
        }),
        path.prop_map(|path| Filter::Present { path }),
    ]
}

fn logical(terms: impl Strategy<Value = Filter> + 'static) -> impl Strategy<Value = Filter> {
    terms.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::and),
            prop::collection::vec(inner.clone(), 2..4).prop_map(Filter::or),
            inner.prop_map(|part| Filter::Not(Box::new(part))),
        ]
    })
}

fn filters() -> impl Strategy<Value = Filter> {
    let part = || {
        prop::sample::select(vec!["value", "type", "display"])
            .prop_map(|name| AttrPath::new(name, None))
            .boxed()
    };
    let value_path = (logical(comparison(part())), prop::option::of(comparison(part()))).prop_map(|(filter, sub)| {
        Filter::ValuePath {
            path: AttrPath::new("emails", None),
            filter: Box::new(filter),
            sub: sub.map(Box::new),
        }
    });
    logical(prop_oneof![3 => comparison(attribute()), 1 => value_path])
}

proptest! {
    #[test]
    fn what_is_printed_parses_to_the_same_tree(filter in filters()) {
        prop_assert_eq!(parse(&filter.to_string()).unwrap(), filter);
    }

    #[test]
    fn arbitrary_text_never_panics_and_what_parses_prints_stably(text in "\\PC{0,60}") {
        if let Ok(filter) = parse(&text) {
            prop_assert_eq!(parse(&filter.to_string()).unwrap(), filter);
        }
    }

    #[test]
    fn filter_like_text_never_panics_and_what_parses_prints_stably(
        words in prop::collection::vec(prop::sample::select(vec![
            "userName", "emails", "active", "eq", "pr", "co", "gt", "and", "or", "not", "(", ")", "[", "]", ".value", "\"x\"", "true", "null", "7", " ", " ", "é", "\\", "\"",
        ]), 0..16),
    ) {
        if let Ok(filter) = parse(&words.concat()) {
            prop_assert_eq!(parse(&filter.to_string()).unwrap(), filter.clone());
            matches(&filter, ResourceType::User, &user());
        }
        drop(parse(&words.join(" ")));
    }
}
