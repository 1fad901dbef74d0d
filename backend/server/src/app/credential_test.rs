//! The findings of a test of credentials, in an admin's words.
//!
//! Owns: what of them is needed, and what to do where it is missing. Must never see the credentials.
//! Start at [`report`].

pub(super) mod limit;

use admin_api::{Check, CredentialTest, TestOutcome};
use engine::Finding;

/// The findings in an admin's words.
pub(super) fn report(probe: engine::Probe) -> CredentialTest {
    let reached = probe.reached == Finding::Yes;
    let signed_in = probe.sign_in == Finding::Yes;
    let mut checks = Checks(Vec::new());
    add_sign_in(&mut checks, &probe);
    add_permissions(&mut checks, &probe);
    let failed = checks
        .0
        .iter()
        .filter(|check| check.outcome == TestOutcome::Failed)
        .count();
    let message = match (failed, &probe.login) {
        (0, Some(login)) => format!("Signed in as {login}; everything that is needed works."),
        (0, None) => "Everything that is needed works.".to_owned(),
        _ if reached && signed_in => "Signed in, but something that is needed does not work.".to_owned(),
        _ if reached => "Grafana answers, but nobody could be signed in.".to_owned(),
        _ => "Grafana could not be reached.".to_owned(),
    };
    CredentialTest {
        ok: failed == 0,
        message,
        checks: checks.0,
    }
}

struct Checks(Vec<Check>);

impl Checks {
    fn add(&mut self, what: &str, finding: &Finding, good: String, needed: Needed) {
        let (outcome, detail) = match (finding, needed) {
            (Finding::NotTried, _) => return,
            (Finding::Yes, _) => (TestOutcome::Ok, good),
            (Finding::No(why), Needed::Always(fix)) => (TestOutcome::Failed, format!("{why}. {fix}")),
            (Finding::No(why), Needed::Better(loss)) => (TestOutcome::Warning, format!("{why}. {loss}")),
        };
        self.0.push(Check {
            what: what.to_owned(),
            outcome,
            detail,
            ..Check::default()
        });
    }
}

/// Whether Grafana answers, and lets the account in.
fn add_sign_in(checks: &mut Checks, probe: &engine::Probe) {
    let reached = probe.reached == Finding::Yes;
    let nobody = probe.sign_in == Finding::NotTried;
    let answers = match &probe.version {
        Some(version) => format!("Grafana {version} answers."),
        None => "Grafana answers.".to_owned(),
    };
    // How it does not answer would tell which ports of the network are open.
    let reach = match &probe.reached {
        Finding::No(_) => Finding::No("Grafana did not answer".to_owned()),
        other => other.clone(),
    };
    checks.add(
        "Reach Grafana",
        &reach,
        answers,
        Needed::Always(
            "Set grafana_url to Grafana's own URL as its server reaches it, for example http://localhost:3000.",
        ),
    );
    if reached && nobody {
        let finding = Finding::No("no server admin is set".into());
        let fix =
            "Set admin_user and admin_password: Grafana lets no service account create, disable or sign out users.";
        checks.add("Sign in", &finding, String::new(), Needed::Always(fix));
    }
    let how = if probe.by_password {
        "It works, but the login form is off, so Grafana hashes the password on every call: slower."
    } else {
        "It works, by session."
    };
    checks.add(
        "Sign in",
        &probe.sign_in,
        how.into(),
        Needed::Always("Type the password again; nothing else was tried, so the account is not locked."),
    );
}

/// What the account and the token may do.
fn add_permissions(checks: &mut Checks, probe: &engine::Probe) {
    checks.add(
        "Create, disable and sign out users",
        &probe.server_admin,
        "The account is a Grafana server admin.".into(),
        Needed::Always("Make it one under Administration, Users."),
    );
    checks.add(
        "Look users up",
        &probe.list_users,
        "It may.".into(),
        Needed::Always("The account needs the permission users:read."),
    );
    let by_token = probe.token_teams == Finding::Yes;
    checks.add(
        "Teams and members",
        &probe.org_admin,
        "The account is Admin of this organization.".into(),
        if by_token {
            Needed::Better("The service account does teams; the people of this organization cannot be listed.")
        } else {
            Needed::Always("Make it Admin of this organization.")
        },
    );
    checks.add(
        "Read Grafana's configuration",
        &probe.read_settings,
        "It may: the lines of [auth], the public URL and role sync are known.".into(),
        Needed::Better("Lines of [auth] are not seen, and whether a suspension holds is not known."),
    );
    checks.add(
        "Teams by service account",
        &probe.token_teams,
        "The token may handle teams.".into(),
        Needed::Better("Teams are made by the server admin instead, who is taken out of each again."),
    );
}

/// What follows from a check that failed, in words that come after the reason.
#[derive(Clone, Copy)]
enum Needed {
    /// Nothing works without it; how to fix it.
    Always(&'static str),
    /// It works without; what is lost.
    Better(&'static str),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> engine::Probe {
        engine::Probe {
            reached: Finding::Yes,
            version: Some("11.1.1".into()),
            sign_in: Finding::Yes,
            login: Some("root".into()),
            by_password: false,
            server_admin: Finding::Yes,
            list_users: Finding::Yes,
            org_admin: Finding::Yes,
            read_settings: Finding::Yes,
            token_teams: Finding::NotTried,
        }
    }

    #[test]
    fn a_drawback_is_a_warning_and_what_is_needed_a_failure() {
        assert!(report(found()).ok);
        let no = || Finding::No("403".into());
        let warned = report(engine::Probe {
            read_settings: no(),
            ..found()
        });
        assert!(warned.ok && warned.checks.iter().any(|c| c.outcome == TestOutcome::Warning));
        let refused = report(engine::Probe {
            server_admin: no(),
            ..found()
        });
        assert!(!refused.ok && refused.message.contains("does not work"));
    }

    #[test]
    fn without_a_server_admin_the_test_says_what_to_set() {
        let nobody = report(engine::Probe {
            sign_in: Finding::NotTried,
            login: None,
            server_admin: Finding::NotTried,
            list_users: Finding::NotTried,
            org_admin: Finding::NotTried,
            read_settings: Finding::NotTried,
            ..found()
        });
        assert!(!nobody.ok);
        assert!(nobody.checks.iter().any(|c| c.detail.contains("admin_user")));
    }
}
