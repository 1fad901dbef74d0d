//! What the admin page lists and counts.
//!
//! Owns: read-only joins over resources, accounts, mappings and the queue. Must never be used to
//! decide a change. Start at [`Store::people`] and [`Store::tally`].

mod access_state;
pub(crate) mod counts;

use std::collections::HashMap;

use domain::Tenant;
use scim::key::fold;
use sqlx::{FromRow as _, QueryBuilder, Row as _, Sqlite};

use access_state::{AccessState, EXCEPTIONS, JOINED, MUST_BE_OUT, STILL_OPEN, WANTED_OPEN};

use super::{
    AttentionRow, GroupSummary, PersonRow, Result, Store,
    listing::USER_COLUMNS,
    sql::{self, statements},
};

statements! {
    GROUP_SUMMARIES =
        "SELECT g.id, g.display_name, (SELECT count(*) FROM scim_member m \
         WHERE m.group_pk = g.pk) AS members, w.state AS work_state, w.attention \
         FROM scim_group g \
         LEFT JOIN work w ON w.org_id = g.org_id AND w.connection = g.connection AND w.kind = \
         'Group' AND w.id = g.id WHERE g.org_id = $1 AND g.connection = $2 ORDER BY g.display_key";
    ATTENTION =
        "SELECT w.kind, w.id, w.attention, w.since_ms, w.kind = 'User' AND w.urgent \
         AND a.seen_closed_ms IS NULL AS still_open, coalesce(u.user_name, g.display_name, \
         a.login, w.id) AS name FROM work w \
         LEFT JOIN scim_user u ON w.kind = 'User' AND u.id = w.id \
         LEFT JOIN scim_group g ON w.kind = 'Group' AND g.id = w.id \
         LEFT JOIN account a ON a.user_id = w.id \
         WHERE w.org_id = $1 AND w.connection = $2 AND w.state = 'blocked' \
         ORDER BY (w.kind = 'User' AND w.urgent AND a.seen_closed_ms IS NULL) DESC, w.since_ms, \
         w.id LIMIT $3";
}

/// Which people to list.
#[derive(Clone, Debug, Default)]
pub struct PeopleQuery {
    /// Text in userName, name or e-mail.
    pub text: String,
    /// The folded userName after which the page begins.
    pub after: Option<String>,
    /// How many at most.
    pub count: i64,
    /// The one person with this SCIM id.
    pub id: Option<String>,
    /// Only the members of the group with this SCIM id.
    pub group: Option<String>,
    /// How many match, if that is known ([`Store::access_counts`]).
    pub total: Option<i64>,
    access: Option<AccessState>,
}

impl PeopleQuery {
    /// Only people with this access, by its name in the API; `None` if there is no such access.
    #[must_use]
    pub fn with_access(mut self, name: &str) -> Option<Self> {
        self.access = Some(AccessState::ALL.into_iter().find(|access| access.name() == name)?);
        Some(self)
    }
}

/// The counts of the overview.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    /// SCIM users.
    pub users: i64,
    /// Those of them that are active.
    pub users_active: i64,
    /// People without access, as the list of people filters them.
    pub closed: i64,
    /// People without access, which a sign-in can give back.
    pub closed_may_return: i64,
    /// Accounts that Rollcall created, of users that exist and are managed.
    pub provisioned: i64,
    /// Accounts that Rollcall claimed, likewise.
    pub claimed: i64,
    /// SCIM groups.
    pub groups: i64,
    /// Those of them with a team.
    pub groups_mapped: i64,
    /// Waiting resources.
    pub pending: i64,
    /// People who must be out, and were not seen out: waiting, or blocked, or protected.
    pub closing: i64,
    /// The time since which the first of them should be.
    pub oldest_closing_ms: Option<i64>,
    /// The time since which the oldest waits.
    pub oldest_ms: Option<i64>,
    /// Resources that wait for an admin.
    pub attention: i64,
    /// People and teams that the brake holds something of.
    pub held: i64,
}

/// Appends the conditions that a person has to meet.
fn push_conditions(text: &mut QueryBuilder<Sqlite>, tenant: &Tenant, query: &PeopleQuery) {
    text.push("u.org_id = ")
        .push_bind(tenant.org_id.get())
        .push(" AND u.connection = ")
        .push_bind(tenant.connection.clone());
    if !query.text.trim().is_empty() {
        text.push(" AND instr(u.search_key, ")
            .push_bind(fold(query.text.trim()))
            .push(") > 0");
    }
    if let Some(id) = &query.id {
        text.push(" AND u.id = ").push_bind(id.clone());
    }
    if let Some(group) = &query.group {
        text.push(" AND u.pk IN (SELECT m.user_pk FROM scim_member m JOIN scim_group g ON g.pk = m.group_pk")
            .push(" WHERE g.id = ")
            .push_bind(group.clone())
            .push(")");
    }
    if let Some(access) = query.access {
        if access.is_exception() {
            // A look at each of 100,000 people in three tables takes longer than a key press may;
            // few are anything but active.
            text.push(" AND u.id IN (").push(EXCEPTIONS).push(")");
        }
        text.push(" AND ").push(access.condition());
    }
}

