//! SCIM filters as SQL, where SQL can answer them exactly as RFC 7644 §3.4.2.2 says.
//!
//! Owns: the translation. Must never put a value into SQL text (values are bound, LIKE's
//! metacharacters are data), and must never answer *almost* the same as `scim::filter::matches`:
//! what SQL cannot say exactly it only narrows down, and evaluation decides. Start at [`compile`].

use domain::Tenant;
use scim::{
    AttrPath, datetime,
    filter::{CompareOp, Filter, Literal},
    key::{self, fold},
    member::Member,
    render::{self, GroupRef, Meta},
    resource_type::ResourceType,
    schema,
};
use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite};

use super::{GroupRecord, UserRecord};

#[derive(Clone, Debug)]
enum Part {
    Sql(&'static str),
    Text(String),
    Int(i64),
    Bool(bool),
}

/// A condition: SQL text with its values beside it. Every resource that matches the filter meets
/// it.
#[derive(Clone, Debug)]
pub(super) struct Where {
    /// Empty: every resource meets it.
    parts: Vec<Part>,
    /// Whether no other resource meets it, so that evaluation is not needed.
    pub(super) exact: bool,
}

impl Where {
    /// Appends `org_id = … AND connection = … AND (condition)`.
    pub(super) fn push(&self, query: &mut QueryBuilder<Sqlite>, tenant: &Tenant, alias: &'static str) {
        query.push(alias).push(".org_id = ").push_bind(tenant.org_id.get());
        query
            .push(" AND ")
            .push(alias)
            .push(".connection = ")
            .push_bind(tenant.connection.clone());
        if self.parts.is_empty() {
            return;
        }
        query.push(" AND (");
        for part in &self.parts {
            match part {
                Part::Sql(sql) => query.push(*sql),
                Part::Text(text) => query.push_bind(text.clone()),
                Part::Int(number) => query.push_bind(*number),
                Part::Bool(flag) => query.push_bind(*flag),
            };
        }
        query.push(")");
    }
}

/// A column that can be compared, with the way its values are folded.
enum Column {
    /// Folded (caseExact=false), may be NULL.
    Folded(&'static str),
    /// A login: folded, without the blanks around it.
    Name(&'static str),
    /// As sent (caseExact=true), may be NULL.
    Exact(&'static str),
    Flag(&'static str),
    Time(&'static str),
    /// One row per value: the text before and after the comparison.
    Rows {
        open: &'static str,
        folded: bool,
    },
}

fn column(rt: ResourceType, attr: &str, sub: Option<&str>) -> Option<Column> {
    use Column::{Exact, Flag, Folded, Name, Rows, Time};
    Some(match (rt, attr, sub) {
        (ResourceType::User, "id", None) => Exact("u.id"),
        (ResourceType::User, "userName", None) => Name("u.user_name_key"),
        (ResourceType::User, "externalId", None) => Exact("u.external_id"),
        (ResourceType::User, "displayName", None) => Folded("u.display_key"),
        (ResourceType::User, "active", None) => Flag("u.active"),
        (ResourceType::User, "meta", Some("created")) => Time("u.created_ms"),
        (ResourceType::User, "meta", Some("lastModified")) => Time("u.modified_ms"),
        // RFC 7644 Figure 2 and PingFederate: `emails eq "x"` means `emails.value`.
        (ResourceType::User, "emails", None | Some("value")) => Rows {
            open: "u.pk IN (SELECT e.user_pk FROM scim_user_email e WHERE e.value_key",
            folded: true,
        },
        (ResourceType::Group, "id", None) => Exact("g.id"),
        (ResourceType::Group, "displayName", None) => Folded("g.display_key"),
        (ResourceType::Group, "externalId", None) => Exact("g.external_id"),
        (ResourceType::Group, "meta", Some("created")) => Time("g.created_ms"),
        (ResourceType::Group, "meta", Some("lastModified")) => Time("g.modified_ms"),
        (ResourceType::Group, "members", None | Some("value")) => Rows {
            open: "g.pk IN (SELECT m.group_pk FROM scim_user mu JOIN scim_member m ON m.user_pk = mu.pk WHERE mu.id",
            folded: false,
        },
        _ => return None,
    })
}

/// The condition for a filter.
pub(super) fn compile(filter: Option<&Filter>, rt: ResourceType) -> Where {
    filter.map_or(
        Where {
            parts: Vec::new(),
            exact: true,
        },
        |filter| narrow(filter, rt),
    )
}

const NOTHING: Part = Part::Sql("1 = 0");
const NOT: &str = "NOT coalesce(";
const NOT_END: &str = ", false)";

fn narrow(filter: &Filter, rt: ResourceType) -> Where {
    let exactly = |parts| Where { parts, exact: true };
    let unknown = Where {
        parts: Vec::new(),
        exact: false,
    };
    match filter {
        Filter::And(terms) => all_of(terms, rt),
        Filter::Or(terms) => any_of(terms, rt),
        Filter::Not(term) => match narrow(term, rt) {
            Where { exact: false, .. } => unknown,
            Where { parts, .. } if parts.is_empty() => exactly(vec![NOTHING]),
            Where { parts, .. } => {
                let negated = std::iter::once(Part::Sql(NOT)).chain(parts).chain([Part::Sql(NOT_END)]);
                exactly(negated.collect())
            }
        },
        // A resource type without the attribute has no value of it (RFC 7644 §3.4.2.1: a search
        // over all types).
        Filter::Compare { path, op, value } if schema::resolve(rt, path).is_none() => exactly(
            if (*op == CompareOp::Eq) == (*value == Literal::Null) && matches!(op, CompareOp::Eq | CompareOp::Ne) {
                Vec::new()
            } else {
                vec![NOTHING]
            },
        ),
        Filter::Present { path } | Filter::ValuePath { path, .. } if schema::resolve(rt, path).is_none() => {
            exactly(vec![NOTHING])
        }
        // The answer is the same for every row, so it is found once.
        Filter::Compare { path, .. } if path.core(rt) == Some(("meta", Some("resourceType"))) => {
            let any = serde_json::json!({ "meta": { "resourceType": rt.name() } });
            exactly(if scim::filter::matches(filter, rt, &any) {
                Vec::new()
            } else {
                vec![NOTHING]
            })
        }
        Filter::Compare { path, op, value } => {
            let mut parts = Vec::new();
            let column = path.core(rt).and_then(|(attr, sub)| column(rt, attr, sub));
            match column.and_then(|column| compare(&column, *op, value, &mut parts)) {
                Some(()) => exactly(parts),
                None => unknown,
            }
        }
        Filter::Present { path } => match path.core(rt).and_then(|(attr, sub)| column(rt, attr, sub)) {
            Some(Column::Folded(c) | Column::Name(c) | Column::Exact(c)) => {
                exactly(vec![Part::Sql(c), Part::Sql(" IS NOT NULL")])
            }
            Some(Column::Time(_)) => exactly(Vec::new()),
            _ => unknown,
        },
        Filter::ValuePath { path, filter, sub } => one_value(path, filter, sub.as_deref(), rt),
    }
}

/// For Entra's `emails[type eq "work"].value eq "x"` only the few users with that address are read.
fn one_value(path: &AttrPath, filter: &Filter, sub: Option<&Filter>, rt: ResourceType) -> Where {
    let value = value_of(filter).or_else(|| sub.and_then(value_of));
    let column = path.core(rt).and_then(|(attr, _)| column(rt, attr, Some("value")));
    let mut parts = Vec::new();
    let compared = value
        .zip(column)
        .and_then(|(value, column)| compare(&column, CompareOp::Eq, value, &mut parts));
    match compared {
        Some(()) => Where {
            parts,
            exact: sub.is_none() && matches!(filter, Filter::Compare { .. }),
        },
        None => Where {
            parts: Vec::new(),
            exact: false,
        },
    }
}

/// What every one of the terms narrows down to.
fn all_of(terms: &[Filter], rt: ResourceType) -> Where {
    let terms: Vec<Where> = terms.iter().map(|term| narrow(term, rt)).collect();
    let exact = terms.iter().all(|term| term.exact);
    let narrowing: Vec<Vec<Part>> = terms
        .into_iter()
        .map(|term| term.parts)
        .filter(|p| !p.is_empty())
        .collect();
    Where {
        parts: join(narrowing, " AND "),
        exact,
    }
}

/// What any one of the terms narrows down to: nothing, where one of them says nothing.
fn any_of(terms: &[Filter], rt: ResourceType) -> Where {
    let terms: Vec<Where> = terms.iter().map(|term| narrow(term, rt)).collect();
    let exact = terms.iter().all(|term| term.exact);
    if terms.iter().any(|term| term.parts.is_empty()) {
        return Where {
            parts: Vec::new(),
            exact,
        };
    }
    let alternatives = terms.into_iter().map(|term| term.parts).collect();
    Where {
        parts: join(alternatives, " OR "),
        exact,
    }
}

/// The text that `value` must be equal to for the filter of a value path to match.
fn value_of(filter: &Filter) -> Option<&Literal> {
    match filter {
        Filter::Compare {
            path,
            op: CompareOp::Eq,
            value: value @ Literal::String(_),
        } if path.attr == "value" => Some(value),
        Filter::And(terms) => terms.iter().find_map(value_of),
        _ => None,
    }
}

/// Joins halves with halves: SQLite refuses expressions more than 1,000 deep, and a chain of 1,000
/// ORs is one.
fn join(mut terms: Vec<Vec<Part>>, with: &'static str) -> Vec<Part> {
    if terms.len() < 2 {
        return terms.pop().unwrap_or_default();
    }
    let right = terms.split_off(terms.len() / 2);
    let mut parts = vec![Part::Sql("(")];
    parts.extend(join(terms, with));
    parts.push(Part::Sql(with));
    parts.extend(join(right, with));
    parts.push(Part::Sql(")"));
    parts
}

/// Whether a filter looks at an attribute.
pub(super) fn mentions(filter: &Filter, attribute: &str) -> bool {
    match filter {
        Filter::And(terms) | Filter::Or(terms) => terms.iter().any(|term| mentions(term, attribute)),
        Filter::Not(term) => mentions(term, attribute),
        Filter::Compare { path, .. } | Filter::Present { path } | Filter::ValuePath { path, .. } => {
            path.attr == attribute
        }
    }
}

/// A column without a value makes a condition NULL, which selects as little as false. `NOT` puts
/// `coalesce` around it, so that it means what RFC 7644 says. Nothing else does: an index is of no
/// use to `coalesce(column = …)`.
fn compare(column: &Column, op: CompareOp, value: &Literal, out: &mut Vec<Part>) -> Option<()> {
    match (column, op, value) {
        (Column::Folded(c), CompareOp::Eq, Literal::String(s)) => equals(c, Part::Text(fold(s)), out),
        (Column::Name(c), CompareOp::Eq, Literal::String(s)) => equals(c, Part::Text(key::name(s)), out),
        (Column::Exact(c), CompareOp::Eq, Literal::String(s)) => equals(c, Part::Text(s.clone()), out),
        (Column::Flag(c), CompareOp::Eq, Literal::Boolean(b)) => equals(c, Part::Bool(*b), out),
        // A missing attribute is not equal to anything: `ne` is true for it.
        (Column::Folded(_) | Column::Name(_) | Column::Exact(_) | Column::Flag(_), CompareOp::Ne, _) => {
            out.push(Part::Sql(NOT));
            compare(column, CompareOp::Eq, value, out)?;
            out.push(Part::Sql(NOT_END));
        }
        (Column::Folded(c) | Column::Name(c), CompareOp::Co | CompareOp::Sw | CompareOp::Ew, Literal::String(s)) => {
            let escaped = fold(s).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let pattern = match op {
                CompareOp::Sw => format!("{escaped}%"),
                CompareOp::Ew => format!("%{escaped}"),
                _ => format!("%{escaped}%"),
            };
            out.extend([
                Part::Sql(c),
                Part::Sql(" LIKE "),
                Part::Text(pattern),
                Part::Sql(" ESCAPE '\\'"),
            ]);
        }
        (Column::Time(c), _, Literal::String(s)) => {
            let nanos = datetime::parse(s)?;
            // Microsoft sends seven fractional digits. Evaluation compares what is finer than our
            // milliseconds.
            if nanos % 1_000_000 != 0 {
                return None;
            }
            let sql = match op {
                CompareOp::Eq => " = ",
                CompareOp::Ne => " <> ",
                CompareOp::Gt => " > ",
                CompareOp::Ge => " >= ",
                CompareOp::Lt => " < ",
                CompareOp::Le => " <= ",
                CompareOp::Co | CompareOp::Sw | CompareOp::Ew => return None,
            };
            out.extend([
                Part::Sql(c),
                Part::Sql(sql),
                Part::Int(i64::try_from(nanos / 1_000_000).ok()?),
            ]);
        }
        (Column::Rows { open, folded }, CompareOp::Eq, Literal::String(s)) => {
            let value = if *folded { fold(s) } else { s.clone() };
            out.extend([Part::Sql(open), Part::Sql(" = "), Part::Text(value), Part::Sql(")")]);
        }
        _ => return None,
    }
    Some(())
}

fn equals(column: &'static str, value: Part, out: &mut Vec<Part>) {
    out.extend([Part::Sql(column), Part::Sql(" = "), value]);
}

/// A user as answers show it; filters see the same.
pub(super) fn rendered_user(record: &UserRecord, groups: &[GroupRef], base: &str) -> Value {
    let meta = Meta {
        id: record.id.clone(),
        created_ms: record.created_ms,
        modified_ms: record.modified_ms,
        version: record.version,
        location: format!("{base}/Users/{}", record.id),
    };
    render::render(ResourceType::User, &record.document, &meta, Some(groups), None)
}

/// A group as answers show it; filters see the same.
pub(super) fn rendered_group(record: &GroupRecord, members: &[Member], base: &str) -> Value {
    let meta = Meta {
        id: record.id.clone(),
        created_ms: record.created_ms,
        modified_ms: record.modified_ms,
        version: record.version,
        location: format!("{base}/Groups/{}", record.id),
    };
    render::render(ResourceType::Group, &record.document, &meta, None, Some(members))
}
