//! Rows as records.
//!
//! Owns: reading, for every table. Must never write, or decide anything. Start at [`code`].

use domain::{MappingId, OrgId, TeamId, Tenant, UserId, account::History, attention::Attention};
use serde::de::DeserializeOwned;
use sqlx::{FromRow, Row as _, sqlite::SqliteRow};

use super::{
    AccountRecord, ActivityLine, AttentionRow, Attribute, GroupRecord, GroupSummary, Management, MappingRecord,
    PersonRow, TeamMembership, UserRecord, Waiting, Work,
    codes::{Code, WorkState},
    document,
    error::Unreadable,
};

type Result<T> = std::result::Result<T, sqlx::Error>;

fn unreadable(what: &'static str) -> sqlx::Error {
    sqlx::Error::Decode(Box::new(Unreadable(what)))
}

/// The code in a column.
pub(super) fn code<T: Code>(row: &SqliteRow, column: &str) -> Result<T> {
    T::from_code(row.try_get(column)?).ok_or_else(|| unreadable(T::WHAT))
}

/// The code in a column that may be NULL.
pub(super) fn code_or_null<T: Code>(row: &SqliteRow, column: &str) -> Result<Option<T>> {
    let text: Option<&str> = row.try_get(column)?;
    text.map(|text| T::from_code(text).ok_or_else(|| unreadable(T::WHAT)))
        .transpose()
}

/// The codes in a JSON array.
fn attributes(text: &str) -> Result<Vec<Attribute>> {
    serde_json::from_str(text).map_err(|_| unreadable("list of attributes"))
}

fn tenant(row: &SqliteRow) -> Result<Tenant> {
    Ok(Tenant {
        org_id: OrgId::new(row.try_get("org_id")?),
        connection: row.try_get("connection")?,
    })
}

/// A record with the number that SQLite gave its row.
pub(super) struct Keyed<T> {
    pub(super) pk: i64,
    pub(super) record: T,
}

impl<'r, T: FromRow<'r, SqliteRow>> FromRow<'r, SqliteRow> for Keyed<T> {
    fn from_row(row: &'r SqliteRow) -> Result<Self> {
        Ok(Self {
            pk: row.try_get("pk")?,
            record: T::from_row(row)?,
        })
    }
}

impl FromRow<'_, SqliteRow> for UserRecord {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            document: document::parse(row.try_get("document")?).ok_or_else(|| unreadable(document::WHAT))?,
            version: row.try_get("version")?,
            created_ms: row.try_get("created_ms")?,
            modified_ms: row.try_get("modified_ms")?,
        })
    }
}

impl FromRow<'_, SqliteRow> for GroupRecord {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            document: document::parse(row.try_get("document")?).ok_or_else(|| unreadable(document::WHAT))?,
            version: row.try_get("version")?,
            created_ms: row.try_get("created_ms")?,
            modified_ms: row.try_get("modified_ms")?,
        })
    }
}

impl FromRow<'_, SqliteRow> for Work {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        Ok(Self {
            tenant: tenant(row)?,
            kind: code(row, "kind")?,
            id: row.try_get("id")?,
            generation: row.try_get("generation")?,
            closing: row.try_get("urgent")?,
            since_ms: row.try_get("since_ms")?,
            attempts: row.try_get("attempts")?,
            correlation: row.try_get("correlation")?,
            told: problem(row)?,
        })
    }
}

impl FromRow<'_, SqliteRow> for AccountRecord {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        Ok(Self {
            user_id: row.try_get("user_id")?,
            tenant: tenant(row)?,
            grafana_id: row.try_get::<Option<i64>, _>("grafana_id")?.map(UserId::new),
            origin: code(row, "origin")?,
            login: row.try_get("login")?,
            history: History {
                authority: code(row, "authority")?,
                own_org: row.try_get::<Option<i64>, _>("own_org")?.map(OrgId::new),
                seen_inside: row.try_get("seen_inside")?,
                closed_by_hand: row.try_get("closed_by_hand")?,
                rejoined_ms: row.try_get("rejoined_ms")?,
            },
            deprovisioned_by: code_or_null(row, "deprovisioned_by")?,
            holds: row.try_get("holds")?,
            snapshot: row.try_get("snapshot")?,
            deferred: attributes(row.try_get("deferred")?)?,
            synced_ms: row.try_get("synced_ms")?,
            seen_closed_ms: row.try_get("seen_closed_ms")?,
            external_id: row.try_get("external_id")?,
            gone_ms: row.try_get("gone_ms")?,
            renew_password: row.try_get("renew_password")?,
        })
    }
}

