//! The log: one line per SCIM write or refusal, and per change made in Grafana.
//!
//! Owns: the table `activity`. Must never hold a secret or a request body: lines are made of
//! fields, so there is nothing to redact. Start at [`Store::record`].

use domain::{OrgId, Tenant};
use sqlx::{FromRow as _, QueryBuilder, Row as _, Sqlite, SqliteConnection, sqlite::SqliteRow};

use super::{
    Action, ActivityLine, Outcome, Result, Source, Store, TargetKind, WriteContext,
    codes::Code,
    sql::{self, statements},
};

statements! {
    INSERT =
        "INSERT INTO activity (org_id, connection, at_ms, source, actor, action, target_kind, \
         target_id, target_name, outcome, reason, duration_ms, correlation) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    LAST_CALLERS =
        "SELECT actor, max(at_ms) FROM activity WHERE org_id = $1 AND source = 'scim' \
         GROUP BY actor ORDER BY 2 DESC LIMIT 10";
    REQUESTS_BY_HOUR =
        "SELECT at_ms / 3600000 AS hour, count(*) AS requests, count(CASE WHEN outcome = 'done' \
         THEN NULL ELSE 1 END) AS failed FROM activity \
         WHERE org_id = $1 AND source = 'scim' AND at_ms >= $2 AND at_ms < $3 GROUP BY 1 \
         ORDER BY 1";
    PRUNE =
        "DELETE FROM activity WHERE id IN (SELECT id FROM activity \
         WHERE org_id = $1 AND at_ms < $2 ORDER BY at_ms LIMIT $3)";
}

/// A page of the log, newest first, each line with its id.
#[derive(Clone, Debug)]
pub struct ActivityPage {
    /// The lines.
    pub lines: Vec<(i64, ActivityLine)>,
    /// Where the next page begins.
    pub next: Option<i64>,
}

/// Which lines to read. A field that is `None` does not narrow.
#[derive(Clone, Debug, Default)]
pub struct ActivityQuery {
    /// Only lines older than this one.
    pub after: Option<i64>,
    /// At most so many.
    pub count: i64,
    /// About this target.
    pub target: Option<String>,
    /// With this outcome.
    pub outcome: Option<Outcome>,
    /// From this half of the product.
    pub source: Option<Source>,
    /// By this caller, exactly.
    pub actor: Option<String>,
    /// With an action that begins with this text.
    pub action: Option<String>,
    /// With this correlation id.
    pub correlation: Option<String>,
    /// At or after this time.
    pub since_ms: Option<i64>,
    /// Before this time.
    pub until_ms: Option<i64>,
}

/// Requests of one hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct HourTally {
    /// Hours since the Unix epoch.
    pub hour: i64,
    /// Lines written for requests.
    pub requests: i64,
    /// Those of them that are refusals.
    pub failed: i64,
}

impl ActivityLine {
    /// A line about what a request did.
    #[must_use]
    pub fn of_request(
        ctx: &WriteContext,
        source: Source,
        action: Action,
        (target_kind, target_id, target_name): (TargetKind, &str, &str),
        outcome: Outcome,
        reason: Option<String>,
    ) -> Self {
        Self {
            tenant: ctx.tenant.clone(),
            at_ms: ctx.now_ms,
            source,
            actor: ctx.actor.clone(),
            action,
            target_kind,
            target_id: target_id.to_owned(),
            target_name: target_name.to_owned(),
            outcome,
            reason,
            duration_ms: i64::try_from(ctx.started.elapsed().as_millis()).unwrap_or(i64::MAX),
            correlation: ctx.correlation.clone(),
        }
    }
}

/// Writes a line inside the caller's transaction.
pub(super) async fn insert(tx: &mut SqliteConnection, l: &ActivityLine) -> Result<()> {
    INSERT
        .query()
        .bind(l.tenant.org_id.get())
        .bind(&l.tenant.connection)
        .bind(l.at_ms)
        .bind(l.source.code())
        .bind(&l.actor)
        .bind(l.action.code())
        .bind(l.target_kind.code())
        .bind(&l.target_id)
        .bind(&l.target_name)
        .bind(l.outcome.code())
        .bind(&l.reason)
        .bind(l.duration_ms)
        .bind(&l.correlation)
        .execute(tx)
        .await?;
    Ok(())
}

