//! Dirty marks: the engine's queue.
//!
//! Owns: the table `work`. A mark carries no payload, only "this resource changed since generation
//! g" (invariant 2), so a mark made while the engine works on the same resource survives. Start at
//! [`Store::due_work`].

use domain::{
    OrgId, Tenant,
    attention::{Attention, Delay, Problem},
};
use sqlx::SqliteConnection;

use super::{
    Error, Kind, Mark, Result, Store, Urgency, Work,
    codes::{Code as _, WorkState},
    sql::statements,
};

statements! {
    // A question about another account than the linked one stays a question.
    APPROVE_LINKED =
        "INSERT INTO management (user_id, org_id, connection, state, grafana_id, login) \
         SELECT user_id, org_id, connection, 'approved', grafana_id, login FROM account \
         WHERE user_id = $1 AND grafana_id IS NOT NULL ON CONFLICT (user_id) DO UPDATE \
         SET state = 'approved' WHERE management.state = 'needs_approval' \
         AND management.grafana_id = excluded.grafana_id";
    KNOWN_USER =
        "SELECT 1 AS rank, user_name AS name, NOT active AS urgent FROM scim_user \
         WHERE id = $1 AND org_id = $2 AND connection = $3 UNION ALL SELECT 2, login, true \
         FROM account WHERE user_id = $1 AND org_id = $2 AND connection = $3 \
         UNION ALL SELECT 3, id, urgent FROM work \
         WHERE kind = 'User' AND id = $1 AND org_id = $2 AND connection = $3 \
         ORDER BY rank LIMIT 1";
    KNOWN_GROUP =
        "SELECT 1 AS rank, display_name AS name, false AS urgent FROM scim_group \
         WHERE id = $1 AND org_id = $2 AND connection = $3 UNION ALL SELECT 2, group_name, false \
         FROM mapping WHERE group_id = $1 AND org_id = $2 AND connection = $3 \
         UNION ALL SELECT 3, id, urgent FROM work \
         WHERE kind = 'Group' AND id = $1 AND org_id = $2 AND connection = $3 \
         ORDER BY rank LIMIT 1";
    NEXT_GENERATION = "UPDATE sequence SET last = last + 1 WHERE name = 'mark' RETURNING last";
    MARK =
        "INSERT INTO work (org_id, connection, kind, id, generation, urgent, state, since_ms, \
         due_ms, attempts, correlation) VALUES ($1, $2, $3, $4, $5, $6, 'pending', $7, $7, 0, $8) \
         ON CONFLICT (org_id, connection, kind, id) DO UPDATE \
         SET since_ms = CASE WHEN excluded.urgent AND NOT work.urgent THEN excluded.since_ms \
         ELSE work.since_ms END, \
         generation = excluded.generation, urgent = excluded.urgent, state = 'pending', \
         due_ms = excluded.due_ms, attempts = 0, attention_code = NULL, attention = NULL, \
         correlation = excluded.correlation";
    FINISH =
        "DELETE FROM work \
         WHERE org_id = $1 AND connection = $2 AND kind = $3 AND id = $4 AND generation = $5";
    DUE =
        "SELECT * FROM work WHERE due_ms <= $1 \
         ORDER BY urgent DESC, due_ms, since_ms, id LIMIT $2";
    WAITING =
        "SELECT * FROM work WHERE org_id = $1 AND connection = $2 AND state = 'pending'";
    URGENT_DUE =
        "SELECT EXISTS (SELECT 1 FROM work WHERE urgent AND org_id = $1 AND due_ms <= $2)";
    NEXT_DUE = "SELECT min(due_ms) FROM work WHERE due_ms > $1";
    FAIL =
        "UPDATE work SET due_ms = $1, attempts = attempts + 1, state = $2, attention_code = $3, \
         attention = $4 WHERE org_id = $5 AND connection = $6 AND kind = $7 AND id = $8 \
         AND generation = $9";
    MAKE_DUE =
        "UPDATE work SET due_ms = $1 WHERE org_id = $2 AND due_ms > $1 AND due_ms < $3 \
         AND (urgent OR (state = 'pending' AND attempts <= $4))";
    MAKE_ALL_DUE = "UPDATE work SET due_ms = $1 WHERE due_ms > $1 AND due_ms < $2";
    // What was marked between the two looks may have been marked before or after.
    SINCE_AS_LONG =
        "UPDATE work SET since_ms = since_ms - $1 WHERE since_ms > $2 OR since_ms < $3";
    SINCE_UNKNOWN = "UPDATE work SET since_ms = $1 WHERE since_ms > $2";
    MAKE_DUE_TOO_LATE =
        "UPDATE work SET due_ms = $1 WHERE due_ms < $2 AND due_ms > $1 + \
         CASE WHEN attempts = 0 THEN 0 WHEN urgent THEN $3 ELSE $4 END";
    RETRY_ALL =
        "UPDATE work SET due_ms = $1, state = 'pending' WHERE org_id = $2 AND connection = $3";
    RETRY_IF_BLOCKED =
        "UPDATE work SET due_ms = $1, state = 'pending' \
         WHERE org_id = $2 AND connection = $3 AND kind = $4 AND id = $5 AND state = 'blocked'";
    RETRY_NOW =
        "UPDATE work SET due_ms = $1, state = 'pending' \
         WHERE org_id = $2 AND connection = $3 AND kind = $4 AND id = $5";
}

