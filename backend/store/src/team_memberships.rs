//! The members that a team would have with other mappings: for a preview.
//!
//! Owns: the question "what if". Must never be used to change a team ([`Store::team_feeds`] is
//! for that). For the mappings that exist it must find the same people; a test compares the two.
//! Start at [`Store::team_memberships`].

use super::{Error, Result, Store, sql::statements};
use domain::{OrgId, UserId};

statements! {
    MEMBERSHIPS =
        "SELECT coalesce(a.login, u.user_name) AS login, a.grafana_id, \
         coalesce(a.deprovisioned_by, '') = 'suspend' AS suspended, \
         u.active AND NOT EXISTS (SELECT 1 FROM management s WHERE s.user_id = u.id \
         AND s.state = 'kept_closed') AS active, \
         max(json_extract(j.value, '$[1]')) AS admin FROM json_each($1) j \
         CROSS JOIN scim_group g ON g.id = json_extract(j.value, '$[0]') \
         JOIN scim_member m ON m.group_pk = g.pk JOIN scim_user u ON u.pk = m.user_pk \
         LEFT JOIN account a ON a.user_id = u.id WHERE g.org_id = $2 AND NOT EXISTS (SELECT 1 \
         FROM management s WHERE s.user_id = u.id AND s.state = 'unmanaged') GROUP BY u.pk \
         ORDER BY u.user_name_key";
}

/// One person's membership of a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TeamMembership {
    /// The login in Grafana, or the userName while there is none.
    pub login: String,
    /// Grafana's id; `None` while there is no account.
    pub grafana_id: Option<UserId>,
    /// Suspended: the person is in no organization, so no team can have them.
    pub suspended: bool,
    /// Whether the person may sign in: the provider says so, and no admin keeps the person closed.
    pub active: bool,
    /// Whether as team admin.
    pub admin: bool,
}

impl Store {
    /// The people of several groups of an organization, each group as (SCIM id, its people are team
    /// admins). A person in two groups is admin if one of them says so.
    pub async fn team_memberships(&self, org_id: OrgId, groups: &[(&str, bool)]) -> Result<Vec<TeamMembership>> {
        let groups = serde_json::to_string(groups).map_err(|_| Error::Unreadable { what: "list of groups" })?;
        Ok(MEMBERSHIPS
            .query_as()
            .bind(groups)
            .bind(org_id.get())
            .fetch_all(&self.read)
            .await?)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use domain::{OrgId, TeamId, UserId};

    use super::Store;

    #[tokio::test]
    async fn a_preview_finds_the_people_that_the_engine_finds() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::open(dir.path()).await.unwrap();
        let mut sql = String::new();
        // Each person is in all groups but for the odd ones: open, deprovisioned in each way,
        // without an account.
        let closed = ["NULL", "'disable'", "'suspend'", "'recreate'"];
        for n in 1..=10 {
            sql.push_str(&format!(
                "INSERT INTO scim_user (pk, org_id, connection, id, user_name, user_name_key, active, document, search_key, version, created_ms, \
                 modified_ms) VALUES ({n}, 1, 'default', 'u{n}', 'u{n}', 'u{n}', TRUE, '{{}}', '', 1, 0, 0);"
            ));
            if n < 9 {
                let by = closed[n % 4];
                sql.push_str(&format!(
                    "INSERT INTO account (deprovisioned_by, user_id, org_id, connection, grafana_id, origin, login, deferred, synced_ms, \
                 authority, seen_inside, closed_by_hand) \
                     VALUES ({by}, 'u{n}', 1, 'default', {n}, 'provisioned', 'u{n}', '[]', 0, 'full', FALSE, FALSE);"
                ));
            }
        }
        for (pk, id) in [(1, "a"), (2, "b"), (3, "c")] {
            sql.push_str(&format!(
                "INSERT INTO scim_group (pk, org_id, connection, id, display_name, display_key, document, version, created_ms, modified_ms) \
                 VALUES ({pk}, 1, 'default', '{id}', '{id}', '{id}', '{{}}', 1, 0, 0); \
                 INSERT INTO scim_member (group_pk, user_pk) SELECT {pk}, pk FROM scim_user WHERE {pk} = 1 OR pk % {pk} = 0;"
            ));
            let (admins, paused) = (id == "b", id == "c");
            sql.push_str(&format!(
                "INSERT INTO mapping (org_id, connection, group_id, group_name, team_id, team_name, admins, remove_others, paused, origin, created_ms) \
                 VALUES (1, 'default', '{id}', '{id}', 7, 'T', {admins}, FALSE, {paused}, 'page', 0);"
            ));
        }
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
            .execute(&store.write)
            .await
            .unwrap();
        let released = "INSERT INTO management (user_id, org_id, connection, state, grafana_id, login) \
             VALUES ('u4', 1, 'default', 'unmanaged', 4, 'u4')";
        sqlx::raw_sql(released).execute(&store.write).await.unwrap();
        let engine: BTreeSet<_> = store
            .team_feeds(OrgId::new(1), TeamId::new(7))
            .await
            .unwrap()
            .people
            .into_iter()
            .filter(|member| !member.suspended)
            .map(|member| (member.grafana_id, member.admin))
            .collect();
        let preview = store
            .team_memberships(OrgId::new(1), &[("a", false), ("b", true)])
            .await
            .unwrap();
        let preview: BTreeSet<_> = preview
            .into_iter()
            .filter(|member| !member.suspended)
            .map(|member| (member.grafana_id, member.admin))
            .collect();
        assert!(
            engine.len() > 5
                && engine.contains(&(Some(UserId::new(8)), true))
                && engine.contains(&(Some(UserId::new(5)), false))
        );
        assert_eq!(preview, engine);
    }
}