/// The lines of a page, and one more that tells whether there is a next page.
fn page(tenant: &Tenant, wanted: &ActivityQuery) -> QueryBuilder<Sqlite> {
    let mut query = sql::build("SELECT * FROM activity WHERE org_id = ");
    query
        .push_bind(tenant.org_id.get())
        .push(" AND connection = ")
        .push_bind(&tenant.connection);
    if let Some(after) = wanted.after {
        query.push(" AND id < ").push_bind(after);
    }
    if let Some(since) = wanted.since_ms {
        query.push(" AND at_ms >= ").push_bind(since);
    }
    if let Some(until) = wanted.until_ms {
        query.push(" AND at_ms < ").push_bind(until);
    }
    let words = [
        ("target_id", wanted.target.as_deref()),
        ("outcome", wanted.outcome.map(Code::code)),
        ("source", wanted.source.map(Code::code)),
        ("actor", wanted.actor.as_deref()),
        ("correlation", wanted.correlation.as_deref()),
    ];
    for (column, word) in words {
        if let Some(word) = word {
            query.push(" AND ").push(column).push(" = ").push_bind(word);
        }
    }
    if let Some(prefix) = wanted.action.as_deref() {
        // Not LIKE: no action has `_`, but the text that an admin types may.
        query
            .push(" AND substr(action, 1, length(")
            .push_bind(prefix)
            .push(")) = ")
            .push_bind(prefix);
    }
    query.push(" ORDER BY id DESC LIMIT ").push_bind(wanted.count + 1);
    query
}

/// With nothing asked for, and with everything.
#[cfg(test)]
pub(crate) fn samples() -> Vec<String> {
    let text = || Some("x".to_owned());
    let everything = ActivityQuery {
        after: Some(1),
        count: 10,
        target: text(),
        outcome: Some(Outcome::Done),
        source: Some(Source::Scim),
        actor: text(),
        action: text(),
        correlation: text(),
        since_ms: Some(1),
        until_ms: Some(2),
    };
    let wanted = [ActivityQuery::default(), everything];
    wanted
        .map(|wanted| page(&Tenant::of_org(OrgId::new(1)), &wanted).into_string())
        .to_vec()
}

impl Store {
    /// Writes lines that belong to no change of a resource: refusals, and what the engine did in
    /// Grafana.
    pub async fn record(&self, lines: &[ActivityLine]) -> Result<()> {
        match lines {
            [] => return Ok(()),
            // One statement is a transaction of its own.
            [line] => return insert(&mut *self.write.acquire().await?, line).await,
            _ => {}
        }
        let mut tx = self.begin().await?;
        for line in lines {
            insert(&mut tx, line).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A page of the log, newest first.
    pub async fn activity(&self, tenant: &Tenant, wanted: &ActivityQuery) -> Result<ActivityPage> {
        let count = wanted.count;
        let rows = page(tenant, wanted).build().fetch_all(&self.read).await?;
        let line = |row| Ok((SqliteRow::try_get(row, "id")?, ActivityLine::from_row(row)?));
        let mut lines = rows.iter().map(line).collect::<Result<Vec<_>>>()?;
        let more = i64::try_from(lines.len()).unwrap_or(i64::MAX) > count;
        lines.truncate(usize::try_from(count).unwrap_or(usize::MAX));
        let next = lines.last().map(|(id, _)| *id).filter(|_| more);
        Ok(ActivityPage { lines, next })
    }

    /// The time of each caller's last change, newest first. It names the callers from before this
    /// process.
    pub async fn last_callers(&self, org_id: OrgId) -> Result<Vec<(String, i64)>> {
        Ok(LAST_CALLERS.query_as().bind(org_id.get()).fetch_all(&self.read).await?)
    }

    /// Requests that left a line, by hour, in `[from_ms, until_ms)`: hours without one are not
    /// listed.
    pub async fn requests_by_hour(&self, org_id: OrgId, from_ms: i64, until_ms: i64) -> Result<Vec<HourTally>> {
        Ok(REQUESTS_BY_HOUR
            .query_as()
            .bind(org_id.get())
            .bind(from_ms)
            .bind(until_ms)
            .fetch_all(&self.read)
            .await?)
    }

    /// Deletes lines from before a time, at most `most` at once so that no writer waits long.
    /// Returns how many it deleted.
    pub async fn prune_activity(&self, org_id: OrgId, before_ms: i64, most: i64) -> Result<i64> {
        let done = PRUNE
            .query()
            .bind(org_id.get())
            .bind(before_ms)
            .bind(most)
            .execute(&self.write)
            .await?;
        Ok(i64::try_from(done.rows_affected()).unwrap_or(i64::MAX))
    }
}
