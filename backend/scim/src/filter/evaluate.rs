//! A filter against one rendered resource (RFC 7644 §3.4.2.2).

use std::cmp::Ordering;

use serde_json::Value;

use super::tree::{CompareOp, Filter, Literal};
use crate::{
    AttrPath, Member, ResourceType, datetime, key,
    schema::{self, Attribute, Kind},
};

/// Whether a rendered resource (with `id`, `meta` and, where the filter looks at them, `groups` and `members`) matches.
///
/// An attribute the resource type does not have is one without a value, not an error (RFC 7644 §3.4.2.1: a search over all types).
pub fn matches(filter: &Filter, resource_type: ResourceType, resource: &Value) -> bool {
    test(filter, Scope::Resource(resource_type), resource)
}

/// Whether one value of a complex attribute matches the filter in the brackets after it.
pub(crate) fn matches_element(filter: &Filter, attribute: &'static Attribute, element: &Value) -> bool {
    test(filter, Scope::Values(attribute), element)
}

/// Whether a member matches the filter in `members[…]`. `base` is the endpoints' URL, so that `$ref` is the one answers show.
pub fn matches_member(filter: &Filter, member: &Member, base: &str) -> bool {
    let members = schema::resolve_name(ResourceType::Group, None, "members");
    members.is_some_and(|(_, attribute)| matches_element(filter, attribute, &member.render(base)))
}

#[derive(Clone, Copy)]
enum Scope {
    Resource(ResourceType),
    Values(&'static Attribute),
}

/// What a path leads to: the values, and how they compare.
struct Found<'v> {
    attribute: &'static Attribute,
    values: Vec<&'v Value>,
}

impl Scope {
    fn find<'v>(self, path: &AttrPath, root: &'v Value) -> Option<Found<'v>> {
        let (parent, attribute, sub) = match self {
            Self::Resource(resource_type) => {
                let resolved = schema::resolve(resource_type, path)?;
                let parent = match resolved.extension {
                    Some(schema) => root.get(schema.urn),
                    None => Some(root),
                };
                (parent, resolved.attribute, resolved.sub)
            }
            // The values of `schemas` have no parts: `value` is each of them itself.
            Self::Values(parent) if parent.kind != Kind::Complex => {
                return (path.attr == "value").then(|| Found {
                    attribute: parent,
                    values: vec![root],
                });
            }
            Self::Values(parent) => (Some(root), parent.sub(&path.attr)?, None),
        };
        let values = parent
            .and_then(|parent| parent.get(attribute.name))
            .map(elements)
            .unwrap_or_default();
        Some(match sub {
            None => Found {
                attribute,
                values: values.iter().collect(),
            },
            Some(sub) => Found {
                attribute: sub,
                values: values.iter().filter_map(|value| value.get(sub.name)).collect(),
            },
        })
    }
}

fn elements(value: &Value) -> &[Value] {
    value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice)
}

fn test(filter: &Filter, scope: Scope, root: &Value) -> bool {
    match filter {
        Filter::And(parts) => parts.iter().all(|part| test(part, scope, root)),
        Filter::Or(parts) => parts.iter().any(|part| test(part, scope, root)),
        Filter::Not(part) => !test(part, scope, root),
        Filter::Present { path } => scope
            .find(path, root)
            .is_some_and(|found| found.values.into_iter().any(is_present)),
        Filter::Compare { path, op, value } => compare(scope.find(path, root), *op, value),
        Filter::ValuePath { path, filter, sub } => scope.find(path, root).is_some_and(|found| {
            let inner = Scope::Values(found.attribute);
            found
                .values
                .into_iter()
                .any(|element| test(filter, inner, element) && sub.as_ref().is_none_or(|sub| test(sub, inner, element)))
        }),
    }
}

fn is_present(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::String(text) => !text.is_empty(),
        Value::Array(values) => values.iter().any(is_present),
        Value::Object(object) => object.values().any(is_present),
        _ => true,
    }
}

fn compare(found: Option<Found<'_>>, op: CompareOp, literal: &Literal) -> bool {
    let (attribute, values) = match found {
        None => (None, Vec::new()),
        Some(Found { attribute, values }) => {
            let compared = attribute.compared();
            let values: Vec<&Value> = if compared.name == attribute.name {
                values
            } else {
                values
                    .into_iter()
                    .filter_map(|value| value.get(compared.name))
                    .collect()
            };
            (Some(compared), values)
        }
    };
    let mut present = values.into_iter().filter(|value| is_present(value)).peekable();
    match (op, literal) {
        (CompareOp::Eq, Literal::Null) => present.peek().is_none(),
        (CompareOp::Ne, Literal::Null) => present.peek().is_some(),
        // A missing attribute differs from everything.
        (CompareOp::Ne, _) if present.peek().is_none() => true,
        _ => present.any(|value| compare_one(attribute, op, value, literal)),
    }
}

fn compare_one(attribute: Option<&Attribute>, op: CompareOp, value: &Value, literal: &Literal) -> bool {
    match (value, literal) {
        (Value::String(left), Literal::String(right)) => compare_text(attribute, op, left, right),
        (Value::Bool(left), Literal::Boolean(right)) => holds(op, left.cmp(right)),
        (Value::Number(left), Literal::Number(right)) => left
            .as_f64()
            .zip(right.as_f64())
            .and_then(|(left, right)| left.partial_cmp(&right))
            .is_some_and(|ordering| holds(op, ordering)),
        _ => op == CompareOp::Ne,
    }
}

fn compare_text(attribute: Option<&Attribute>, op: CompareOp, left: &str, right: &str) -> bool {
    // Instants, not text: offsets differ.
    if attribute.is_some_and(|attribute| attribute.kind == Kind::DateTime)
        && !op.is_textual()
        && let (Some(left), Some(right)) = (datetime::parse(left), datetime::parse(right))
    {
        return holds(op, left.cmp(&right));
    }
    match attribute {
        // Part of a text: its blanks are what is asked for.
        Some(attribute) if op.is_textual() && !attribute.case_exact => {
            compare_keys(op, &attribute.key(left), &key::fold(right))
        }
        Some(attribute) => compare_keys(op, &attribute.key(left), &attribute.key(right)),
        None => compare_keys(op, &key::fold(left), &key::fold(right)),
    }
}

fn compare_keys(op: CompareOp, left: &str, right: &str) -> bool {
    match op {
        CompareOp::Co => left.contains(right),
        CompareOp::Sw => left.starts_with(right),
        CompareOp::Ew => left.ends_with(right),
        _ => holds(op, left.cmp(right)),
    }
}

fn holds(op: CompareOp, ordering: Ordering) -> bool {
    match op {
        CompareOp::Eq => ordering.is_eq(),
        CompareOp::Ne => ordering.is_ne(),
        CompareOp::Gt => ordering.is_gt(),
        CompareOp::Ge => ordering.is_ge(),
        CompareOp::Lt => ordering.is_lt(),
        CompareOp::Le => ordering.is_le(),
        CompareOp::Co | CompareOp::Sw | CompareOp::Ew => false,
    }
}
