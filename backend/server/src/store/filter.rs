//! SCIM filters as SQL, where SQL can answer them exactly as RFC 7644 §3.4.2.2 says.
//!
//! Owns: the translation. Must never put a value into SQL text (values are bound, LIKE's metacharacters are data), and must never
//! answer *almost* the same as `scim::filter::matches`: what is not exact is left to evaluation. Start at [`compile`].

use domain::Tenant;
use scim::{
    datetime,
    filter::{CompareOp, Filter, Literal},
    key::fold,
    member::Member,
    render::{self, GroupRef, Meta},
    resource_type::ResourceType,
};
use serde_json::Value;
use sqlx::{QueryBuilder, Sqlite};

use super::{GroupRecord, Page, PageQuery, UserRecord};

#[derive(Clone, Debug)]
enum Part {
    Sql(&'static str),
    Text(String),
    Int(i64),
    Bool(bool),
}

/// A condition: SQL text with its values beside it.
#[derive(Clone, Debug, Default)]
pub(super) struct Where(Vec<Part>);

impl Where {
    /// No condition.
    pub(super) fn all() -> Self {
        Self::default()
    }

    /// Appends `org_id = … AND connection = … AND (condition)`.
    pub(super) fn push(&self, query: &mut QueryBuilder<Sqlite>, tenant: &Tenant, alias: &'static str) {
        query.push(alias).push(".org_id = ").push_bind(tenant.org_id);
        query
            .push(" AND ")
            .push(alias)
            .push(".connection = ")
            .push_bind(tenant.connection.clone());
        if self.0.is_empty() {
            return;
        }
        query.push(" AND (");
        for part in &self.0 {
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
    use Column::{Exact, Flag, Folded, Rows, Time};
    Some(match (rt, attr, sub) {
        (ResourceType::User, "id", None) => Exact("u.id"),
        (ResourceType::User, "userName", None) => Folded("u.user_name_key"),
        (ResourceType::User, "externalId", None) => Exact("u.external_id"),
        (ResourceType::User, "displayName", None) => Folded("u.display_key"),
        (ResourceType::User, "active", None) => Flag("u.active"),
        (ResourceType::User, "meta", Some("created")) => Time("u.created_ms"),
        (ResourceType::User, "meta", Some("lastModified")) => Time("u.modified_ms"),
        // RFC 7644 Figure 2 and PingFederate: `emails eq "x"` means `emails.value`.
        (ResourceType::User, "emails", None | Some("value")) => Rows {
            open: "EXISTS (SELECT 1 FROM scim_user_email e WHERE e.user_pk = u.pk AND e.value_key",
            folded: true,
        },
        (ResourceType::Group, "id", None) => Exact("g.id"),
        (ResourceType::Group, "displayName", None) => Folded("g.display_key"),
        (ResourceType::Group, "externalId", None) => Exact("g.external_id"),
        (ResourceType::Group, "meta", Some("created")) => Time("g.created_ms"),
        (ResourceType::Group, "meta", Some("lastModified")) => Time("g.modified_ms"),
        (ResourceType::Group, "members", None | Some("value")) => Rows {
            open: "EXISTS (SELECT 1 FROM scim_member m JOIN scim_user mu ON mu.pk = m.user_pk WHERE m.group_pk = g.pk AND mu.id",
            folded: false,
        },
        _ => return None,
    })
}

/// The condition for a filter, or `None` where only evaluation is exact.
pub(super) fn compile(filter: &Filter, rt: ResourceType) -> Option<Where> {
    let mut parts = Vec::new();
    compile_into(filter, rt, &mut parts)?;
    Some(Where(parts))
}

fn compile_into(filter: &Filter, rt: ResourceType, out: &mut Vec<Part>) -> Option<()> {
    match filter {
        Filter::And(terms) => join(terms, " AND ", rt, out),
        Filter::Or(terms) => join(terms, " OR ", rt, out),
        Filter::Not(term) => {
            out.push(Part::Sql("NOT ("));
            compile_into(term, rt, out)?;
            out.push(Part::Sql(")"));
            Some(())
        }
        Filter::Compare { path, op, value } => {
            let (attr, sub) = path.core(rt)?;
            compare(&column(rt, attr, sub)?, *op, value, out)
        }
        Filter::Present { .. } | Filter::ValuePath { .. } => None,
    }
}

fn join(terms: &[Filter], with: &'static str, rt: ResourceType, out: &mut Vec<Part>) -> Option<()> {
    for (i, term) in terms.iter().enumerate() {
        out.push(Part::Sql(if i == 0 { "(" } else { with }));
        compile_into(term, rt, out)?;
    }
    out.push(Part::Sql(")"));
    Some(())
}

/// Every condition is true or false, never NULL, so that NOT around it is what RFC 7644 means.
fn compare(column: &Column, op: CompareOp, value: &Literal, out: &mut Vec<Part>) -> Option<()> {
    match (column, op, value) {
        (Column::Folded(c), CompareOp::Eq, Literal::String(s)) => equals(c, Part::Text(fold(s)), out),
        (Column::Exact(c), CompareOp::Eq, Literal::String(s)) => equals(c, Part::Text(s.clone()), out),
        (Column::Flag(c), CompareOp::Eq, Literal::Boolean(b)) => equals(c, Part::Bool(*b), out),
        // A missing attribute is not equal to anything: `ne` is true for it.
        (Column::Folded(_) | Column::Exact(_) | Column::Flag(_), CompareOp::Ne, _) => {
            out.push(Part::Sql("NOT "));
            compare(column, CompareOp::Eq, value, out)?;
        }
        (Column::Folded(c), CompareOp::Co | CompareOp::Sw | CompareOp::Ew, Literal::String(s)) => {
            let escaped = fold(s).replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
            let pattern = match op {
                CompareOp::Sw => format!("{escaped}%"),
                CompareOp::Ew => format!("%{escaped}"),
                _ => format!("%{escaped}%"),
            };
            out.extend([
                Part::Sql("coalesce("),
                Part::Sql(c),
                Part::Sql(" LIKE "),
                Part::Text(pattern),
                Part::Sql(" ESCAPE '\\', false)"),
            ]);
        }
        (Column::Time(c), _, Literal::String(s)) => {
            let nanos = datetime::parse(s)?;
            // Microsoft sends seven fractional digits; finer than our milliseconds is left to evaluation.
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
    out.extend([
        Part::Sql("coalesce("),
        Part::Sql(column),
        Part::Sql(" = "),
        value,
        Part::Sql(", false)"),
    ]);
}

/// A user as the filter sees it: everything an answer could show, but for the location.
pub(super) fn rendered_user(record: &UserRecord, groups: &[GroupRef]) -> Value {
    let meta = meta(&record.id, record.created_ms, record.modified_ms, record.version);
    render::render(ResourceType::User, &record.document, &meta, Some(groups), None)
}

/// A group as the filter sees it.
pub(super) fn rendered_group(record: &GroupRecord, members: &[Member]) -> Value {
    let meta = meta(&record.id, record.created_ms, record.modified_ms, record.version);
    render::render(ResourceType::Group, &record.document, &meta, None, Some(members))
}

fn meta(id: &str, created_ms: i64, modified_ms: i64, version: i64) -> Meta {
    Meta {
        id: id.to_owned(),
        created_ms,
        modified_ms,
        version,
        location: String::new(),
    }
}

/// The page of an evaluated list.
pub(super) fn slice<T>(matching: Vec<T>, query: &PageQuery) -> Page<T> {
    let total = i64::try_from(matching.len()).unwrap_or(i64::MAX);
    let at = |n: i64| usize::try_from(n.max(0)).unwrap_or(usize::MAX);
    Page {
        total,
        items: matching
            .into_iter()
            .skip(at(query.offset))
            .take(at(query.limit))
            .collect(),
    }
}
