//! Mappings: group × org × team.
//!
//! Owns: the tables `mapping` and `team_creation`. Must never decide which team a group gets: an
//! admin or the engine does. Start at [`Store::add_mapping`].

use domain::{MappingId, OrgId, TeamId, Tenant};
use sqlx::SqliteConnection;

use super::{
    Error, Kind, MappingOrigin, MappingRecord, Mark, Result, Store, Urgency, codes::Code as _, is_taken,
    sql::statements, work,
};

statements! {
    INSERT =
        "INSERT INTO mapping (org_id, connection, group_id, group_name, team_id, team_name, \
         admins, remove_others, paused, origin, created_ms) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, false, $9, $10) RETURNING *";
    FIND = "SELECT * FROM mapping WHERE id = $1 AND org_id = $2 AND connection = $3";
    OF_GROUP =
        "SELECT * FROM mapping WHERE org_id = $1 AND connection = $2 AND group_id = $3 \
         ORDER BY id";
    OF_TEAM = "SELECT * FROM mapping WHERE org_id = $1 AND team_id = $2 ORDER BY id";
    OF_TENANT = "SELECT * FROM mapping WHERE org_id = $1 AND connection = $2 ORDER BY id";
    SET_TEAM = "UPDATE mapping SET team_id = $1, team_name = $2, origin = $3 WHERE id = $4";
    CHANGE = "UPDATE mapping SET admins = $1, remove_others = $2, paused = $3 WHERE id = $4";
    REMOVE = "DELETE FROM mapping WHERE id = $1";
    REMOVE_IN_FORCE = "DELETE FROM mapping WHERE id = $1 AND NOT paused";
    ORPHANED_TEAMS =
        "SELECT DISTINCT t.team_id FROM team_member t WHERE t.org_id = $1 \
         AND NOT EXISTS (SELECT 1 FROM mapping m \
         WHERE m.org_id = t.org_id AND m.team_id = t.team_id) ORDER BY 1";
    NOTE_TEAM =
        "INSERT INTO team_creation (org_id, connection, group_id, name, since_ms) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (org_id, connection, group_id, name) DO UPDATE \
         SET since_ms = excluded.since_ms";
    TEAM_NOTES =
        "SELECT group_id, name, since_ms FROM team_creation WHERE org_id = $1 AND connection = $2 \
         ORDER BY since_ms, name";
    CLEAR_TEAM_NOTE =
        "DELETE FROM team_creation \
         WHERE org_id = $1 AND connection = $2 AND group_id = $3 AND name = $4";
}

/// A mapping to be added.
#[derive(Clone, Debug)]
pub struct NewMapping {
    /// The tenant.
    pub tenant: Tenant,
    /// SCIM group id.
    pub group_id: String,
    /// Its displayName.
    pub group_name: String,
    /// An existing team.
    pub team_id: Option<TeamId>,
    /// The name of the team, which may not exist yet.
    pub team_name: String,
    /// Members become team admins.
    pub admins: bool,
    /// People added by hand are removed.
    pub remove_others: bool,
    /// The origin of the mapping.
    pub origin: MappingOrigin,
}

/// A team that Grafana was asked to create and that no mapping has yet.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct TeamCreation {
    /// SCIM id of its group, which may be deleted or renamed since.
    pub group_id: String,
    /// The requested name.
    pub name: String,
    /// The time just before the call.
    pub since_ms: i64,
}

/// The mark for the group of a changed mapping.
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

/// The mappings that feed one team, inside the caller's transaction.
pub(super) async fn of_team(
    connection: &mut SqliteConnection,
    org_id: OrgId,
    team_id: TeamId,
) -> Result<Vec<MappingRecord>> {
    let of_team = OF_TEAM.query_as().bind(org_id.get()).bind(team_id.get());
    Ok(of_team.fetch_all(connection).await?)
}

impl Store {
    /// Adds a mapping and marks its group, so that the group is synced at once (R28).
    ///
    /// # Errors
    /// [`Error::MappingTaken`] when the group feeds that team already.
    pub async fn add_mapping(&self, new: &NewMapping, correlation: &str, now_ms: i64) -> Result<MappingRecord> {
        let mut tx = self.begin().await?;
        let made = INSERT
            .query_as()
            .bind(new.tenant.org_id.get())
            .bind(&new.tenant.connection)
            .bind(&new.group_id)
            .bind(&new.group_name)
            .bind(new.team_id.map(TeamId::get))
            .bind(&new.team_name)
            .bind(new.admins)
            .bind(new.remove_others)
            .bind(new.origin.code())
            .bind(now_ms)
            .fetch_one(&mut *tx)
            .await
            .map_err(|e| if is_taken(&e) { Error::MappingTaken } else { e.into() })?;
        work::mark(&mut tx, &group_mark(&new.tenant, &new.group_id, correlation, now_ms)).await?;
        tx.commit().await?;
        Ok(made)
    }