/// A resource with more failures keeps its own back-off.
const MAX_FAST_RETRIES: i64 = 8;
/// Not tried again by itself.
const NEVER_MS: i64 = i64::MAX;

/// Marks inside a transaction of the caller: the resource, its mark and its log line are one
/// commit.
///
/// The generation comes from a sequence of the whole store. A resource's own count would begin at 1
/// again after [`Store::finish`], and a worker that is late could then finish a mark it has never
/// seen.
pub(super) async fn mark(tx: &mut SqliteConnection, mark: &Mark<'_>) -> Result<()> {
    let generation: i64 = NEXT_GENERATION.query_scalar().fetch_one(&mut *tx).await?;
    MARK.query()
        .bind(mark.tenant.org_id.get())
        .bind(&mark.tenant.connection)
        .bind(mark.kind.code())
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
    FINISH
        .query()
        .bind(work.tenant.org_id.get())
        .bind(&work.tenant.connection)
        .bind(work.kind.code())
        .bind(&work.id)
        .bind(work.generation)
        .execute(tx)
        .await?;
    Ok(())
}

impl Store {
    /// The marks that may be worked on now: urgent ones first, always (invariant 4), then those
    /// that are due longest. What a person was shown is among them: it is tried again all the same.
    pub async fn due_work(&self, now_ms: i64, limit: i64) -> Result<Vec<Work>> {
        Ok(DUE
            .query_as()
            .bind(now_ms.min(NEVER_MS - 1))
            .bind(limit)
            .fetch_all(&self.read)
            .await?)
    }

    /// The marks of a tenant that wait for their turn or after a failure, but not what a person was
    /// shown.
    pub async fn waiting_work(&self, tenant: &Tenant) -> Result<Vec<Work>> {
        Ok(WAITING
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?)
    }

    /// Whether a person of an organization must lose access now.
    pub async fn urgent_due(&self, org_id: OrgId, now_ms: i64) -> Result<bool> {
        Ok(URGENT_DUE
            .query_scalar()
            .bind(org_id.get())
            .bind(now_ms)
            .fetch_one(&self.read)
            .await?)
    }

    /// The time at which the next mark after `after_ms` is due. A mark that is due and still there
    /// waits for its organization, not for a time.
    pub async fn next_due_ms(&self, after_ms: i64) -> Result<Option<i64>> {
        Ok(NEXT_DUE.query_scalar().bind(after_ms).fetch_one(&self.read).await?)
    }

