//! Mappings: group × org × team.
//!
//! Owns: the tables `mapping` and `team_being_made`. Must never decide which team a group gets: an admin or the engine does. Start at [`Store::add_mapping`].

use domain::Tenant;
use sqlx::{Row, sqlite::SqliteRow};

use super::{Error, Kind, MappingOrigin, MappingRecord, Mark, Result, Store, Urgency, is_taken, work};

/// A mapping to be made.
#[derive(Clone, Debug)]
pub struct NewMapping {
    /// Whose.
    pub tenant: Tenant,
    /// SCIM group id.
    pub group_id: String,
    /// Its displayName.
    pub group_name: String,
    /// An existing team.
    pub team_id: Option<i64>,
    /// Its name, or the name of the team to make.
    pub team_name: String,
    /// Members become team admins.
    pub admins: bool,
    /// People added by hand are removed.
    pub remove_others: bool,
    /// Who makes it.
    pub origin: MappingOrigin,
}

/// A team that Grafana was asked for and that is in no mapping yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamBeingMade {
    /// SCIM id of the group it is for, which may be gone or have another name by now.
    pub group_id: String,
    /// The name that was asked for.
    pub name: String,
    /// When the call was about to be made.
    pub since_ms: i64,
}

fn mapping(row: &SqliteRow) -> Result<MappingRecord> {
    Ok(MappingRecord {
        id: row.try_get("id")?,
        tenant: Tenant {
            org_id: row.try_get("org_id")?,
            connection: row.try_get("connection")?,
        },
        group_id: row.try_get("group_id")?,
        group_name: row.try_get("group_name")?,
        team_id: row.try_get("team_id")?,
        team_name: row.try_get("team_name")?,
        admins: row.try_get::<&str, _>("kind")? == "admin",
        remove_others: row.try_get::<&str, _>("policy")? == "remove",
        paused: row.try_get("paused")?,
        origin: match row.try_get("origin")? {
            "page" => MappingOrigin::Page,
            "create" => MappingOrigin::Create,
            "file" => MappingOrigin::File,
            _ => {
                return Err(Error::Unreadable {
                    what: "origin of a mapping",
                });
            }
        },
    })
}

/// The group of a mapping that changed: it is synced again.
fn group_mark<'a>(tenant: &'a Tenant, group_id: &'a str, correlation: &'a str, now_ms: i64) -> Mark<'a> {
    Mark {
        tenant,
        kind: Kind::Group,
        id: group_id,
        urgency: Urgency::Normal,
        correlation,
        now_ms,
    }
}

impl Store {
    /// Makes a mapping and marks its group, so that it is synced at once (R28).
    ///
    /// # Errors
    /// [`Error::MappingTaken`] when the group feeds that team already.
    pub async fn add_mapping(&self, new: &NewMapping, correlation: &str, now_ms: i64) -> Result<MappingRecord> {
        let mut tx = self.begin().await?;
        let row = sqlx::query(
            "INSERT INTO mapping (org_id, connection, group_id, group_name, team_id, team_name, kind, policy, paused, origin, \
             created_ms) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false, $9, $10) RETURNING *",
        )
        .bind(new.tenant.org_id)
        .bind(&new.tenant.connection)
        .bind(&new.group_id)
        .bind(&new.group_name)
        .bind(new.team_id)
        .bind(&new.team_name)
        .bind(if new.admins { "admin" } else { "member" })
        .bind(if new.remove_others { "remove" } else { "keep" })
        .bind(match new.origin {
            MappingOrigin::Page => "page",
            MappingOrigin::Create => "create",
            MappingOrigin::File => "file",
        })
        .bind(now_ms)
        .fetch_one(&mut *tx)
        .await
        .map_err(|e| if is_taken(&e) { Error::MappingTaken } else { e.into() })?;
        work::mark(&mut tx, &group_mark(&new.tenant, &new.group_id, correlation, now_ms)).await?;
        tx.commit().await?;
        mapping(&row)
    }

    /// One mapping of a tenant.
    pub async fn mapping(&self, tenant: &Tenant, id: i64) -> Result<Option<MappingRecord>> {
        let row = sqlx::query("SELECT * FROM mapping WHERE id = $1 AND org_id = $2 AND connection = $3")
            .bind(id)
            .bind(tenant.org_id)
            .bind(&tenant.connection)
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(mapping).transpose()
    }

