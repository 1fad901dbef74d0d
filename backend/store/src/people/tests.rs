//! Each person has exactly one state of access, whichever way it is asked.

use domain::{OrgId, Tenant};

use super::{PeopleQuery, Store};

/// The filter that must find the person, `active`, the account, the work, whether the account is
/// unmanaged.
type Somebody = (&'static str, bool, Option<&'static str>, Option<&'static str>, bool);

/// One person for each combination in the tables.
const PEOPLE: [Somebody; 16] = [
    ("active", true, Some("NULL, NULL, NULL"), None, false),
    ("waiting_for_sign_in", true, None, None, false),
    ("closed", false, Some("'disable', TRUE, 5"), None, false),
    ("closed", false, Some("'disable', NULL, 5"), None, false),
    ("closed", false, None, None, false),
    ("closed_may_return", false, Some("'suspend', FALSE, 5"), None, false),
    (
        "pending",
        true,
        Some("'suspend', FALSE, NULL"),
        Some("'pending'"),
        false,
    ),
    ("pending", false, Some("'suspend', FALSE, 5"), Some("'pending'"), false),
    (
        "needs_attention",
        false,
        Some("'disable', TRUE, 5"),
        Some("'blocked'"),
        false,
    ),
    // Whatever is remembered, and whatever waits.
    ("not_closed", false, Some("'disable', TRUE, NULL"), None, false),
    ("not_closed", false, Some("NULL, NULL, NULL"), Some("'pending'"), false),
    ("not_closed", false, None, Some("'blocked'"), false),
    ("released", true, Some("NULL, NULL, NULL"), None, true),
    ("released", false, Some("NULL, NULL, NULL"), Some("'pending'"), true),
    (
        "released",
        false,
        Some("'suspend', FALSE, NULL"),
        Some("'blocked'"),
        true,
    ),
    // An admin said no to the closing.
    ("kept_open", false, Some("NULL, NULL, NULL"), None, false),
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
    for (n, (access, active, account, work, released)) in PEOPLE.iter().enumerate() {
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
        if *released {
            sql.push_str(&format!(
                "INSERT INTO management (user_id, org_id, connection, state, grafana_id, login) \
                 VALUES ('p{n:02}', 1, 'default', 'unmanaged', {n}, 'p{n:02}');"
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
    assert_eq!((tally.closed, tally.closed_may_return), (3, 1), "as the lists are long");
    assert_eq!((tally.closing, tally.oldest_closing_ms), (3, Some(0)));
    assert_eq!(tally.provisioned, 10, "with an account, and not released");
    // …and the same when most of them wait, which is counted another way.
    let waiting = "INSERT OR IGNORE INTO work (state, org_id, connection, kind, id, generation, urgent, since_ms, due_ms, attempts, \
         correlation) SELECT 'pending', 1, 'default', 'User', id, 1, FALSE, 0, 0, 0, '' FROM scim_user";
    sqlx::raw_sql(waiting).execute(&store.write).await.unwrap();
    let counts = store.access_counts(&tenant, "", false).await.unwrap();
    assert_eq!(
        (counts["pending"], counts["needs_attention"], counts["active"]),
        (7, 1, 0)
    );
    assert!(PeopleQuery::default().with_access("gone").is_none());
}
