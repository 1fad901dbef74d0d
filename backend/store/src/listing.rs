//! The texts that list SCIM resources.
//!
//! Owns: counting, cutting a page, and reading what evaluation has to look at, for users and groups
//! alike. Must never decide what matches: [`filter`] does. Start at [`USERS`].

use domain::Tenant;
use sqlx::{QueryBuilder, Sqlite};

use super::{filter::Where, page::SqlPage, sql};

/// A table of resources, with the name that conditions know it by.
pub(super) struct Table {
    name: &'static str,
    alias: &'static str,
    columns: &'static str,
}

/// The columns of a [`super::UserRecord`] with its key.
pub(super) const USER_COLUMNS: &str = "u.pk, u.id, u.document, u.version, u.created_ms, u.modified_ms";

pub(super) const USERS: Table = Table {
    name: "scim_user",
    alias: "u",
    columns: USER_COLUMNS,
};

pub(super) const GROUPS: Table = Table {
    name: "scim_group",
    alias: "g",
    columns: "g.pk, g.id, g.document, g.version, g.created_ms, g.modified_ms",
};

impl Table {
    /// How many resources meet the condition.
    pub(super) fn count(&self, tenant: &Tenant, condition: &Where) -> QueryBuilder<Sqlite> {
        let Self { name, alias, .. } = self;
        let mut text = sql::build(format!("SELECT count(*) FROM {name} {alias} WHERE "));
        condition.push(&mut text, tenant, self.alias);
        text
    }

    /// How many of them come before the one that a page begins after.
    pub(super) fn count_before(&self, tenant: &Tenant, condition: &Where, after: i64) -> QueryBuilder<Sqlite> {
        let mut text = self.count(tenant, condition);
        text.push(format!(" AND {}.pk <= ", self.alias)).push_bind(after);
        text
    }

    /// The resources of a page. The page is found in an index first and only its rows are read: a
    /// deep page of 100,000 costs 5 ms, not 700.
    pub(super) fn page<T>(&self, tenant: &Tenant, condition: &Where, cut: &SqlPage<T>) -> QueryBuilder<Sqlite> {
        let Self { name, alias, columns } = self;
        let mut text = sql::build(format!(
            "SELECT {columns} FROM {name} {alias} WHERE {alias}.pk IN (SELECT {alias}.pk FROM {name} {alias} WHERE "
        ));
        condition.push(&mut text, tenant, self.alias);
        cut.push(&mut text, self.alias);
        text.push(format!(") ORDER BY {alias}.pk"));
        text
    }

    /// Every resource that SQL cannot rule out.
    pub(super) fn candidates(&self, tenant: &Tenant, condition: &Where) -> QueryBuilder<Sqlite> {
        let Self { name, alias, columns } = self;
        let mut text = sql::build(format!("SELECT {columns} FROM {name} {alias} WHERE "));
        condition.push(&mut text, tenant, self.alias);
        text.push(format!(" ORDER BY {alias}.pk"));
        text
    }
}

/// Each text with no filter, with every kind of column and operator that the compiler knows, and
/// from the middle of a list.
#[cfg(test)]
pub(crate) fn samples() -> Vec<String> {
    use scim::resource_type::ResourceType;

    use super::{PageQuery, filter};

    const OF_USERS: [&str; 9] = [
        r#"id eq "x""#,
        r#"userName eq "x" or userName ne "y""#,
        r#"externalId eq "x" and active eq true"#,
        r#"not (displayName sw "x") and displayName pr"#,
        r#"userName co "x" or userName ew "y""#,
        r#"meta.created gt "2026-01-01T00:00:00Z" and meta.lastModified le "2026-02-01T00:00:00Z""#,
        r#"emails eq "x" or emails.value eq "y""#,
        r#"emails[type eq "work" and value eq "x"]"#,
        r#"title eq "x""#,
    ];
    const OF_GROUPS: [&str; 5] = [
        r#"displayName eq "x" or externalId eq "y""#,
        r#"displayName co "x" and not (id eq "y")"#,
        r#"meta.created ge "2026-01-01T00:00:00Z" or meta.lastModified lt "2026-01-01T00:00:00Z""#,
        r#"members eq "x" or members.value eq "y""#,
        r#"members[value eq "x"]"#,
    ];
    let tenant = Tenant::of_org(domain::OrgId::new(1));
    let mut texts = Vec::new();
    let filters = OF_USERS
        .map(|text| (&USERS, ResourceType::User, text))
        .into_iter()
        .chain(OF_GROUPS.map(|text| (&GROUPS, ResourceType::Group, text)));
    let filters = filters.map(|(table, of, text)| (table, of, Some(scim::filter::parse(text).unwrap())));
    let all = [(&USERS, ResourceType::User, None), (&GROUPS, ResourceType::Group, None)];
    for (table, of, filter) in filters.chain(all) {
        let condition = filter::compile(filter.as_ref(), of);
        texts.push(table.count(&tenant, &condition));
        texts.push(table.candidates(&tenant, &condition));
        for after in [0, 7] {
            let query = PageQuery {
                after,
                limit: 10,
                ..PageQuery::default()
            };
            texts.push(table.count_before(&tenant, &condition, 1));
            texts.push(table.page(&tenant, &condition, &SqlPage::<()>::new(&query)));
        }
    }
    texts.into_iter().map(QueryBuilder::into_string).collect()
}