    /// Marks a resource as changed.
    pub async fn mark(&self, wanted: &Mark<'_>) -> Result<()> {
        let mut tx = self.begin().await?;
        mark(&mut tx, wanted).await?;
        Ok(tx.commit().await?)
    }

    /// Grafana matches: the mark goes, unless the resource was marked again.
    pub async fn finish(&self, work: &Work) -> Result<()> {
        finish(&mut *self.write.acquire().await?, work).await
    }

    /// The attempt failed, and the next one is at `due_ms`. A resource that was marked again stays
    /// due.
    pub async fn retry(&self, work: &Work, due_ms: i64, delay: Delay) -> Result<()> {
        self.reschedule(work, due_ms, WorkState::Pending, &delay.into()).await
    }

    /// An admin may have to help: the page shows the reason and the next step. The next attempt is
    /// at `due_ms` all the same; `None`: only when something changes.
    pub async fn attention(&self, work: &Work, due_ms: Option<i64>, attention: Attention) -> Result<()> {
        let due_ms = due_ms.unwrap_or(NEVER_MS);
        self.reschedule(work, due_ms, WorkState::Blocked, &attention.into())
            .await
    }

    async fn reschedule(&self, work: &Work, due_ms: i64, state: WorkState, problem: &Problem) -> Result<()> {
        let json = serde_json::to_string(problem).map_err(|_| Error::Unreadable {
            what: "reason of a failure",
        })?;
        FAIL.query()
            .bind(due_ms)
            .bind(state.code())
            .bind(problem.code())
            .bind(json)
            .bind(work.tenant.org_id.get())
            .bind(&work.tenant.connection)
            .bind(work.kind.code())
            .bind(&work.id)
            .bind(work.generation)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Grafana is back: a mark that waits after a failure is due now, so that later changes do not
    /// overtake an urgent one. A mark that failed often is left alone, because it may be the cause,
    /// unless somebody must lose access.
    pub async fn make_due(&self, org_id: OrgId, now_ms: i64) -> Result<()> {
        MAKE_DUE
            .query()
            .bind(now_ms)
            .bind(org_id.get())
            .bind(NEVER_MS)
            .bind(MAX_FAST_RETRIES)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The clock was set back by `by_ms`, less than `between_ms` ago: what waits for an hour that
    /// comes later now is due at once, and has waited as long as before.
    pub async fn clock_set_back(&self, now_ms: i64, by_ms: i64, between_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        MAKE_ALL_DUE
            .query()
            .bind(now_ms)
            .bind(NEVER_MS)
            .execute(&mut *tx)
            .await?;
        SINCE_AS_LONG
            .query()
            .bind(by_ms)
            .bind(now_ms)
            .bind(now_ms.saturating_sub(between_ms))
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// At a start nobody knows how the clock ran before. What is due later than the longest waits
    /// (for who must lose access, and for the rest) is due now. What was marked later than now was
    /// marked at least `long_ms` ago: nobody knows, and too long is the safe side.
    pub async fn clock_unknown(&self, now_ms: i64, closing_ms: i64, other_ms: i64, long_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        MAKE_DUE_TOO_LATE
            .query()
            .bind(now_ms)
            .bind(NEVER_MS)
            .bind(closing_ms)
            .bind(other_ms)
            .execute(&mut *tx)
            .await?;
        SINCE_UNKNOWN
            .query()
            .bind(now_ms.saturating_sub(long_ms))
            .bind(now_ms)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    /// Every mark of a tenant, blocked or waiting after a failure, is due now: after a full check,
    /// or with new credentials.
    pub async fn retry_all(&self, tenant: &Tenant, now_ms: i64) -> Result<()> {
        RETRY_ALL
            .query()
            .bind(now_ms)
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// The obstacle of one blocked resource may be gone: it is due now. A mark that waits after a
    /// failure is left alone.
    pub async fn retry_if_blocked(&self, tenant: &Tenant, kind: Kind, id: &str, now_ms: i64) -> Result<()> {
        RETRY_IF_BLOCKED
            .query()
            .bind(now_ms)
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .bind(kind.code())
            .bind(id)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// An admin asks for another attempt now: the mark is due. `None`: the resource is not known;
    /// else its name, and whether there was a mark.
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
        let done = RETRY_NOW
            .query()
            .bind(now_ms)
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .bind(kind.code())
            .bind(id)
            .execute(&mut *tx)
            .await?;
        tx.commit().await?;
        Ok(Some((known.name, done.rows_affected() > 0)))
    }

    /// An admin asks to compare one resource with Grafana: it is marked as after a change. For a
    /// person that is a yes too: what was done by hand to the account is put right. `None`: the
    /// resource is not known; else its name.
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
        if kind == Kind::User {
            APPROVE_LINKED.query().bind(id).execute(&mut *tx).await?;
        }
        tx.commit().await?;
        Ok(Some(known.name))
    }
}

struct Known {
    name: String,
    /// Urgent for a person who must not have access.
    urgency: Urgency,
}

/// What is known of a resource. The provider may have deleted it, and its account may still be
/// open.
async fn known(tx: &mut SqliteConnection, tenant: &Tenant, kind: Kind, id: &str) -> Result<Option<Known>> {
    let statement = match kind {
        Kind::User => KNOWN_USER,
        Kind::Group => KNOWN_GROUP,
    };
    let known: Option<(i64, String, bool)> = statement
        .query_as()
        .bind(id)
        .bind(tenant.org_id.get())
        .bind(&tenant.connection)
        .fetch_optional(tx)
        .await?;
    Ok(known.map(|(_, name, urgent)| Known {
        name,
        urgency: Urgency::of_access(!urgent),
    }))
}

#[cfg(test)]
mod tests {
    use domain::{OrgId, Tenant};

    use super::{Kind, Mark, Store, Urgency};

    #[tokio::test]
    async fn a_stale_finish_leaves_a_newer_mark() {
        let store = Store::in_memory().await.unwrap();
        let tenant = Tenant::of_org(OrgId::new(1));
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

    /// Since when the first of two waits, marked at 1,000 and at 5,000.
    async fn marked_twice() -> (Store, Tenant) {
        let store = Store::in_memory().await.unwrap();
        let tenant = Tenant::of_org(OrgId::new(1));
        for (id, now_ms) in [("u1", 1_000), ("u2", 5_000)] {
            let mark = Mark {
                tenant: &tenant,
                kind: Kind::User,
                id,
                urgency: Urgency::Urgent,
                correlation: "c",
                now_ms,
            };
            store.mark(&mark).await.unwrap();
        }
        (store, tenant)
    }

    #[tokio::test]
    async fn a_clock_that_is_set_back_makes_nothing_younger() {
        // At 6,000 it is set back by 4,000. What was marked in the second since the last look is as
        // old as it says.
        let (store, tenant) = marked_twice().await;
        store.clock_set_back(2_000, 4_000, 500).await.unwrap();
        let oldest = store.tally(&tenant).await.unwrap().oldest_closing_ms;
        assert_eq!(oldest, Some(-3_000), "five seconds before 2,000, as before");
        assert_eq!(store.due_work(2_000, 10).await.unwrap().len(), 2);
        store.close().await;
    }

    #[tokio::test]
    async fn what_comes_from_a_later_hour_counts_as_old() {
        let (store, tenant) = marked_twice().await;
        store.clock_unknown(3_000, 1, 1, 60_000).await.unwrap();
        let oldest = store.tally(&tenant).await.unwrap().oldest_closing_ms;
        assert_eq!(oldest, Some(-57_000));
        store.close().await;
    }
}
