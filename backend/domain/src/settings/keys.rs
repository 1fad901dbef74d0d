//! The table of settings.
//!
//! Owns: each one's names, how it is checked and its default. Must never resolve or check. Start at
//! [`KEYS`].

/// How a setting's text is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// `http://…` or `https://…`.
    Url,
    /// Any text on one line.
    Text,
    /// Logins separated by commas.
    Logins,
    /// A whole number from the first to the second.
    Number(i64, i64),
    /// One of a few words, and only Grafana's configuration file may say which: it reaches beyond the organization.
    FileChoice(&'static [&'static str]),
    /// A secret: never stored or shown by us, only known to be set or not.
    Secret,
}

/// Every setting, so that what has to be said of each is asked for by the compiler (`reach`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    missing_docs,
    reason = "docs/settings.md has the meaning of each, under the name in `KEYS`"
)]
pub enum Name {
    GrafanaUrl,
    AdminUser,
    AdminPassword,
    ServiceAccountToken,
    TeamSyncMode,
    MappingMode,
    ClaimPolicy,
    SignIn,
    ClaimPassword,
    ReturnDays,
    Linking,
    Deprovision,
    TeamClaim,
    Authority,
    Membership,
    TeamRemoval,
    BreakGlass,
    ScimCallers,
    PublicUrl,
    Operation,
    PausedClosings,
    BrakeMinutes,
    BrakeLeast,
    BrakePercent,
    BrakeMost,
    ActivityDays,
}

/// One row of the settings table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Which one it is.
    pub setting: Name,
    /// The name in every ini section, environment variable (`GF_PLUGIN_<NAME>`) and in the admin API.
    pub name: &'static str,
    /// The name in `jsonData` / `secureJsonData`, where Grafana's convention is camelCase.
    pub json: &'static str,
    /// How it is checked.
    pub kind: Kind,
    /// The value when nobody sets it; empty means not set.
    pub default: &'static str,
    /// Whether Grafana's own `[auth]` section may set it.
    pub in_auth_section: bool,
}