/// The tables that the conditions need: a count of all people needs no look at accounts and work.
fn joined(query: &PeopleQuery) -> &'static str {
    if query.access.is_some() { JOINED } else { "" }
}

fn count(tenant: &Tenant, query: &PeopleQuery) -> QueryBuilder<Sqlite> {
    let mut text = sql::build(format!("SELECT count(*) FROM scim_user u {} WHERE ", joined(query)));
    push_conditions(&mut text, tenant, query);
    text
}

/// The rows of a page, and one more that tells whether there is a next page.
///
/// The page is found in the index `scim_user_shown` alone, and only its rows are read whole: among
/// 100,000 people that is half the time of looking for a text in the table itself.
fn page(tenant: &Tenant, query: &PeopleQuery) -> QueryBuilder<Sqlite> {
    let mut text = sql::build(format!(
        "SELECT {USER_COLUMNS}, u.user_name_key, a.grafana_id, a.origin, a.deprovisioned_by, a.holds, a.deferred, a.synced_ms, \
         w.state AS work_state, w.attention, s.state AS management_state, {STILL_OPEN} AS still_open, {WANTED_OPEN} AS wanted_open, \
         b.decided_by AS kept_open_by FROM (SELECT u.pk FROM scim_user u {} WHERE ",
        joined(query)
    ));
    push_conditions(&mut text, tenant, query);
    if let Some(after) = &query.after {
        text.push(" AND u.user_name_key > ").push_bind(after.clone());
    }
    text.push(" ORDER BY u.user_name_key LIMIT ")
        .push_bind(query.count + 1)
        .push(format!(
            ") found CROSS JOIN scim_user u ON u.pk = found.pk {JOINED} ORDER BY u.user_name_key"
        ));
    text
}

fn tally() -> QueryBuilder<Sqlite> {
    // A person without access must be out: only those few are looked up in the other tables.
    let inactive = |access: AccessState| {
        format!(
            "(SELECT count(*) FROM scim_user u {JOINED} WHERE u.org_id = $1 AND u.connection = $2 \
             AND u.id IN ({MUST_BE_OUT}) AND {})",
            access.condition()
        )
    };
    let (closed, may_return) = (inactive(AccessState::Closed), inactive(AccessState::MayReturn));
    // Who is deleted at the provider has no row of its own: what is remembered of the account, or the
    // mark alone.
    let still_open = format!(
        "SELECT coalesce(w.since_ms, a.synced_ms, u.modified_ms) AS since_ms FROM scim_user u {JOINED} \
           WHERE u.org_id = $1 AND u.connection = $2 AND u.id IN ({MUST_BE_OUT}) AND {} \
         UNION ALL SELECT coalesce(w.since_ms, a.synced_ms) FROM account a \
           LEFT JOIN work w ON w.org_id = a.org_id AND w.connection = a.connection AND w.kind = 'User' AND w.id = a.user_id \
           WHERE a.org_id = $1 AND a.connection = $2 AND a.seen_closed_ms IS NULL \
           AND (a.grafana_id IS NOT NULL OR w.id IS NOT NULL) \
           AND NOT EXISTS (SELECT 1 FROM scim_user u WHERE u.id = a.user_id) \
           AND NOT EXISTS (SELECT 1 FROM management s WHERE s.user_id = a.user_id AND s.state = 'unmanaged') \
           AND NOT EXISTS (SELECT 1 FROM brake b WHERE b.subject = a.user_id AND b.kind = 'close' AND b.state = 'rejected') \
         UNION ALL SELECT w.since_ms FROM work w WHERE w.org_id = $1 AND w.connection = $2 AND w.kind = 'User' AND w.urgent \
           AND NOT EXISTS (SELECT 1 FROM scim_user u WHERE u.id = w.id) \
           AND NOT EXISTS (SELECT 1 FROM account a WHERE a.user_id = w.id)",
        AccessState::NotClosed.condition()
    );
    sql::build(format!(
        "WITH still_open AS ({still_open}) SELECT {closed} AS closed, {may_return} AS closed_may_return, \
         (SELECT count(*) FROM scim_user WHERE org_id = $1 AND connection = $2) AS users, \
         (SELECT count(*) FROM scim_user WHERE org_id = $1 AND connection = $2 AND active) AS users_active, \
         (SELECT count(*) FROM account a JOIN scim_user u ON u.id = a.user_id WHERE a.org_id = $1 AND a.connection = $2 AND a.origin = 'provisioned' \
           AND a.grafana_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM management s WHERE s.user_id = a.user_id AND s.state = 'unmanaged')) AS provisioned, \
         (SELECT count(*) FROM account a JOIN scim_user u ON u.id = a.user_id WHERE a.org_id = $1 AND a.connection = $2 AND a.origin = 'claimed' \
           AND a.grafana_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM management s WHERE s.user_id = a.user_id AND s.state = 'unmanaged')) AS claimed, \
         (SELECT count(*) FROM scim_group WHERE org_id = $1 AND connection = $2) AS groups, \
         (SELECT count(*) FROM scim_group g WHERE org_id = $1 AND connection = $2 AND EXISTS \
           (SELECT 1 FROM mapping m WHERE m.org_id = $1 AND m.connection = $2 AND m.group_id = g.id)) AS groups_mapped, \
         (SELECT count(*) FROM work WHERE org_id = $1 AND connection = $2 AND state = 'pending') AS pending, \
         (SELECT count(*) FROM still_open) AS closing, \
         (SELECT count(DISTINCT subject) FROM brake WHERE org_id = $1 AND connection = $2 AND state = 'held') AS held, \
         (SELECT min(since_ms) FROM still_open) AS oldest_closing_ms, \
         (SELECT min(since_ms) FROM work WHERE org_id = $1 AND connection = $2 AND state = 'pending') AS oldest_ms, \
         (SELECT count(*) FROM work WHERE org_id = $1 AND connection = $2 AND state = 'blocked') AS attention",
    ))
}

