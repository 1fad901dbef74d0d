//! Each person has exactly one state of access, whichever way it is asked.

use domain::{OrgId, Tenant};

use super::{PeopleQuery, Store};

/// The filter that must find the person, `active`, the account, the work, what an admin decided.
type Somebody = (
    &'static str,
    bool,
    Option<&'static str>,
    Option<&'static str>,
    Option<&'static str>,
);

/// One person for each combination in the tables.
const PEOPLE: [Somebody; 18] = [
    ("active", true, Some("NULL, NULL, NULL"), None, None),
    ("waiting_for_sign_in", true, None, None, None),
    ("closed", false, Some("'disable', TRUE, 5"), None, None),
    ("closed", false, Some("'disable', NULL, 5"), None, None),
    ("closed", false, None, None, None),
    ("closed_may_return", false, Some("'suspend', FALSE, 5"), None, None),
    ("pending", true, Some("'suspend', FALSE, NULL"), Some("'pending'"), None),
    ("pending", false, Some("'suspend', FALSE, 5"), Some("'pending'"), None),
    (
        "needs_attention",
        false,
        Some("'disable', TRUE, 5"),
        Some("'blocked'"),
        None,
    ),
    // Whatever is remembered, and whatever waits.
    ("not_closed", false, Some("'disable', TRUE, NULL"), None, None),
    ("not_closed", false, Some("NULL, NULL, NULL"), Some("'pending'"), None),
    ("not_closed", false, None, Some("'blocked'"), None),
    // An admin keeps them closed, whatever the provider says.
    ("closed", true, Some("'disable', TRUE, 5"), None, Some("kept_closed")),
    (
        "not_closed",
        true,
        Some("NULL, NULL, NULL"),
        Some("'pending'"),
        Some("kept_closed"),
    ),
    ("released", true, Some("NULL, NULL, NULL"), None, Some("unmanaged")),
    (
        "released",
        false,
        Some("NULL, NULL, NULL"),
        Some("'pending'"),
        Some("unmanaged"),
    ),
    (
        "released",
        false,
        Some("'suspend', FALSE, NULL"),
        Some("'blocked'"),
        Some("unmanaged"),
    ),
    // An admin said no to the closing.
    ("kept_open", false, Some("NULL, NULL, NULL"), None, None),
];

