//! What handlers may ask of the rest of the process.
//!
//! Owns: the translation between `http`'s words and the engine's. Must never decide. Start at [`Controls`].

use std::sync::Arc;

use admin_api::{Check, CredentialTest, CredentialsTest, LoginDoctor, LoginFinding, LoginSeverity, TestOutcome};
use domain::{account::Holder, login::Severity};

use super::settings::{self, SettingsState};
use crate::http::{Boxed, Control, EngineState, EngineStatus, Holders, RosterSeen, SettingsView, TeamSeen};
use engine::{self, Engine, Finding, Wake};
use store::Store;

pub(super) struct Controls {
    engine: Engine,
    wake: Wake,
    settings: Arc<SettingsState>,
    store: Store,
}

impl Controls {
    pub(super) fn new(engine: Engine, settings: Arc<SettingsState>, store: Store) -> Self {
        Self {
            wake: engine.wake(),
            engine,
            settings,
            store,
        }
    }
}

impl Control for Controls {
    fn wake(&self) {
        self.wake.wake();
    }

    fn check_now(&self, org_id: i64) {
        self.wake.check_now(org_id);
    }

    fn engine(&self, org_id: i64) -> EngineStatus {
        let status = self.engine.status(org_id);
        EngineStatus {
            state: match status.state {
                engine::State::NotConfigured => EngineState::NotConfigured,
                engine::State::WaitingForFirstRequest => EngineState::WaitingForFirstRequest,
                engine::State::CredentialsRefused => EngineState::CredentialsRefused,
                engine::State::GrafanaAway => EngineState::GrafanaAway,
                engine::State::Running => EngineState::Running,
            },
            url: status.url,
            version: status.version,
            signed_in_as: status.signed_in_as,
            latency_ms: status.latency_ms,
            error: status.error,
            checked_ms: status.checked_ms,
            warnings: status.warnings,
            unmanaged: status.unmanaged,
        }
    }

    fn login_doctor(&self, org_id: i64) -> LoginDoctor {
        let Some(seen) = self.engine.login(org_id) else {
            return LoginDoctor::default();
        };
        let finding = |found: domain::login::Finding| LoginFinding {
            severity: match found.severity {
                Severity::Ok => LoginSeverity::Ok,
                Severity::Note => LoginSeverity::Note,
                Severity::Warning => LoginSeverity::Warning,
                Severity::Problem => LoginSeverity::Problem,
            },
            provider: found.provider,
            what: found.what,
            why: found.why,
            ini: found.ini,
        };
        LoginDoctor {
            checked_ms: Some(seen.at_ms),
            findings: seen.findings.into_iter().map(finding).collect(),
        }
    }

    fn public_url(&self, org_id: i64) -> Option<String> {
        self.settings.public_url(org_id)
    }

    fn teams(&self, org_id: i64) -> Vec<TeamSeen> {
        let team = |t: engine::TeamSeen| TeamSeen {
            id: t.id,
            name: t.name,
            members: t.members,
        };
        self.engine.teams(org_id).into_iter().map(team).collect()
    }

    fn rosters(&self, org_id: i64, teams: Vec<i64>) -> Boxed<'_, Vec<RosterSeen>> {
        Box::pin(async move {
            let roster = |seen: engine::RosterSeen| RosterSeen {
                team_id: seen.team_id,
                at_ms: seen.at_ms,
                members: seen.members,
            };
            let seen = self.engine.rosters(org_id, &teams).await;
            seen.into_iter().map(roster).collect()
        })
    }

    fn is_server_admin(&self, org_id: i64, login: &str) -> bool {
        self.engine.is_admin(org_id, login)
    }

    fn holders(&self, org_id: i64, login: &str, email: Option<&str>) -> Holders {
        let holder = |seen: engine::HolderSeen| Holder {
            id: seen.id,
            protected: seen.is_admin,
        };
        let (login, email) = self.engine.holders(org_id, login, email);
        Holders {
            login: login.map(holder),
            email: email.map(holder),
        }
    }

    fn settings(&self, org_id: i64) -> Arc<SettingsView> {
        self.settings.view(org_id)
    }

    fn page_settings_changed(&self, org_id: i64) -> Boxed<'_, ()> {
        Box::pin(async move {
            match self.store.page_settings(org_id).await {
                Ok(page) => self.settings.page(org_id, page),
                // They are on disk, and in force after the next start at the latest.
                Err(error) => tracing::error!(%error, "settings were stored but could not be read back"),
            }
        })
    }

    fn test_credentials(&self, org_id: i64, test: CredentialsTest) -> Boxed<'_, CredentialTest> {
        Box::pin(async move {
            let credentials = settings::completed(&self.settings, org_id, test);
            told(engine::probe(&credentials, org_id).await)
        })
    }
}