/// Every state of access, each with and without the other conditions.
#[cfg(test)]
pub(crate) fn samples() -> Vec<String> {
    let tenant = Tenant::of_org(domain::OrgId::new(1));
    let text = || Some("x".to_owned());
    let mut texts = vec![tally().into_string()];
    for access in AccessState::ALL.map(Some).into_iter().chain([None]) {
        let all = PeopleQuery {
            access,
            ..PeopleQuery::default()
        };
        let some = PeopleQuery {
            text: "x".to_owned(),
            after: text(),
            id: text(),
            group: text(),
            ..all.clone()
        };
        for query in [all, some] {
            texts.push(count(&tenant, &query).into_string());
            texts.push(page(&tenant, &query).into_string());
        }
    }
    texts
}

impl Store {
    /// People by userName, with how many match in all and where the next page begins.
    pub async fn people(&self, tenant: &Tenant, query: &PeopleQuery) -> Result<(i64, Vec<PersonRow>, Option<String>)> {
        let total = match query.total {
            Some(total) => total,
            None => {
                let mut count = count(tenant, query);
                count.build_query_scalar().fetch_one(&self.read).await?
            }
        };
        let mut select = page(tenant, query);
        let mut rows = select.build().fetch_all(&self.read).await?;
        let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > query.count;
        rows.truncate(usize::try_from(query.count).unwrap_or(usize::MAX));
        let next = match rows.last().filter(|_| more) {
            Some(row) => Some(row.try_get("user_name_key")?),
            None => None,
        };
        let mut people = rows
            .iter()
            .map(PersonRow::from_row)
            .collect::<std::result::Result<Vec<_>, _>>()?;
        let ids: Vec<String> = people.iter().map(|p| p.user.id.clone()).collect();
        let mut groups: HashMap<_, _> = self.groups_of(&ids).await?;
        for person in &mut people {
            let refs = groups.remove(&person.user.id).unwrap_or_default();
            person.groups = refs.into_iter().map(|g| g.display).collect();
        }
        Ok((total, people, next))
    }

    /// Every group by displayName.
    pub async fn group_summaries(&self, tenant: &Tenant) -> Result<Vec<GroupSummary>> {
        Ok(GROUP_SUMMARIES
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?)
    }

    /// Resources that wait for an admin, oldest first.
    pub async fn attention_rows(&self, tenant: &Tenant, limit: i64) -> Result<Vec<AttentionRow>> {
        Ok(ATTENTION
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .bind(limit)
            .fetch_all(&self.read)
            .await?)
    }

    /// The counts of the overview, in one read.
    pub async fn tally(&self, tenant: &Tenant) -> Result<Tally> {
        Ok(tally()
            .build_query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_one(&self.read)
            .await?)
    }
}

#[cfg(test)]
mod tests;
