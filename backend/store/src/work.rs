//! Dirty marks: the engine's queue.
//!
//! Owns: the table `work`. A mark carries no payload, only "this resource changed since generation g" (design, invariant 2), so
//! a mark made while the engine works on the same resource survives. Start at [`Store::due_work`].

use domain::{
    Tenant,
    attention::{Attention, Delay, Problem},
};
use sqlx::{Row, SqliteConnection, sqlite::SqliteRow};

use super::{Error, Kind, Mark, Result, Store, Urgency, Work, document::json};

/// After so many failures a resource keeps its own back-off.
const STUMBLES: i64 = 8;

pub(super) fn kind(text: &str) -> Result<Kind> {
    text.parse().map_err(|_| Error::Unreadable {
        what: "kind of resource",
    })
}

fn work(row: &SqliteRow) -> Result<Work> {
    Ok(Work {
        tenant: Tenant {
            org_id: row.try_get("org_id")?,
            connection: row.try_get("connection")?,
        },
        kind: kind(row.try_get("kind")?)?,
        id: row.try_get("id")?,
        generation: row.try_get("generation")?,
        closing: row.try_get("closing")?,
        since_ms: row.try_get("since_ms")?,
        attempts: row.try_get("attempts")?,
        correlation: row.try_get("correlation")?,
    })
}

/// Marks inside a transaction of the caller: the resource, its mark and its log line are one commit.
///
/// The generation comes from a sequence of the whole store. A resource's own count would begin at 1 again after [`Store::finish`], and
/// a worker that is late could then finish a mark it has never seen.
pub(super) async fn mark(tx: &mut SqliteConnection, mark: &Mark<'_>) -> Result<()> {
    let generation: i64 = sqlx::query_scalar("UPDATE sequence SET last = last + 1 WHERE name = 'mark' RETURNING last")
        .fetch_one(&mut *tx)
        .await?;
    sqlx::query(
        "INSERT INTO work (org_id, connection, kind, id, generation, closing, since_ms, due_ms, attempts, correlation) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, 0, $8) \
         ON CONFLICT (org_id, connection, kind, id) DO UPDATE SET generation = excluded.generation, closing = excluded.closing, \
         due_ms = excluded.due_ms, attempts = 0, state = 'pending', attention_code = NULL, attention = NULL, correlation = excluded.correlation",
    )
    .bind(mark.tenant.org_id)
    .bind(&mark.tenant.connection)
    .bind(mark.kind.as_str())
    .bind(mark.id)
    .bind(generation)
    .bind(mark.urgency == Urgency::Urgent)
    .bind(mark.now_ms)
    .bind(mark.correlation)
    .execute(tx)
    .await?;
    Ok(())
}

/// The same as [`Store::finish`], inside the caller's transaction.
pub(super) async fn finish(tx: &mut SqliteConnection, work: &Work) -> Result<()> {
    sqlx::query("DELETE FROM work WHERE org_id = $1 AND connection = $2 AND kind = $3 AND id = $4 AND generation = $5")
        .bind(work.tenant.org_id)
        .bind(&work.tenant.connection)
        .bind(work.kind.as_str())
        .bind(&work.id)
        .bind(work.generation)
        .execute(tx)
        .await?;
    Ok(())
}