#[tokio::test]
async fn every_person_is_found_by_one_filter_of_access_and_no_other() {
    let dir = tempfile::tempdir().unwrap();
    let store = Store::open(dir.path()).await.unwrap();
    let tenant = Tenant {
        org_id: OrgId::new(1),
        connection: "default".into(),
    };
    let mut sql = String::new();
    for (n, (access, active, account, work, decided)) in PEOPLE.iter().enumerate() {
        sql.push_str(&format!(
            "INSERT INTO scim_user (org_id, connection, id, user_name, user_name_key, active, document, search_key, version, \
             created_ms, modified_ms) VALUES (1, 'default', 'p{n:02}', 'p{n:02}', 'p{n:02}', {active}, '{{\"userName\":\"p{n:02}\"}}', 'p{n:02}', 1, 0, 0);"
        ));
        if let Some(closed) = account {
            sql.push_str(&format!(
                "INSERT INTO account (deprovisioned_by, holds, seen_closed_ms, user_id, org_id, connection, grafana_id, origin, login, deferred, synced_ms, \
                 authority, seen_inside, closed_by_hand) \
                 VALUES ({closed}, 'p{n:02}', 1, 'default', {n}, 'provisioned', 'p{n:02}', '[]', 0, 'full', FALSE, FALSE);"
            ));
        }
        if let Some(decided) = decided {
            sql.push_str(&format!(
                "INSERT INTO management (user_id, org_id, connection, state, grafana_id, login) \
                 VALUES ('p{n:02}', 1, 'default', '{decided}', {n}, 'p{n:02}');"
            ));
        }
        if *access == "kept_open" {
            sql.push_str(&format!(
                "INSERT INTO brake (org_id, connection, kind, subject, object, state, name, detail, at_ms, since_ms, correlation, \
                 decided_by) VALUES (1, 'default', 'close', 'p{n:02}', '', 'rejected', '', '', 0, 0, '', 'ann');"
            ));
        }
        if let Some(state) = work {
            sql.push_str(&format!(
                "INSERT INTO work (state, attention, org_id, connection, kind, id, generation, urgent, since_ms, due_ms, attempts, correlation) \
                 VALUES ({state}, '{{\"code\":\"cannot_disable\",\"login\":\"ann\"}}', 1, 'default', 'User', 'p{n:02}', 1, FALSE, 0, 0, 0, '');"
            ));
        }
    }
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&store.write)
        .await
        .unwrap();
    for filter in [
        "active",
        "not_closed",
        "closed",
        "closed_may_return",
        "pending",
        "needs_attention",
        "waiting_for_sign_in",
        "released",
        "kept_open",
    ] {
        let mut query = PeopleQuery::default().with_access(filter).unwrap();
        query.count = 50;
        let (total, found, _) = store.people(&tenant, &query).await.unwrap();
        let found: Vec<_> = found.into_iter().map(|row| row.user.id).collect();
        let of_filter = PEOPLE.iter().enumerate().filter(|(_, person)| person.0 == filter);
        let expected: Vec<_> = of_filter.map(|(n, _)| format!("p{n:02}")).collect();
        assert_eq!(usize::try_from(total), Ok(expected.len()), "{filter}");
        assert_eq!(found, expected, "{filter}");
        assert_eq!(
            store.access_counts(&tenant, "", true).await.unwrap()[filter],
            total,
            "{filter}"
        );
        let of_one = store.access_counts(&tenant, "P00", true).await.unwrap();
        assert_eq!(of_one[filter], i64::from(filter == PEOPLE[0].0), "{filter}");
    }
    let tally = store.tally(&tenant).await.unwrap();
    assert_eq!((tally.closed, tally.closed_may_return), (4, 1), "as the lists are long");
    assert_eq!((tally.closing, tally.oldest_closing_ms), (4, Some(0)));
    assert_eq!(tally.provisioned, 12, "with an account, and not released");
    // …and the same when most of them wait, which is counted another way.
    let waiting = "INSERT OR IGNORE INTO work (state, org_id, connection, kind, id, generation, urgent, since_ms, due_ms, attempts, \
         correlation) SELECT 'pending', 1, 'default', 'User', id, 1, FALSE, 0, 0, 0, '' FROM scim_user";
    sqlx::raw_sql(waiting).execute(&store.write).await.unwrap();
    let counts = store.access_counts(&tenant, "", false).await.unwrap();
    assert_eq!(
        (counts["pending"], counts["needs_attention"], counts["active"]),
        (8, 1, 0)
    );
    assert!(PeopleQuery::default().with_access("gone").is_none());
}

/// What the tables hold of one person.
#[derive(Clone, Copy, Debug)]
struct Known {
    /// The SCIM user, and whether it is active.
    user: Option<bool>,
    /// The account's row: whether it has an id, and whether it was seen closed.
    account: Option<(bool, bool)>,
    /// The mark: whether it is urgent, and its state.
    work: Option<(bool, &'static str)>,
    management: Option<&'static str>,
}

impl Known {
    fn all() -> Vec<Self> {
        let mut all = Vec::new();
        for user in [None, Some(true), Some(false)] {
            for account in [
                None,
                Some((true, true)),
                Some((true, false)),
                Some((false, true)),
                Some((false, false)),
            ] {
                for work in [None, Some((true, "pending")), Some((true, "blocked"))] {
                    for management in [
                        None,
                        Some("needs_approval"),
                        Some("approved"),
                        Some("unmanaged"),
                        Some("kept_closed"),
                    ] {
                        all.push(Self {
                            user,
                            account,
                            work,
                            management,
                        });
                    }
                }
            }
        }
        all
    }

