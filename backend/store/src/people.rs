//! What the admin page lists and counts.
//!
//! Owns: read-only joins over resources, accounts, mappings and the queue. Must never be used to decide a change.
//! Start at [`Store::people`] and [`Store::tally`].

mod access_state;
mod counts;

use std::collections::HashMap;

use domain::{
    Tenant,
    attention::{Attention, Problem},
    settings::Rung,
};
use scim::key::fold;
use sqlx::{QueryBuilder, Row, Sqlite, sqlite::SqliteRow};

use access_state::{EXCEPTIONS, JOINED, Standing};

use super::{
    AccountOrigin, Attribute, Kind, Result, StewardshipState, Store, UserRecord, accounts::read_rung,
    document::read_json, stewardship, users, work,
};

/// Which people to list.
#[derive(Clone, Debug, Default)]
pub struct PeopleQuery {
    /// Text in userName, name or e-mail.
    pub text: String,
    /// The userName (folded) the page begins after.
    pub after: Option<String>,
    /// How many at most.
    pub count: i64,
    /// The one person with this SCIM id.
    pub id: Option<String>,
    /// Only the members of the group with this SCIM id.
    pub group: Option<String>,
    /// How many match, where that is known ([`Store::access_counts`]) and need not be counted again.
    pub total: Option<i64>,
    standing: Option<Standing>,
}

impl PeopleQuery {
    /// Only people with this access, by its name in the API; `None` if there is no such access.
    #[must_use]
    pub fn with_access(mut self, name: &str) -> Option<Self> {
        self.standing = Some(Standing::ALL.into_iter().find(|standing| standing.name() == name)?);
        Some(self)
    }
}

/// How a resource waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Waiting {
    /// For its turn; why the last attempt did not succeed, if there was one.
    Pending(Option<Problem>),
    /// For a person.
    Blocked(Attention),
}

impl Waiting {
    /// What a person must look at.
    #[must_use]
    pub const fn attention(&self) -> Option<&Attention> {
        match self {
            Self::Blocked(attention) => Some(attention),
            Self::Pending(_) => None,
        }
    }
}

/// One person with everything the list shows.
#[derive(Clone, Debug)]
pub struct PersonRow {
    /// The SCIM user.
    pub user: UserRecord,
    /// Grafana's id and where the account came from.
    pub account: Option<(i64, AccountOrigin)>,
    /// The rung that closed it in Grafana, and whether that holds.
    pub closed: Option<(Rung, Option<bool>)>,
    /// Attributes that wait for the next sign-in.
    pub deferred: Vec<Attribute>,
    /// When Grafana was last made to match.
    pub synced_ms: Option<i64>,
    /// How it waits.
    pub waiting: Option<Waiting>,
    /// What an admin decided about the account, or is asked.
    pub stewardship: Option<StewardshipState>,
    /// Display names of its groups.
    pub groups: Vec<String>,
}

/// One group with everything the list shows, but for its mappings.
#[derive(Clone, Debug)]
pub struct GroupSummary {
    /// SCIM id.
    pub id: String,
    /// displayName.
    pub display_name: String,
    /// How many members.
    pub members: i64,
    /// How it waits.
    pub waiting: Option<Waiting>,
}

/// One thing that needs a person.
#[derive(Clone, Debug)]
pub struct AttentionRow {
    /// What kind of resource.
    pub kind: Kind,
    /// SCIM id.
    pub id: String,
    /// Its name, or what is known of it when the resource is gone.
    pub name: String,
    /// What.
    pub attention: Attention,
    /// Since when.
    pub since_ms: i64,
}

/// How many of each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, sqlx::FromRow)]
pub struct Tally {
    /// SCIM users.
    pub users: i64,
    /// …active.
    pub users_active: i64,
    /// …closed, as the list of people filters them.
    pub closed: i64,
    /// …closed, in a way that a sign-in can undo.
    pub closed_may_return: i64,
    /// Accounts we made, of users that exist and were not released.
    pub provisioned: i64,
    /// Accounts that were there before, likewise.
    pub claimed: i64,
    /// SCIM groups.
    pub groups: i64,
    /// …with a team.
    pub groups_mapped: i64,
    /// Waiting resources.
    pub pending: i64,
    /// …of them people to be closed.
    pub closing: i64,
    /// Since when the oldest waits.
    pub oldest_ms: Option<i64>,
    /// Resources that wait for a person.
    pub attention: i64,
}

