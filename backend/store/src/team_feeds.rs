//! What the store says about one team: which mappings feed it, the people in their groups, the members that Rollcall put there.
//!
//! Owns: that all of it is of one moment. An admin who pauses a mapping between two reads would make a group look empty whose mapping
//! still counts, and everybody would leave. Must never change anything. Start at [`Store::team_feeds`].

use std::collections::{BTreeMap, HashSet};

use domain::{OrgId, TeamId, Tenant, UserId, team::MadeAdmin};
use sqlx::SqliteConnection;

use super::{FedMember, MappingRecord, Result, Store, accounts, management, mappings, sql::statements};

statements! {
    PEOPLE =
        "SELECT m.connection, u.id, a.grafana_id, coalesce(a.deprovisioned_by, '') = 'suspend', \
         max(m.admins) FROM mapping m JOIN scim_group g ON g.id = m.group_id \
         JOIN scim_member sm ON sm.group_pk = g.pk JOIN scim_user u ON u.pk = sm.user_pk \
         LEFT JOIN account a ON a.user_id = u.id \
         WHERE m.org_id = $1 AND m.team_id = $2 AND NOT m.paused \
         AND NOT EXISTS (SELECT 1 FROM management s \
         WHERE s.user_id = u.id AND s.state = 'unmanaged') \
         GROUP BY m.connection, u.id, a.grafana_id, a.deprovisioned_by ORDER BY m.connection, u.id";
}

/// What admins decided that bears on a team.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamRules {
    /// The mappings that feed it, and those that are paused.
    pub mappings: Vec<MappingRecord>,
    /// Accounts of the organization that Rollcall was told to leave alone.
    pub unmanaged: HashSet<UserId>,
}

/// What the store says about a team.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TeamFeeds {
    /// What admins decided.
    pub rules: TeamRules,
    /// The people in the groups whose mapping is not paused, of every identity provider.
    pub people: Vec<FedMember>,
    /// The members that Rollcall put there, and which of them it made admin.
    pub applied: BTreeMap<UserId, MadeAdmin>,
}

impl Store {
    /// Everything about one team, as it is at one moment.
    pub async fn team_feeds(&self, org_id: OrgId, team_id: TeamId) -> Result<TeamFeeds> {
        // A transaction that only reads sees one state of the file, from its first read on.
        let mut tx = self.read.begin().await?;
        let feeds = TeamFeeds {
            rules: rules(&mut tx, org_id, team_id).await?,
            people: people(&mut tx, org_id, team_id).await?,
            applied: accounts::applied(&mut tx, org_id, team_id).await?,
        };
        tx.commit().await?;
        Ok(feeds)
    }

    /// What admins decided about one team, as it is at one moment.
    pub async fn team_rules(&self, org_id: OrgId, team_id: TeamId) -> Result<TeamRules> {
        let mut tx = self.read.begin().await?;
        let rules = rules(&mut tx, org_id, team_id).await?;
        tx.commit().await?;
        Ok(rules)
    }
}

async fn rules(tx: &mut SqliteConnection, org_id: OrgId, team_id: TeamId) -> Result<TeamRules> {
    Ok(TeamRules {
        mappings: mappings::of_team(&mut *tx, org_id, team_id).await?,
        unmanaged: management::unmanaged(&mut *tx, org_id).await?,
    })
}

async fn people(tx: &mut SqliteConnection, org_id: OrgId, team_id: TeamId) -> Result<Vec<FedMember>> {
    let rows: Vec<(String, String, Option<i64>, bool, bool)> = PEOPLE
        .query_as()
        .bind(org_id.get())
        .bind(team_id.get())
        .fetch_all(tx)
        .await?;
    let member = |(connection, user_id, grafana_id, suspended, admin): (_, _, Option<i64>, _, _)| FedMember {
        tenant: Tenant { org_id, connection },
        user_id,
        grafana_id: grafana_id.map(UserId::new),
        suspended,
        admin,
    };
    Ok(rows.into_iter().map(member).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pauses and resumes the mapping of a group with one person, again and again.
    async fn change_again_and_again(store: &Store, mapping: MappingRecord) {
        for n in 0..200 {
            let changed = MappingRecord {
                paused: n % 2 == 0,
                ..mapping.clone()
            };
            store.change_mapping(&changed, "c", 0).await.unwrap();
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn mappings_and_their_people_are_of_one_moment() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let sql = "INSERT INTO scim_user (pk, org_id, connection, id, user_name, user_name_key, active, document, \
             search_key, version, created_ms, modified_ms) \
             VALUES (1, 1, 'default', 'u', 'u', 'u', TRUE, '{}', '', 1, 0, 0); \
             INSERT INTO scim_group (pk, org_id, connection, id, display_name, display_key, document, version, \
             created_ms, modified_ms) VALUES (1, 1, 'default', 'g', 'g', 'g', '{}', 1, 0, 0); \
             INSERT INTO scim_member (group_pk, user_pk) VALUES (1, 1); \
             INSERT INTO mapping (org_id, connection, group_id, group_name, team_id, team_name, admins, \
             remove_others, paused, origin, created_ms) \
             VALUES (1, 'default', 'g', 'g', 7, 'T', FALSE, TRUE, FALSE, 'page', 0);";
        sqlx::raw_sql(sql).execute(&store.write).await.unwrap();
        let (org, team) = (OrgId::new(1), TeamId::new(7));
        let mapping = store.mappings_of_team(org, team).await.unwrap().remove(0);
        let changes = tokio::spawn({
            let store = store.clone();
            async move { change_again_and_again(&store, mapping).await }
        });
        let mut looks = 0;
        while !changes.is_finished() {
            let seen = store.team_feeds(org, team).await.unwrap();
            assert_eq!(seen.people.is_empty(), seen.rules.mappings[0].paused, "{seen:?}");
            looks += 1;
        }
        changes.await.unwrap();
        assert!(looks > 0);
    }
}
