//! Filters against another parser, the crate `scim_v2`: on the RFC's grammar both read the same tree. Where we read more, the test at the
//! end says what, and for which client.

use proptest::prelude::*;
use scim::filter::{self, Filter, Literal};
use scim_v2::filter as theirs;

/// Both trees in one notation: operators first, neighbours of one kind joined.
fn ours_as_text(filter: &Filter) -> String {
    match filter {
        Filter::And(parts) => joined("and", parts.iter().map(ours_as_text)),
        Filter::Or(parts) => joined("or", parts.iter().map(ours_as_text)),
        Filter::Not(part) => format!("(not {})", ours_as_text(part)),
        Filter::Present { path } => format!("(pr {path})"),
        Filter::Compare { path, op, value } => {
            let value = match value {
                Literal::Null => "null".to_owned(),
                Literal::Boolean(value) => value.to_string(),
                Literal::Number(value) => value.to_string(),
                Literal::String(value) => format!("{value:?}"),
            };
            format!("({} {path} {value})", op.as_str())
        }
        Filter::ValuePath { path, filter, sub } => match sub {
            None => format!("(in {path} {})", ours_as_text(filter)),
            Some(sub) => format!("(in {path} {} then {})", ours_as_text(filter), ours_as_text(sub)),
        },
    }
}

fn joined(word: &str, parts: impl Iterator<Item = String>) -> String {
    let own = format!("({word} ");
    let flat: Vec<String> = parts
        .map(|part| match part.strip_prefix(&own) {
            Some(inner) => inner.strip_suffix(')').unwrap_or(inner).to_owned(),
            None => part,
        })
        .collect();
    format!("{own}{})", flat.join(" "))
}

fn theirs_as_text(filter: &theirs::Filter) -> String {
    match filter {
        theirs::Filter::Attr(expression) => expression_as_text(expression),
        theirs::Filter::ValuePath(path) => format!("(in {} {})", path.attr, value_filter_as_text(&path.filter)),
        theirs::Filter::Not(part) => format!("(not {})", theirs_as_text(part)),
        theirs::Filter::And(parts) => joined("and", parts.as_slice().iter().map(theirs_as_text)),
        theirs::Filter::Or(parts) => joined("or", parts.as_slice().iter().map(theirs_as_text)),
    }
}

fn value_filter_as_text(filter: &theirs::ValFilter) -> String {
    match filter {
        theirs::ValFilter::Attr(expression) => expression_as_text(expression),
        theirs::ValFilter::Not(part) => format!("(not {})", value_filter_as_text(part)),
        theirs::ValFilter::And(parts) => joined("and", parts.as_slice().iter().map(value_filter_as_text)),
        theirs::ValFilter::Or(parts) => joined("or", parts.as_slice().iter().map(value_filter_as_text)),
    }
}

fn expression_as_text(expression: &theirs::AttrExp) -> String {
    match expression {
        theirs::AttrExp::Present(path) => format!("(pr {path})"),
        theirs::AttrExp::Comparison(path, op, value) => {
            let value = match value {
                theirs::CompValue::False => "false".to_owned(),
                theirs::CompValue::True => "true".to_owned(),
                theirs::CompValue::Null => "null".to_owned(),
                theirs::CompValue::Number(value) => value.to_string(),
                theirs::CompValue::Str(value) => format!("{value:?}"),
            };
            format!("({} {path} {value})", op.to_string().to_lowercase())
        }
    }
}