/// Every setting, in the order a page shows them.
pub const KEYS: &[Key] = &[
    Key {
        setting: Name::GrafanaUrl,
        name: "grafana_url",
        json: "grafanaUrl",
        kind: Kind::Url,
        default: "http://localhost:3000",
        in_auth_section: false,
    },
    Key {
        setting: Name::AdminUser,
        name: "admin_user",
        json: "adminUser",
        kind: Kind::Text,
        default: "",
        in_auth_section: false,
    },
    Key {
        setting: Name::AdminPassword,
        name: "admin_password",
        json: "adminPassword",
        kind: Kind::Secret,
        default: "",
        in_auth_section: false,
    },
    Key {
        setting: Name::ServiceAccountToken,
        name: "service_account_token",
        json: "serviceAccountToken",
        kind: Kind::Secret,
        default: "",
        in_auth_section: false,
    },
    // Any value but scim_sync means "users only" (the seed document: "If you prefer Team Sync, do not enable SCIM"), so this one has no closed list.
    Key {
        setting: Name::TeamSyncMode,
        name: "team_sync_mode",
        json: "teamSyncMode",
        kind: Kind::Text,
        default: "scim_sync",
        in_auth_section: true,
    },
    Key {
        setting: Name::MappingMode,
        name: "mapping_mode",
        json: "mappingMode",
        kind: Kind::Choice(&["strict", "create"]),
        default: "strict",
        in_auth_section: true,
    },
    Key {
        setting: Name::ClaimPolicy,
        name: "claim_policy",
        json: "claimPolicy",
        kind: Kind::Choice(&["linked", "ask", "login", "email", "never"]),
        default: "linked",
        in_auth_section: false,
    },
    Key {
        setting: Name::SignIn,
        name: "sign_in",
        json: "signIn",
        kind: Kind::Choice(crate::evidence::SIGN_INS),
        default: "none",
        in_auth_section: false,
    },
    // Who knows the password of an account that is somebody's by now would still open it.
    Key {
        setting: Name::ClaimPassword,
        name: "claim_password",
        json: "claimPassword",
        kind: Kind::Choice(&["renew", "keep"]),
        default: "renew",
        in_auth_section: false,
    },
    // As long as most directories keep deleted users.
    Key {
        setting: Name::ReturnDays,
        name: "return_days",
        json: "returnDays",
        kind: Kind::Number(1, 365),
        default: "30",
        in_auth_section: false,
    },
    Key {
        setting: Name::Linking,
        name: "linking",
        json: "linking",
        kind: Kind::Choice(&["pre_create", "first_login"]),
        default: "pre_create",
        in_auth_section: false,
    },
    Key {
        setting: Name::Deprovision,
        name: "deprovision",
        json: "deprovision",
        kind: Kind::Choice(&["disable", "suspend", "recreate", "delete"]),
        default: "suspend",
        in_auth_section: false,
    },
    Key {
        setting: Name::TeamClaim,
        name: "team_claim",
        json: "teamClaim",
        kind: Kind::Choice(&["use", "ask"]),
        default: "use",
        in_auth_section: false,
    },
    Key {
        setting: Name::Authority,
        name: "authority",
        json: "authority",
        kind: Kind::FileChoice(&["organization", "server"]),
        default: "organization",
        in_auth_section: false,
    },
    Key {
        setting: Name::Membership,
        name: "membership",
        json: "membership",
        kind: Kind::Choice(&["ask", "repair"]),
        default: "ask",
        in_auth_section: false,
    },
    Key {
        setting: Name::TeamRemoval,
        name: "team_removal",
        json: "teamRemoval",
        kind: Kind::Choice(&["archive", "remove", "keep"]),
        default: "archive",
        in_auth_section: false,
    },
    Key {
        setting: Name::BreakGlass,
        name: "break_glass",
        json: "breakGlass",
        kind: Kind::Logins,
        default: "",
        in_auth_section: false,
    },
    Key {
        setting: Name::ScimCallers,
        name: "scim_callers",
        json: "scimCallers",
        kind: Kind::Logins,
        default: "",
        in_auth_section: false,
    },
    Key {
        setting: Name::PublicUrl,
        name: "public_url",
        json: "publicUrl",
        kind: Kind::Url,
        default: "",
        in_auth_section: false,
    },
    // Long enough for "who took my access away last quarter?", short enough for a file that is not looked after.
    Key {
        setting: Name::Operation,
        name: "operation",
        json: "operation",
        kind: Kind::Choice(&["enforce", "observe", "paused"]),
        default: "enforce",
        in_auth_section: false,
    },
    Key {
        setting: Name::PausedClosings,
        name: "paused_closings",
        json: "pausedClosings",
        kind: Kind::Choice(&["wait", "run"]),
        default: "wait",
        in_auth_section: false,
    },
    // How many people may lose something by the provider's word before an admin is asked (`brake.rs`).
    Key {
        setting: Name::BrakeMinutes,
        name: "brake_minutes",
        json: "brakeMinutes",
        kind: Kind::Number(1, 1440),
        default: "15",
        in_auth_section: false,
    },
    Key {
        setting: Name::BrakeLeast,
        name: "brake_least",
        json: "brakeLeast",
        kind: Kind::Number(0, 1_000_000),
        default: "5",
        in_auth_section: false,
    },
    Key {
        setting: Name::BrakePercent,
        name: "brake_percent",
        json: "brakePercent",
        kind: Kind::Number(0, 100),
        default: "10",
        in_auth_section: false,
    },
    Key {
        setting: Name::BrakeMost,
        name: "brake_most",
        json: "brakeMost",
        kind: Kind::Number(0, 1_000_000),
        default: "50",
        in_auth_section: false,
    },
    Key {
        setting: Name::ActivityDays,
        name: "activity_days",
        json: "activityDays",
        kind: Kind::Number(1, 3650),
        default: ACTIVITY_DAYS,
        in_auth_section: false,
    },
];

const ACTIVITY_DAYS: &str = "90";
