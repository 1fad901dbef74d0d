//! The settings as the engine and the planners read them.
//!
//! Owns: their types, and how the text of a resolved table becomes them. Must never look at a source. Start at [`effective`].

use serde::{Deserialize, Serialize};
use vocabulary::MappingMode;

use crate::{brake::Limits, operation::Mode};

use super::{Resolved, claim_policy::ClaimPolicy, team_claim::TeamClaim};

/// When a person's account is made (docs/settings.md, "Signing in").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Linking {
    /// Rollcall makes it before the first sign-in.
    #[default]
    PreCreate,
    /// The first sign-in makes it, and then it is claimed.
    FirstLogin,
}

/// How far closing may go (docs/deprovisioning.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Deprovision {
    /// Grafana's own "disabled": reversible, same id.
    Disable,
    /// Out of every organization and signed out: what is left for SSO users, which Grafana refuses to disable.
    #[default]
    Suspend,
    /// Deleted and made again as disabled, with the same login and e-mail, so that no sign-in of a provider gets in. For SSO users;
    /// others are disabled.
    Recreate,
    /// Deleted, always.
    Delete,
}

/// Whose accounts the provider speaks for (docs/decisions/0007-authority.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Those of its organization; what is another one's too is left to that.
    #[default]
    Organization,
    /// The whole server's.
    Server,
}

/// What becomes of a person who is not in our organization any more, by nobody's doing that Rollcall knows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MembershipPolicy {
    /// An admin is asked.
    #[default]
    Ask,
    /// Rollcall joins the account again.
    Repair,
}

/// What becomes of a team when its group is deleted in the identity provider.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TeamRemoval {
    /// Our members leave, the team is renamed and its id (and so its folder permissions) stays.
    #[default]
    Archive,
    /// The team is deleted.
    Remove,
    /// Our members leave; nothing else changes.
    Keep,
}

/// The settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effective {
    /// Whether groups are synced (`team_sync_mode = scim_sync`); otherwise users only.
    pub group_sync: bool,
    /// Which groups become teams.
    pub mapping_mode: MappingMode,
    /// Which accounts may be claimed.
    pub claim_policy: ClaimPolicy,
    /// The section of the provider by which this connection's people sign in.
    pub sign_in: Option<String>,
    /// Whether a local account that is claimed keeps its password.
    pub claim_keeps_password: bool,
    /// For how many days a person deleted at the provider may return to the account.
    pub return_days: i64,
    /// When accounts come to be.
    pub linking: Linking,
    /// How far closing an account may go.
    pub deprovision: Deprovision,
    /// Whether a team that was there before is filled.
    pub team_claim: TeamClaim,
    /// Whose accounts the provider speaks for.
    pub authority: Reach,
    /// What becomes of who was taken out of the organization.
    pub membership: MembershipPolicy,
    /// What becomes of a team whose group is gone.
    pub team_removal: TeamRemoval,
    /// Logins SCIM never touches.
    pub break_glass: Vec<String>,
    /// Logins of service accounts that the file says may call SCIM.
    pub scim_callers: Vec<String>,
    /// Whether anything is written to Grafana.
    pub operation: Mode,
    /// Whether closings go on while it is paused.
    pub paused_closings: bool,
    /// How many people may lose something by the provider's word.
    pub brake: Limits,
    /// Where Grafana is called.
    pub grafana_url: String,
    /// Server admin's login, if set.
    pub admin_user: Option<String>,
    /// Grafana's public URL, where an admin had to say it.
    pub public_url: Option<String>,
    /// For how many days a line of the log is kept.
    pub activity_days: i64,
}

/// The typed settings of a resolved table.
#[must_use]
pub fn effective(resolved: &[Resolved]) -> Effective {
    let get = |name: &str| {
        resolved
            .iter()
            .find(|r| r.name == name)
            .map_or("", |r| r.value.as_str())
    };
    let some = |name: &str| Some(get(name)).filter(|v| !v.is_empty()).map(str::to_owned);
    let logins = |name: &str| {
        get(name)
            .split(',')
            .map(|l| l.trim().to_lowercase())
            .filter(|l| !l.is_empty())
            .collect::<Vec<_>>()
    };
    // Checked when it was resolved.
    let number = |name: &str, otherwise: i64| get(name).parse().unwrap_or(otherwise);
    Effective {
        group_sync: get("team_sync_mode") == "scim_sync",
        mapping_mode: if get("mapping_mode") == "create" {
            MappingMode::Create
        } else {
            MappingMode::Strict
        },
        claim_policy: ClaimPolicy::of(get("claim_policy")),
        sign_in: some("sign_in"),
        claim_keeps_password: get("claim_password") == "keep",
        return_days: get("return_days").parse().unwrap_or(30),
        linking: if get("linking") == "first_login" {
            Linking::FirstLogin
        } else {
            Linking::PreCreate
        },
        deprovision: match get("deprovision") {
            "disable" => Deprovision::Disable,
            "recreate" => Deprovision::Recreate,
            "delete" => Deprovision::Delete,
            _ => Deprovision::Suspend,
        },
        team_claim: TeamClaim::of(get("team_claim")),
        authority: if get("authority") == "server" {
            Reach::Server
        } else {
            Reach::Organization
        },
        membership: if get("membership") == "repair" {
            MembershipPolicy::Repair
        } else {
            MembershipPolicy::Ask
        },
        team_removal: match get("team_removal") {
            "remove" => TeamRemoval::Remove,
            "keep" => TeamRemoval::Keep,
            _ => TeamRemoval::Archive,
        },
        break_glass: logins("break_glass"),
        scim_callers: logins("scim_callers"),
        operation: Mode::of(get("operation")),
        paused_closings: get("paused_closings") == "run",
        brake: Limits {
            window_ms: number("brake_minutes", 15).saturating_mul(60_000),
            least: number("brake_least", 5),
            percent: number("brake_percent", 10),
            most: number("brake_most", 50),
        },
        grafana_url: get("grafana_url").to_owned(),
        admin_user: some("admin_user"),
        public_url: some("public_url"),
        // Checked when it was resolved; what is not a number keeps the log, which is the safe side.
        activity_days: get("activity_days").parse().unwrap_or(i64::MAX),
    }
}