    /// Nobody is left out but for one of these reasons.
    fn is_left_out(self) -> bool {
        let seen_closed = matches!(self.account, Some((_, true)));
        let unmanaged = self.management == Some("unmanaged") && (self.user.is_some() || self.account.is_some());
        let nothing_to_close = match (self.user, self.account) {
            // It was looked for, and found nowhere.
            (_, None) => self.work.is_none(),
            // Deleted at the provider, and here by us.
            (None, Some((has_id, _))) => !has_id && self.work.is_none(),
            (Some(_), Some(_)) => false,
        };
        let may_be_in = self.user == Some(true) && self.management != Some("kept_closed");
        may_be_in || seen_closed || unmanaged || nothing_to_close
    }

    /// In an organization of its own.
    fn sql(self, org: usize) -> String {
        let mut sql = String::new();
        let key = format!("{org}, 'default'");
        if let Some(active) = self.user {
            sql.push_str(&format!(
                "INSERT INTO scim_user (org_id, connection, id, user_name, user_name_key, active, document, \
                 search_key, version, created_ms, modified_ms) \
                 VALUES ({key}, 'p{org}', 'p', 'p', {active}, '{{\"userName\":\"p\"}}', 'p', 1, 3, 3);"
            ));
        }
        if let Some((has_id, seen)) = self.account {
            let id = if has_id { org.to_string() } else { "NULL".to_owned() };
            let seen = if seen { "5" } else { "NULL" };
            sql.push_str(&format!(
                "INSERT INTO account (org_id, connection, user_id, grafana_id, seen_closed_ms, origin, login, \
                 deferred, synced_ms, authority, seen_inside, closed_by_hand) \
                 VALUES ({key}, 'p{org}', {id}, {seen}, 'provisioned', 'p', '[]', 3, 'full', FALSE, FALSE);"
            ));
        }
        if let Some((urgent, state)) = self.work {
            sql.push_str(&format!(
                "INSERT INTO work (org_id, connection, id, urgent, state, attention, kind, generation, since_ms, \
                 due_ms, attempts, correlation) VALUES ({key}, 'p{org}', {urgent}, '{state}', \
                 '{{\"code\":\"cannot_disable\",\"login\":\"p\"}}', 'User', 1, 3, 0, 0, '');"
            ));
        }
        if let Some(state) = self.management {
            sql.push_str(&format!(
                "INSERT INTO management (org_id, connection, user_id, state, grafana_id, login) \
                 VALUES ({key}, 'p{org}', '{state}', {org}, 'p');"
            ));
        }
        sql
    }
}

#[tokio::test]
async fn nobody_who_must_be_out_is_left_out_of_the_count() {
    let store = Store::in_memory().await.unwrap();
    let all = Known::all();
    let sql: String = all.iter().enumerate().map(|(n, known)| known.sql(n + 1)).collect();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql))
        .execute(&store.write)
        .await
        .unwrap();
    for (n, known) in all.iter().enumerate() {
        let org_id = OrgId::new(i64::try_from(n + 1).unwrap());
        let tenant = Tenant {
            org_id,
            connection: "default".into(),
        };
        let tally = store.tally(&tenant).await.unwrap();
        let counted = i64::from(!known.is_left_out());
        assert_eq!(tally.closing, counted, "{known:?}");
        assert_eq!(tally.oldest_closing_ms.is_some(), counted == 1, "{known:?}");
        let mut query = PeopleQuery::default().with_access("not_closed").unwrap();
        query.count = 2;
        let (listed, _, _) = store.people(&tenant, &query).await.unwrap();
        let here = known.user.is_some();
        assert_eq!(listed, if here { counted } else { 0 }, "{known:?}");
    }
    store.close().await;
}