/// A comparison as text. Names as the schemas spell them and values of their attribute's type, because we correct both as we read.
fn comparison(names: &'static [&'static str]) -> impl Strategy<Value = String> {
    let text = prop_oneof![
        prop::sample::select(vec!["x", "", "a\"b", "\\", "é", "and", "(", "]"]).prop_map(str::to_owned),
        "\\PC{0,8}"
    ];
    let op = prop::sample::select(vec!["eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "EQ", "Sw"]);
    prop_oneof![
        4 => (prop::sample::select(names), op, text).prop_map(|(name, op, text)| {
            format!("{name} {op} {}", serde_json::Value::from(text))
        }),
        1 => prop::sample::select(names).prop_map(|name| format!("{name} pr")),
        1 => (prop::sample::select(names), any::<bool>()).prop_map(|(name, ne)| format!("{name} {} null", if ne { "ne" } else { "eq" })),
        1 => any::<i32>().prop_map(|number| format!("urn:acme:1.0:Box:weight ge {number}")),
    ]
}

fn logical(terms: impl Strategy<Value = String> + 'static) -> impl Strategy<Value = String> {
    terms.prop_recursive(4, 32, 3, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} and {right}")),
            (inner.clone(), inner.clone()).prop_map(|(left, right)| format!("{left} OR {right}")),
            inner.clone().prop_map(|part| format!("({part})")),
            inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

fn filters() -> impl Strategy<Value = String> {
    let names = &[
        "userName",
        "name.familyName",
        "externalId",
        "emails.value",
        "meta.location",
        "unheard",
        "un.heard",
    ];
    let value = prop::sample::select(vec!["value", "type", "display"]).prop_flat_map(|name| {
        prop_oneof![
            Just(format!("{name} pr")),
            Just(format!("{name} eq \"work\"")),
            Just(format!("{name} co \"@x\""))
        ]
    });
    let value_path = logical(value).prop_map(|filter| format!("emails[{filter}]"));
    let boolean = prop::sample::select(vec!["active eq true", "active ne false"]).prop_map(str::to_owned);
    logical(prop_oneof![4 => comparison(names), 1 => value_path, 1 => boolean])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn what_both_read_they_read_alike(text in filters()) {
        let other: theirs::Filter = text.parse().unwrap_or_else(|error| panic!("{text}: {error}"));
        let own = filter::parse(&text).unwrap_or_else(|error| panic!("{text}: {error}"));
        prop_assert_eq!(ours_as_text(&own), theirs_as_text(&other), "{}", text);
    }

    #[test]
    fn what_they_refuse_on_the_way_we_do_not_read_as_something_else(text in filters(), cut in any::<prop::sample::Index>()) {
        let at = text.char_indices().map(|(at, _)| at).nth(cut.index(text.chars().count())).unwrap();
        let (start, _) = text.split_at(at);
        match (start.parse::<theirs::Filter>(), filter::parse(start)) {
            (Ok(other), Ok(own)) => prop_assert_eq!(ours_as_text(&own), theirs_as_text(&other), "{}", start),
            (Ok(_), Err(error)) => prop_assert!(false, "{start}: only we refuse: {error}"),
            // A word without quotes: `userName eq tru` (below).
            (Err(_), Ok(own)) => prop_assert!(start.split(' ').count() > 2, "{start}: {own}"),
            (Err(_), Err(_)) => {}
        }
    }
}

#[test]
fn we_read_more_than_the_grammar_and_each_for_somebody() {
    for (text, client) in [
        ("active Eq True", "Microsoft's validator: literals in any letter case"),
        ("not(active eq false)", "the ABNF itself: no space after not"),
        ("emails[type eq \"work\"].value eq \"x\"", "Entra matches users by it"),
        ("members[$ref ew \"/u-1\"]", "erratum 8924"),
        ("members.$ref eq \"x\"", "erratum 8924"),
        ("userName eq\"x\"", "the RFC's own PATCH example"),
        ("userName sw bj", "Microsoft's Postman collection: words without quotes"),
        ("meta.resourceType eq User", "RFC 7644 section 3.4.2.1 itself"),
    ] {
        assert!(filter::parse(text).is_ok(), "{text}: {client}");
        assert!(
            text.parse::<theirs::Filter>().is_err(),
            "{text} is no difference any more"
        );
    }
    // And less: Table 3 has these fail.
    for text in ["active gt true", "x509Certificates.value gt \"AA\"", "active co \"t\""] {
        assert!(
            filter::parse(text).is_err() && text.parse::<theirs::Filter>().is_ok(),
            "{text}"
        );
    }
}