fn waiting(row: &SqliteRow) -> Result<Option<Waiting>> {
    match row.try_get("work_state")? {
        None => Ok(None),
        Some("blocked") => Ok(Some(Waiting::Blocked(attention(row)?))),
        Some(_) => {
            let last: Option<&str> = row.try_get("attention")?;
            let last = last.map(|json| read_json(json, "reason why something waits"));
            Ok(Some(Waiting::Pending(last.transpose()?)))
        }
    }
}

fn attention(row: &SqliteRow) -> Result<Attention> {
    read_json(row.try_get("attention")?, "reason why a person is needed")
}

impl Store {
    /// People by userName, with how many match in all and where the next page begins.
    pub async fn people(&self, tenant: &Tenant, query: &PeopleQuery) -> Result<(i64, Vec<PersonRow>, Option<String>)> {
        let matching = |q: &mut QueryBuilder<Sqlite>| {
            q.push("u.org_id = ")
                .push_bind(tenant.org_id)
                .push(" AND u.connection = ")
                .push_bind(tenant.connection.clone());
            if !query.text.trim().is_empty() {
                q.push(" AND instr(u.search_key, ")
                    .push_bind(fold(query.text.trim()))
                    .push(") > 0");
            }
            if let Some(id) = &query.id {
                q.push(" AND u.id = ").push_bind(id.clone());
            }
            if let Some(group) = &query.group {
                q.push(" AND u.pk IN (SELECT m.user_pk FROM scim_member m JOIN scim_group g ON g.pk = m.group_pk WHERE g.id = ")
                    .push_bind(group.clone())
                    .push(")");
            }
            if let Some(standing) = query.standing {
                if standing.is_exception() {
                    // Looking each of 100,000 up in three tables takes longer than a key press may; few are anything but active.
                    q.push(" AND u.id IN (").push(EXCEPTIONS).push(")");
                }
                q.push(" AND ").push(standing.condition());
            }
        };
        // Counting everybody needs no look at each one's account and work.
        let joined = if query.standing.is_some() { JOINED } else { "" };
        let total = match query.total {
            Some(total) => total,
            None => {
                let mut count =
                    QueryBuilder::<Sqlite>::new(format!("SELECT count(*) FROM scim_user u {joined} WHERE "));
                matching(&mut count);
                count.build_query_scalar().fetch_one(&self.read).await?
            }
        };

        // The page is found in the index `scim_user_shown` alone, and only its rows are read whole: among 100,000 people that is half the
        // time of looking for a text in the table itself.
        let mut select = QueryBuilder::<Sqlite>::new(format!(
            "SELECT {}, u.user_name_key, a.grafana_id, a.origin, a.closed_by, a.holds, a.deferred, a.synced_ms, w.state AS work_state, w.attention, s.state \
             FROM (SELECT u.pk FROM scim_user u {joined} WHERE ",
            users::COLUMNS
        ));
        matching(&mut select);
        if let Some(after) = &query.after {
            select.push(" AND u.user_name_key > ").push_bind(after);
        }
        select
            .push(" ORDER BY u.user_name_key LIMIT ")
            .push_bind(query.count + 1)
            .push(format!(
                ") found CROSS JOIN scim_user u ON u.pk = found.pk {JOINED} ORDER BY u.user_name_key"
            ));
        let mut rows = select.build().fetch_all(&self.read).await?;
        let more = i64::try_from(rows.len()).unwrap_or(i64::MAX) > query.count;
        rows.truncate(usize::try_from(query.count).unwrap_or(usize::MAX));
        let next = match rows.last().filter(|_| more) {
            Some(row) => Some(row.try_get("user_name_key")?),
            None => None,
        };
        let mut people = Vec::with_capacity(rows.len());
        for row in &rows {
            let origin: Option<&str> = row.try_get("origin")?;
            let grafana_id: Option<i64> = row.try_get("grafana_id")?;
            let closed_by: Option<&str> = row.try_get("closed_by")?;
            people.push(PersonRow {
                user: users::record(row)?,
                account: grafana_id.map(|id| {
                    (
                        id,
                        if origin == Some("claimed") {
                            AccountOrigin::Claimed
                        } else {
                            AccountOrigin::Provisioned
                        },
                    )
                }),
                closed: match closed_by {
                    Some(rung) => Some((read_rung(rung)?, row.try_get("holds")?)),
                    None => None,
                },
                deferred: row
                    .try_get::<Option<&str>, _>("deferred")?
                    .map_or(Ok(Vec::new()), |json| read_json(json, "list of attributes"))?,
                synced_ms: row.try_get("synced_ms")?,
                waiting: waiting(row)?,
                stewardship: row
                    .try_get::<Option<&str>, _>("state")?
                    .map(stewardship::read_state)
                    .transpose()?,
                groups: Vec::new(),
            });
        }
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
        let rows = sqlx::query(
            "SELECT g.id, g.display_name, (SELECT count(*) FROM scim_member m WHERE m.group_pk = g.pk) AS members, \
             w.state AS work_state, w.attention FROM scim_group g \
             LEFT JOIN work w ON w.org_id = g.org_id AND w.connection = g.connection AND w.kind = 'Group' AND w.id = g.id \
             WHERE g.org_id = $1 AND g.connection = $2 ORDER BY g.display_key",
        )
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(GroupSummary {
                    id: row.try_get("id")?,
                    display_name: row.try_get("display_name")?,
                    members: row.try_get("members")?,
                    waiting: waiting(row)?,
                })
            })
            .collect()
    }

    /// What needs a person, oldest first.
    pub async fn attention_rows(&self, tenant: &Tenant, limit: i64) -> Result<Vec<AttentionRow>> {
        let rows = sqlx::query(
            "SELECT w.kind, w.id, w.attention, w.since_ms, coalesce(u.user_name, g.display_name, a.login, w.id) AS name \
             FROM work w LEFT JOIN scim_user u ON w.kind = 'User' AND u.id = w.id \
             LEFT JOIN scim_group g ON w.kind = 'Group' AND g.id = w.id LEFT JOIN account a ON a.user_id = w.id \
             WHERE w.org_id = $1 AND w.connection = $2 AND w.state = 'blocked' ORDER BY w.since_ms, w.id LIMIT $3",
        )
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .bind(limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter()
            .map(|row| {
                Ok(AttentionRow {
                    kind: work::kind(row.try_get("kind")?)?,
                    id: row.try_get("id")?,
                    name: row.try_get("name")?,
                    attention: attention(row)?,
                    since_ms: row.try_get("since_ms")?,
                })
            })
            .collect()
    }

    /// How many of each, in one read.
    pub async fn tally(&self, tenant: &Tenant) -> Result<Tally> {
        // Who is closed is inactive: only those few are looked up in the other tables.
        let inactive = |standing: Standing| {
            format!(
                "(SELECT count(*) FROM scim_user u {JOINED} WHERE u.org_id = $1 AND u.connection = $2 AND NOT u.active AND {})",
                standing.condition()
            )
        };
        let (closed, may_return) = (inactive(Standing::Closed), inactive(Standing::MayReturn));
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(format!(
            "SELECT {closed} AS closed, {may_return} AS closed_may_return, \
             (SELECT count(*) FROM scim_user WHERE org_id = $1 AND connection = $2) AS users, \
             (SELECT count(*) FROM scim_user WHERE org_id = $1 AND connection = $2 AND active) AS users_active, \
             (SELECT count(*) FROM account a JOIN scim_user u ON u.id = a.user_id WHERE a.org_id = $1 AND a.connection = $2 AND a.origin = 'provisioned' \
               AND a.grafana_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM stewardship s WHERE s.user_id = a.user_id AND s.state = 'released')) AS provisioned, \
             (SELECT count(*) FROM account a JOIN scim_user u ON u.id = a.user_id WHERE a.org_id = $1 AND a.connection = $2 AND a.origin = 'claimed' \
               AND a.grafana_id IS NOT NULL AND NOT EXISTS (SELECT 1 FROM stewardship s WHERE s.user_id = a.user_id AND s.state = 'released')) AS claimed, \
             (SELECT count(*) FROM scim_group WHERE org_id = $1 AND connection = $2) AS groups, \
             (SELECT count(*) FROM scim_group g WHERE org_id = $1 AND connection = $2 AND EXISTS \
               (SELECT 1 FROM mapping m WHERE m.org_id = $1 AND m.connection = $2 AND m.group_id = g.id)) AS groups_mapped, \
             (SELECT count(*) FROM work WHERE org_id = $1 AND connection = $2 AND state = 'pending') AS pending, \
             (SELECT count(*) FROM work WHERE org_id = $1 AND connection = $2 AND state = 'pending' AND closing AND kind = 'User') \
               AS closing, \
             (SELECT min(since_ms) FROM work WHERE org_id = $1 AND connection = $2 AND state = 'pending') AS oldest_ms, \
             (SELECT count(*) FROM work WHERE org_id = $1 AND connection = $2 AND state = 'blocked') AS attention",
        )))
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .fetch_one(&self.read)
        .await?)
    }
}

#[cfg(test)]
mod tests;
