//! No text is outside the registry, and each is one that SQLite takes.

use std::path::{Path, PathBuf};

use sqlx::{AssertSqlSafe, Executor as _, SqlSafeStr as _};

use super::Statement;
use crate::{
    Store, account_creations, accounts, activity, brake, break_glass, groups, identity, listing, management, mappings,
    membership, people, probe, scim_callers, secret_bindings, settings, team_feeds, team_memberships, users, work,
};

/// The texts of every module that names some.
const MODULES: [(&str, &[Statement]); 21] = [
    ("lib.rs", crate::STATEMENTS),
    ("account_creations.rs", account_creations::STATEMENTS),
    ("accounts.rs", accounts::STATEMENTS),
    ("activity.rs", activity::STATEMENTS),
    ("brake.rs", brake::STATEMENTS),
    ("break_glass.rs", break_glass::STATEMENTS),
    ("groups.rs", groups::STATEMENTS),
    ("identity.rs", identity::STATEMENTS),
    ("mappings.rs", mappings::STATEMENTS),
    ("membership.rs", membership::STATEMENTS),
    ("people.rs", people::STATEMENTS),
    ("people/counts.rs", people::counts::STATEMENTS),
    ("probe.rs", probe::STATEMENTS),
    ("team_feeds.rs", team_feeds::STATEMENTS),
    ("team_memberships.rs", team_memberships::STATEMENTS),
    ("scim_callers.rs", scim_callers::STATEMENTS),
    ("secret_bindings.rs", secret_bindings::STATEMENTS),
    ("settings.rs", settings::STATEMENTS),
    ("management.rs", management::STATEMENTS),
    ("users.rs", users::STATEMENTS),
    ("work.rs", work::STATEMENTS),
];

/// Samples of every module that puts texts together.
fn samples() -> Vec<(&'static str, Vec<String>)> {
    vec![
        ("activity.rs", activity::samples()),
        ("listing.rs", listing::samples()),
        ("people.rs", people::samples()),
        ("people/counts.rs", people::counts::samples()),
    ]
}

#[tokio::test]
async fn sqlite_takes_every_text() {
    let store = Store::in_memory().await.unwrap();
    let named = MODULES.iter().flat_map(|(_, statements)| *statements);
    let mut texts: Vec<(&str, String)> = named.map(|s| (s.name, s.text.to_owned())).collect();
    for (module, samples) in samples() {
        texts.extend(samples.into_iter().map(|text| (module, text)));
    }
    let mut connection = store.write.acquire().await.unwrap();
    for (name, text) in texts {
        let prepared = connection.prepare(AssertSqlSafe(text.clone()).into_sql_str()).await;
        assert!(prepared.is_ok(), "{name}: {prepared:?}\n{text}");
    }
}

/// The crate's files without their tests, by their path.
fn sources(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.file_stem().is_some_and(|stem| stem != "tests") {
            let text = std::fs::read_to_string(&path).unwrap();
            let text = text
                .split("#[cfg(test)]\nmod tests")
                .next()
                .unwrap_or_default()
                .to_owned();
            found.push((path, text));
        }
    }
}

#[test]
fn no_text_is_outside_the_registry() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let mut files = Vec::new();
    sources(root, &mut files);
    assert!(files.len() > MODULES.len());
    for (path, text) in files {
        let file = path.strip_prefix(root).unwrap().to_str().unwrap();
        if file == "sql.rs" {
            continue;
        }
        for way_around in [
            "sqlx::query",
            "AssertSqlSafe",
            "QueryBuilder::new",
            "QueryBuilder::<",
            "raw_sql",
        ] {
            assert!(!text.contains(way_around), "{file}: {way_around}");
        }
        let names = MODULES.iter().any(|(module, _)| *module == file);
        assert_eq!(text.contains("statements! {"), names, "{file}: in MODULES?");
        let builds = samples().iter().any(|(module, _)| *module == file);
        assert_eq!(text.contains("sql::build("), builds, "{file}: in samples()?");
    }
}