    /// One mapping of a tenant.
    pub async fn mapping(&self, tenant: &Tenant, id: MappingId) -> Result<Option<MappingRecord>> {
        Ok(FIND
            .query_as()
            .bind(id.get())
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_optional(&self.read)
            .await?)
    }

    /// The mappings of one group.
    pub async fn mappings_of_group(&self, tenant: &Tenant, group_id: &str) -> Result<Vec<MappingRecord>> {
        Ok(OF_GROUP
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .bind(group_id)
            .fetch_all(&self.read)
            .await?)
    }

    /// The mappings that feed one team.
    pub async fn mappings_of_team(&self, org_id: OrgId, team_id: TeamId) -> Result<Vec<MappingRecord>> {
        of_team(&mut *self.read.acquire().await?, org_id, team_id).await
    }

    /// Every mapping of a tenant.
    pub async fn all_mappings(&self, tenant: &Tenant) -> Result<Vec<MappingRecord>> {
        Ok(OF_TENANT
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?)
    }

    /// Records the team of a mapping once it is created or renamed, and whether it was made or was
    /// there (`origin`); `None` when the team was deleted by hand and is needed again.
    pub async fn set_mapping_team(
        &self,
        mapping: &MappingRecord,
        team_id: Option<TeamId>,
        team_name: &str,
    ) -> Result<()> {
        SET_TEAM
            .query()
            .bind(team_id.map(TeamId::get))
            .bind(team_name)
            .bind(mapping.origin.code())
            .bind(mapping.id.get())
            .execute(&self.write)
            .await
            .map_err(|e| if is_taken(&e) { Error::MappingTaken } else { e.into() })?;
        Ok(())
    }

    /// Writes the changed flags of a mapping and marks its group, so that the team shows the change
    /// at once.
    pub async fn change_mapping(&self, changed: &MappingRecord, correlation: &str, now_ms: i64) -> Result<()> {
        let mut tx = self.begin().await?;
        CHANGE
            .query()
            .bind(changed.admins)
            .bind(changed.remove_others)
            .bind(changed.paused)
            .bind(changed.id.get())
            .execute(&mut *tx)
            .await?;
        work::mark(
            &mut tx,
            &group_mark(&changed.tenant, &changed.group_id, correlation, now_ms),
        )
        .await?;
        Ok(tx.commit().await?)
    }

    /// Removes a mapping.
    pub async fn remove_mapping(&self, id: MappingId) -> Result<()> {
        REMOVE.query().bind(id.get()).execute(&self.write).await?;
        Ok(())
    }

    /// Removes a mapping whose group is gone, unless an admin has paused it meanwhile.
    pub async fn remove_mapping_in_force(&self, id: MappingId) -> Result<()> {
        REMOVE_IN_FORCE.query().bind(id.get()).execute(&self.write).await?;
        Ok(())
    }

    /// Teams with members that Rollcall put there, and without a mapping: those members have to
    /// leave.
    pub async fn orphaned_teams(&self, org_id: OrgId) -> Result<Vec<TeamId>> {
        let ids: Vec<i64> = ORPHANED_TEAMS
            .query_scalar()
            .bind(org_id.get())
            .fetch_all(&self.read)
            .await?;
        Ok(ids.into_iter().map(TeamId::new).collect())
    }

    /// Notes that Grafana is about to be asked for a team. If the process or the answer is lost,
    /// the team is found by its name.
    pub async fn note_team_creation(&self, tenant: &Tenant, group_id: &str, name: &str, now_ms: i64) -> Result<()> {
        NOTE_TEAM
            .query()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .bind(group_id)
            .bind(name)
            .bind(now_ms)
            .execute(&self.write)
            .await?;
        Ok(())
    }

    /// Every such note of a tenant, the oldest first.
    pub async fn team_creations(&self, tenant: &Tenant) -> Result<Vec<TeamCreation>> {
        Ok(TEAM_NOTES
            .query_as()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .fetch_all(&self.read)
            .await?)
    }

    /// A mapping has the team, or there is no team: the note goes.
    pub async fn clear_team_creation(&self, tenant: &Tenant, group_id: &str, name: &str) -> Result<()> {
        CLEAR_TEAM_NOTE
            .query()
            .bind(tenant.org_id.get())
            .bind(&tenant.connection)
            .bind(group_id)
            .bind(name)
            .execute(&self.write)
            .await?;
        Ok(())
    }
}
