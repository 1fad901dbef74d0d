//! Quotas: Grafana's `middleware/quota.go`.
//!
//! Owns: which calls are refused when so many are there, and in which words (G82). Grafana asks for few of
//! them: nothing limits `POST /api/admin/users`, `POST /api/orgs/:id/users` or teams.

use super::{
    answer::Answer,
    settings::Settings,
    world::{User, World},
};

/// Users of the whole server.
pub(super) fn for_user(world: &World, settings: &Settings) -> Result<(), Answer> {
    check(settings, "user", &[("global_user", world.people().count())])
}

/// Organizations of the server, users of the caller's organization, and organizations of the caller.
pub(super) fn for_org(world: &World, settings: &Settings, caller: i64, org: Option<i64>) -> Result<(), Answer> {
    let own = world.users.get(&caller);
    let in_org = |user: &&User| org.is_some_and(|org| user.orgs.contains_key(&org));
    let usage = [
        ("global_org", world.orgs.len()),
        ("org_user", world.people().filter(in_org).count()),
        ("user_org", own.map_or(0, |user| user.orgs.len())),
    ];
    check(settings, "org", &usage)
}

/// Sessions of everybody; this one refuses the sign-in itself.
pub(super) fn for_session(world: &World, settings: &Settings) -> Result<(), Answer> {
    check(settings, "auth", &[("global_session", world.sessions.len())])
}

/// A limit below 0 is none, and 0 is always reached (`quotaimpl/quota.go` `CheckQuotaReached`).
fn check(settings: &Settings, target: &str, usage: &[(&str, usize)]) -> Result<(), Answer> {
    let reached = |(key, used): &(&str, usize)| {
        let limit = settings.get("quota", key).parse::<i64>().unwrap_or(-1);
        usize::try_from(limit).is_ok_and(|limit| *used >= limit)
    };
    if settings.is_on("quota", "enabled") && usage.iter().any(reached) {
        return Err(Answer::message(403, format_args!("{target} Quota reached")));
    }
    Ok(())
}