impl FromRow<'_, SqliteRow> for TeamMembership {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        Ok(Self {
            login: row.try_get("login")?,
            grafana_id: row.try_get::<Option<i64>, _>("grafana_id")?.map(UserId::new),
            suspended: row.try_get("suspended")?,
            active: row.try_get("active")?,
            admin: row.try_get("admin")?,
        })
    }
}

impl FromRow<'_, SqliteRow> for Management {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        Ok(Self {
            state: code(row, "state")?,
            grafana_id: UserId::new(row.try_get("grafana_id")?),
            login: row.try_get("login")?,
            keep_password: row.try_get("keep_password")?,
        })
    }
}

impl FromRow<'_, SqliteRow> for MappingRecord {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        Ok(Self {
            id: MappingId::new(row.try_get("id")?),
            tenant: tenant(row)?,
            group_id: row.try_get("group_id")?,
            group_name: row.try_get("group_name")?,
            team_id: row.try_get::<Option<i64>, _>("team_id")?.map(TeamId::new),
            team_name: row.try_get("team_name")?,
            admins: row.try_get("admins")?,
            remove_others: row.try_get("remove_others")?,
            paused: row.try_get("paused")?,
            origin: code(row, "origin")?,
        })
    }
}

impl FromRow<'_, SqliteRow> for ActivityLine {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        Ok(Self {
            tenant: tenant(row)?,
            at_ms: row.try_get("at_ms")?,
            source: code(row, "source")?,
            actor: row.try_get("actor")?,
            action: code(row, "action")?,
            target_kind: code(row, "target_kind")?,
            target_id: row.try_get("target_id")?,
            target_name: row.try_get("target_name")?,
            outcome: code(row, "outcome")?,
            reason: row.try_get("reason")?,
            duration_ms: row.try_get("duration_ms")?,
            correlation: row.try_get("correlation")?,
        })
    }
}

/// Why the last attempt did not succeed: `work.attention`.
fn problem<T: DeserializeOwned>(row: &SqliteRow) -> Result<Option<T>> {
    let text: Option<&str> = row.try_get("attention")?;
    text.map(|text| serde_json::from_str(text).map_err(|_| unreadable("reason of a failure")))
        .transpose()
}

fn attention(row: &SqliteRow) -> Result<Attention> {
    problem(row)?.ok_or_else(|| unreadable("reason of a failure"))
}

/// How a resource waits: columns of `work`, joined.
fn waiting(row: &SqliteRow) -> Result<Option<Waiting>> {
    let Some(state) = code_or_null::<WorkState>(row, "work_state")? else {
        return Ok(None);
    };
    Ok(Some(match state {
        WorkState::Pending => Waiting::Pending(problem(row)?),
        WorkState::Blocked => Waiting::Blocked(attention(row)?),
    }))
}

impl FromRow<'_, SqliteRow> for PersonRow {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        let account: Option<i64> = row.try_get("grafana_id")?;
        let origin = code_or_null(row, "origin")?;
        let deferred: Option<&str> = row.try_get("deferred")?;
        let holds = row.try_get("holds")?;
        Ok(Self {
            user: UserRecord::from_row(row)?,
            account: account.map(UserId::new).zip(origin),
            closed: code_or_null(row, "deprovisioned_by")?.map(|by| (by, holds)),
            still_open: row.try_get("still_open")?,
            kept_open_by: row.try_get("kept_open_by")?,
            wanted_open: row.try_get("wanted_open")?,
            deferred: deferred.map(attributes).transpose()?.unwrap_or_default(),
            synced_ms: row.try_get("synced_ms")?,
            waiting: waiting(row)?,
            management: code_or_null(row, "management_state")?,
            groups: Vec::new(),
        })
    }
}

impl FromRow<'_, SqliteRow> for GroupSummary {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        Ok(Self {
            id: row.try_get("id")?,
            display_name: row.try_get("display_name")?,
            members: row.try_get("members")?,
            waiting: waiting(row)?,
        })
    }
}

impl FromRow<'_, SqliteRow> for AttentionRow {
    fn from_row(row: &SqliteRow) -> Result<Self> {
        Ok(Self {
            kind: code(row, "kind")?,
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            attention: attention(row)?,
            since_ms: row.try_get("since_ms")?,
            still_open: row.try_get("still_open")?,
        })
    }
}
