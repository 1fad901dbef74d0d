//! Many people at once, in the file of a stand-in that is not running.
//!
//! Owns: copies of one account. Must never run beside a stand-in on the same file: each would undo the other's.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result};

use super::world::{User, World, random};

/// `people` more accounts like that of `login`, called `login_of(1)` and so on; the first one's id. Ids follow each other.
///
/// # Errors
/// If the file cannot be read or written, or nobody has that login.
pub fn add(data_dir: &Path, login: &str, people: u32, login_of: impl Fn(u32) -> String) -> Result<i64> {
    let file = data_dir.join("grafana.json");
    let mut world = World::load(&file)?.with_context(|| format!("{} is missing", file.display()))?;
    let model = world.users.values().find(|user| user.login == login);
    let model = model.with_context(|| format!("nobody is called {login}"))?.clone();
    let mut added = BTreeMap::new();
    for number in 1..=people {
        let id = world.next_id("user");
        let login = login_of(number);
        let user = User {
            id,
            uid: random(14),
            email: login.clone(),
            login,
            ..model.clone()
        };
        added.insert(id, user);
    }
    let first = added.keys().next().copied().context("nobody was asked for")?;
    world.users.extend(added);
    world.save(&file)?;
    Ok(first)
}