/// The findings in an admin's words.
fn told(probe: engine::Probe) -> CredentialTest {
    let mut checks = Vec::new();
    let mut check = |what: &str, finding: Finding, good: String, needed: Needed| {
        let (outcome, detail) = match (finding, needed) {
            (Finding::NotTried, _) => return,
            (Finding::Yes, _) => (TestOutcome::Ok, good),
            (Finding::No(why), Needed::Always(mend)) => (TestOutcome::Failed, format!("{why}. {mend}")),
            (Finding::No(why), Needed::Better(loss)) => (TestOutcome::Warning, format!("{why}. {loss}")),
        };
        checks.push(Check {
            what: what.to_owned(),
            outcome,
            detail,
            ..Check::default()
        });
    };
    let reached = probe.reached == Finding::Yes;
    let signed_in = probe.sign_in == Finding::Yes;
    let nobody = probe.sign_in == Finding::NotTried;
    let answers = match &probe.version {
        Some(version) => format!("Grafana {version} answers."),
        None => "Grafana answers.".to_owned(),
    };
    check(
        "Reach Grafana",
        probe.reached,
        answers,
        Needed::Always(
            "Set grafana_url to Grafana's own URL as its server reaches it, for example http://localhost:3000.",
        ),
    );
    if reached && nobody {
        let finding = Finding::No("no server admin is set".into());
        let mend =
            "Set admin_user and admin_password: Grafana lets no service account create, disable or sign out users.";
        check("Sign in", finding, String::new(), Needed::Always(mend));
    }
    let how = if probe.by_password {
        "It works, but the login form is off, so Grafana hashes the password on every call: slower."
    } else {
        "It works, by session."
    };
    check(
        "Sign in",
        probe.sign_in,
        how.into(),
        Needed::Always("Type the password again; nothing else was tried, so the account is not locked."),
    );
    check(
        "Create, disable and sign out users",
        probe.server_admin,
        "The account is a Grafana server admin.".into(),
        Needed::Always("Make it one under Administration, Users."),
    );
    check(
        "Look users up",
        probe.list_users,
        "It may.".into(),
        Needed::Always("The account needs the permission users:read."),
    );
    let by_token = probe.token_teams == Finding::Yes;
    check(
        "Teams and members",
        probe.org_admin,
        "The account is Admin of this organization.".into(),
        if by_token {
            Needed::Better("The service account does teams; the people of this organization cannot be listed.")
        } else {
            Needed::Always("Make it Admin of this organization.")
        },
    );
    check(
        "Read Grafana's configuration",
        probe.read_settings,
        "It may: the lines of [auth], the public URL and role sync are known.".into(),
        Needed::Better("Lines of [auth] are not seen, and whether a suspension holds is not known."),
    );
    check(
        "Teams by service account",
        probe.token_teams,
        "The token may handle teams.".into(),
        Needed::Better("Teams are made by the server admin instead, who is taken out of each again."),
    );
    let failed = checks
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
        checks,
    }
}

/// What follows from a check that failed, in words that come after the reason.
#[derive(Clone, Copy)]
enum Needed {
    /// Nothing works without it; how to mend it.
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
        assert!(told(found()).ok);
        let no = || Finding::No("403".into());
        let warned = told(engine::Probe {
            read_settings: no(),
            ..found()
        });
        assert!(warned.ok && warned.checks.iter().any(|c| c.outcome == TestOutcome::Warning));
        let refused = told(engine::Probe {
            server_admin: no(),
            ..found()
        });
        assert!(!refused.ok && refused.message.contains("does not work"));
    }

    #[test]
    fn without_a_server_admin_the_test_says_what_to_set() {
        let nobody = told(engine::Probe {
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