impl Store {
    /// What may be worked on now: closing first, always (invariant 4), then what is due longest. Attention rows are not due.
    pub async fn due_work(&self, now_ms: i64, limit: i64) -> Result<Vec<Work>> {
        let rows = sqlx::query(
            "SELECT * FROM work WHERE due_ms <= $1 AND state = 'pending' ORDER BY closing DESC, due_ms, since_ms, id LIMIT $2",
        )
        .bind(now_ms)
        .bind(limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(work).collect()
    }

    /// Whether somebody of an organization is to be locked out now.
    pub async fn closing_due(&self, org_id: i64, now_ms: i64) -> Result<bool> {
        Ok(sqlx::query_scalar(
            "SELECT EXISTS (SELECT 1 FROM work WHERE closing AND org_id = $1 AND due_ms <= $2 AND state = 'pending')",
        )
        .bind(org_id)
        .bind(now_ms)
        .fetch_one(&self.read)
        .await?)
    }

    /// When the next mark after `after_ms` is due. What is due already and still there waits for its organization, not for a time.
    pub async fn next_due_ms(&self, after_ms: i64) -> Result<Option<i64>> {
        Ok(
            sqlx::query_scalar("SELECT min(due_ms) FROM work WHERE state = 'pending' AND due_ms > $1")
                .bind(after_ms)
                .fetch_one(&self.read)
                .await?,
        )
    }

    /// Marks a resource as changed.
    pub async fn mark(&self, wanted: &Mark<'_>) -> Result<()> {
        let mut tx = self.begin().await?;
        mark(&mut tx, wanted).await?;
        Ok(tx.commit().await?)
    }

    /// The resource matches: the mark goes, unless it was made anew meanwhile.
    pub async fn finish(&self, work: &Work) -> Result<()> {
        finish(&mut *self.write.acquire().await?, work).await
    }

    /// The attempt failed and will be made again at `due_ms`. A mark made again meanwhile stays due.
    pub async fn retry(&self, work: &Work, due_ms: i64, delay: Delay) -> Result<()> {
        self.put_off(work, due_ms, "pending", &delay.into()).await
    }

    /// Only a person can put it right: shown, and not tried again until something changes.
    pub async fn attention(&self, work: &Work, attention: Attention) -> Result<()> {
        self.put_off(work, 0, "blocked", &attention.into()).await
    }

    async fn put_off(&self, work: &Work, due_ms: i64, state: &str, problem: &Problem) -> Result<()> {
        sqlx::query(
            "UPDATE work SET due_ms = $1, attempts = attempts + 1, state = $2, attention_code = $3, attention = $4 \
             WHERE org_id = $5 AND connection = $6 AND kind = $7 AND id = $8 AND generation = $9",
        )
        .bind(due_ms)
        .bind(state)
        .bind(problem.code())
        .bind(json(problem)?)
        .bind(work.tenant.org_id)
        .bind(&work.tenant.connection)
        .bind(work.kind.as_str())
        .bind(&work.id)
        .bind(work.generation)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Grafana is back: what waits for its turn after a failure is due now, so that a closing is not overtaken by what came after it.
    /// Not what failed again and again: it may be what Grafana stumbles over.
    pub async fn hasten(&self, org_id: i64, now_ms: i64) -> Result<()> {
        sqlx::query(
            "UPDATE work SET due_ms = $1 WHERE org_id = $2 AND state = 'pending' AND due_ms > $1 AND attempts <= $3",
        )
        .bind(now_ms)
        .bind(org_id)
        .bind(STUMBLES)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Everything that waits for a person, or for its turn after a failure, may be tried again now (a full check, or new credentials).
    pub async fn revive(&self, tenant: &Tenant, now_ms: i64) -> Result<()> {
        sqlx::query("UPDATE work SET due_ms = $1, state = 'pending' WHERE org_id = $2 AND connection = $3")
            .bind(now_ms)
            .bind(tenant.org_id)
            .bind(&tenant.connection)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// What one resource waits for a person for may have ended: it is tried again. What waits for its turn is left alone.
    pub async fn reconsider(&self, tenant: &Tenant, kind: Kind, id: &str, now_ms: i64) -> Result<()> {
        sqlx::query(
            "UPDATE work SET due_ms = $1, state = 'pending' \
             WHERE org_id = $2 AND connection = $3 AND kind = $4 AND id = $5 AND state = 'blocked'",
        )
        .bind(now_ms)
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .bind(kind.as_str())
        .bind(id)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// A person asks for another attempt now: the mark is due and waits for nobody. `None`: the resource is not known; else its name
    /// and whether anything waited.
    pub async fn retry_now(
        &self,
        tenant: &Tenant,
        kind: Kind,
        id: &str,
        now_ms: i64,
    ) -> Result<Option<(String, bool)>> {
        let mut tx = self.begin().await?;
        let Some(known) = known(&mut tx, tenant, kind, id).await? else {
            return Ok(None);
        };
        // The generation stays: an attempt under way counts for it.
        let done = sqlx::query(
            "UPDATE work SET due_ms = $1, state = 'pending' WHERE org_id = $2 AND connection = $3 AND kind = $4 AND id = $5",
        )
        .bind(now_ms)
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .bind(kind.as_str())
        .bind(id)
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(Some((known.name, done.rows_affected() > 0)))
    }

    /// A person asks to compare one resource with Grafana: it is marked as if it had changed. `None`: it is not known; else its name.
    pub async fn resync(
        &self,
        tenant: &Tenant,
        kind: Kind,
        id: &str,
        correlation: &str,
        now_ms: i64,
    ) -> Result<Option<String>> {
        let mut tx = self.begin().await?;
        let Some(known) = known(&mut tx, tenant, kind, id).await? else {
            return Ok(None);
        };
        let wanted = Mark {
            tenant,
            kind,
            id,
            urgency: known.urgency,
            correlation,
            now_ms,
        };
        mark(&mut tx, &wanted).await?;
        tx.commit().await?;
        Ok(Some(known.name))
    }
}

struct Known {
    name: String,
    /// Urgent for a person who must not have access.
    urgency: Urgency,
}

/// What is known of a resource, also of one that the provider has deleted and that is not, or was never, closed in Grafana.
async fn known(tx: &mut SqliteConnection, tenant: &Tenant, kind: Kind, id: &str) -> Result<Option<Known>> {
    let sql = match kind {
        Kind::User => {
            "SELECT 1 AS rank, user_name AS name, NOT active AS closing FROM scim_user WHERE id = $1 AND org_id = $2 AND connection = $3 \
             UNION ALL SELECT 2, login, true FROM account WHERE user_id = $1 AND org_id = $2 AND connection = $3 \
             UNION ALL SELECT 3, id, closing FROM work WHERE kind = 'User' AND id = $1 AND org_id = $2 AND connection = $3 ORDER BY rank LIMIT 1"
        }
        Kind::Group => {
            "SELECT 1 AS rank, display_name AS name, false AS closing FROM scim_group WHERE id = $1 AND org_id = $2 AND connection = $3 \
             UNION ALL SELECT 2, group_name, false FROM mapping WHERE group_id = $1 AND org_id = $2 AND connection = $3 \
             UNION ALL SELECT 3, id, closing FROM work WHERE kind = 'Group' AND id = $1 AND org_id = $2 AND connection = $3 ORDER BY rank LIMIT 1"
        }
    };
    let row = sqlx::query(sql)
        .bind(id)
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .fetch_optional(tx)
        .await?;
    row.map(|row| {
        Ok(Known {
            name: row.try_get("name")?,
            urgency: Urgency::of_access(!row.try_get::<bool, _>("closing")?),
        })
    })
    .transpose()
}

#[cfg(test)]
mod tests {
    use domain::Tenant;

    use super::{Kind, Mark, Store, Urgency};

    #[tokio::test]
    async fn a_stale_finish_leaves_a_newer_mark() {
        let store = Store::in_memory().await.unwrap();
        let tenant = Tenant::of_org(1);
        let mut mark = Mark {
            tenant: &tenant,
            kind: Kind::User,
            id: "u1",
            urgency: Urgency::Normal,
            correlation: "c1",
            now_ms: 1,
        };
        store.mark(&mark).await.unwrap();
        let first = store.due_work(1, 10).await.unwrap().remove(0);
        store.finish(&first).await.unwrap();
        mark.urgency = Urgency::Urgent;
        store.mark(&mark).await.unwrap();
        store.finish(&first).await.unwrap();
        let due = store.due_work(2, 10).await.unwrap();
        assert!(due.len() == 1 && due[0].closing, "{due:?}");
    }
}