    /// The mappings of one group.
    pub async fn mappings_of_group(&self, tenant: &Tenant, group_id: &str) -> Result<Vec<MappingRecord>> {
        let rows =
            sqlx::query("SELECT * FROM mapping WHERE org_id = $1 AND connection = $2 AND group_id = $3 ORDER BY id")
                .bind(tenant.org_id)
                .bind(&tenant.connection)
                .bind(group_id)
                .fetch_all(&self.read)
                .await?;
        rows.iter().map(mapping).collect()
    }

    /// The mappings that feed one team.
    pub async fn mappings_of_team(&self, org_id: i64, team_id: i64) -> Result<Vec<MappingRecord>> {
        let rows = sqlx::query("SELECT * FROM mapping WHERE org_id = $1 AND team_id = $2 ORDER BY id")
            .bind(org_id)
            .bind(team_id)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(mapping).collect()
    }

    /// Every mapping of a tenant.
    pub async fn all_mappings(&self, tenant: &Tenant) -> Result<Vec<MappingRecord>> {
        let rows = sqlx::query("SELECT * FROM mapping WHERE org_id = $1 AND connection = $2 ORDER BY id")
            .bind(tenant.org_id)
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(mapping).collect()
    }

    /// The team of a mapping, once it is made or renamed; `None` when it was deleted by hand and has to be made again.
    pub async fn set_mapping_team(&self, id: i64, team_id: Option<i64>, team_name: &str) -> Result<()> {
        sqlx::query("UPDATE mapping SET team_id = $1, team_name = $2 WHERE id = $3")
            .bind(team_id)
            .bind(team_name)
            .bind(id)
            .execute(&self.write)
            .await
            .map_err(|e| if is_taken(&e) { Error::MappingTaken } else { e.into() })?;
        Ok(())
    }

    /// Another kind or policy, paused or resumed; its group is marked, so that it shows in the team at once.
    pub async fn change_mapping(&self, changed: &MappingRecord, correlation: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE mapping SET kind = $1, policy = $2, paused = $3 WHERE id = $4")
            .bind(if changed.admins { "admin" } else { "member" })
            .bind(if changed.remove_others { "remove" } else { "keep" })
            .bind(changed.paused)
            .bind(changed.id)
            .execute(&mut *tx)
            .await?;
        work::mark(
            &mut tx,
            &group_mark(&changed.tenant, &changed.group_id, correlation, now_ms),
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Takes a mapping away.
    pub async fn remove_mapping(&self, id: i64) -> Result<()> {
        sqlx::query("DELETE FROM mapping WHERE id = $1")
            .bind(id)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Teams that hold people we put there, and that no mapping feeds any more: they have to leave.
    pub async fn orphaned_teams(&self, org_id: i64) -> Result<Vec<i64>> {
        Ok(sqlx::query_scalar(
            "SELECT DISTINCT t.team_id FROM team_member t WHERE t.org_id = $1 AND NOT EXISTS \
             (SELECT 1 FROM mapping m WHERE m.org_id = t.org_id AND m.team_id = t.team_id) ORDER BY 1",
        )
        .bind(org_id)
        .fetch_all(&self.read)
        .await?)
    }

    /// Notes that Grafana is about to be asked for a team: if the process or the answer is lost, it is found by its name.
    pub async fn note_team(&self, tenant: &Tenant, group_id: &str, name: &str, now_ms: i64) -> Result<()> {
        sqlx::query(
            "INSERT INTO team_being_made (org_id, connection, group_id, name, since_ms) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (org_id, connection, group_id, name) DO UPDATE SET since_ms = excluded.since_ms",
        )
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .bind(group_id)
        .bind(name)
        .bind(now_ms)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    /// Every such note of a tenant, the oldest first.
    pub async fn teams_being_made(&self, tenant: &Tenant) -> Result<Vec<TeamBeingMade>> {
        let rows: Vec<(String, String, i64)> = sqlx::query_as(
            "SELECT group_id, name, since_ms FROM team_being_made WHERE org_id = $1 AND connection = $2 ORDER BY since_ms, name",
        )
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .fetch_all(&self.read)
        .await?;
        let note = |(group_id, name, since_ms)| TeamBeingMade {
            group_id,
            name,
            since_ms,
        };
        Ok(rows.into_iter().map(note).collect())
    }

    /// It is on disk whose the team is, or there is none: the note goes.
    pub async fn clear_team_note(&self, tenant: &Tenant, group_id: &str, name: &str) -> Result<()> {
        sqlx::query(
            "DELETE FROM team_being_made WHERE org_id = $1 AND connection = $2 AND group_id = $3 AND name = $4",
        )
        .bind(tenant.org_id)
        .bind(&tenant.connection)
        .bind(group_id)
        .bind(name)
        .execute(&self.write)
        .await?;
        Ok(())
    }
}
