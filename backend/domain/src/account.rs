//! One SCIM user against Grafana's account: which calls make Grafana match.
//!
//! Owns: claiming, protection, the lock-out ladder (design §4) and deferred attributes. Must never plan a change of a protected
//! account, of an account that is not managed, or of an org role that was not there before. Pure and total.
//! Start at [`plan`]; the engine executes [`Plan::actions`] in order, observes again and plans again until nothing is left to do.

use serde::{Deserialize, Serialize};

use crate::{
    attempt::Attention,
    settings::{ClaimPolicy, Rung},
};

#[cfg(test)]
mod tests;

/// What the identity provider says about a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Desired {
    /// May sign in.
    Open(Profile),
    /// `active: false`.
    Closed(Profile),
    /// Deleted: closed as well, because Grafana users are never deleted for it.
    Gone,
}

/// The attributes Grafana has room for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Profile {
    /// From `userName`.
    pub login: String,
    /// The primary e-mail; absent means "leave it as it is" (R5: an unmapped attribute never blanks anything).
    pub email: Option<String>,
    /// The display name; absent means "leave it as it is".
    pub name: Option<String>,
}

impl Profile {
    /// As Grafana stores it: login and e-mail trimmed and in lower case (`grafana-live.md` §3), so that a comparison can end.
    #[must_use]
    pub fn new(login: &str, email: Option<&str>, name: Option<&str>) -> Self {
        let filled = |s: &&str| !s.is_empty();
        Self {
            login: login.trim().to_lowercase(),
            email: email.map(str::trim).filter(filled).map(str::to_lowercase),
            name: name.map(str::trim).filter(filled).map(str::to_owned),
        }
    }
}

/// A role in an organization.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrgRole {
    /// The organization.
    pub org_id: i64,
    /// `Viewer`, `Editor`, `Admin`, `None`.
    pub role: String,
}

/// A seat in a team.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TeamSeat {
    /// The team's organization.
    pub org_id: i64,
    /// The team.
    pub team_id: i64,
}

/// What to give back on return: Grafana forgets roles and team seats of who leaves an organization.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Organizations and roles.
    pub orgs: Vec<OrgRole>,
    /// Seats in teams.
    #[serde(default)]
    pub teams: Vec<TeamSeat>,
}

/// Where a managed account came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Made by us.
    Provisioned,
    /// There before.
    Claimed,
}

/// What we remember of the account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Grafana's id.
    pub grafana_id: i64,
    /// Where it came from.
    pub origin: Origin,
    /// What to give back on return, if it was suspended.
    pub snapshot: Option<Snapshot>,
}

/// A Grafana account as just seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Grafana's id.
    pub id: i64,
    /// Login.
    pub login: String,
    /// E-mail.
    pub email: String,
    /// Name.
    pub name: String,
    /// Grafana server admin.
    pub is_grafana_admin: bool,
    /// A sign-in link of a provider exists: Grafana will refuse to disable, enable or edit (`grafana-live.md` §3).
    pub is_external: bool,
    /// Disabled.
    pub is_disabled: bool,
    /// It is the account we are signed in with.
    pub is_self: bool,
    /// Organizations and roles.
    pub orgs: Vec<OrgRole>,
    /// Seats in teams, where they were looked up (before a suspension and on return).
    pub teams: Vec<TeamSeat>,
    /// Organizations in which no other person is Admin.
    pub last_admin_of: Vec<i64>,
}

/// Another account that has the desired login or e-mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// The account.
    pub account: Account,
    /// Who manages it.
    pub manager: Manager,
}

/// Who manages a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manager {
    /// Nobody: it was there before.
    Nobody,
    /// Another SCIM user that exists.
    Other,
    /// A SCIM user that was deleted: who comes back with the same login gets the account back (R8).
    Gone {
        /// That user's SCIM id.
        user_id: String,
        /// What was remembered.
        link: Link,
    },
}

/// Everything seen in Grafana about one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The linked account; `None` when there is no link, or when the account was deleted by hand.
    pub linked: Option<Account>,
    /// Other accounts with the desired login or e-mail.
    pub others: Vec<Candidate>,
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Which accounts may be claimed.
    pub claim: ClaimPolicy,
    /// The highest rung allowed.
    pub ceiling: Rung,
    /// Logins never touched, in lower case.
    pub break_glass: Vec<String>,
    /// Whether the provider leaves org roles alone (`skip_org_role_sync`), where Grafana's settings could be read: only then does a
    /// suspension hold against a sign-in the provider still allows (`grafana-live.md` §1.3).
    pub role_sync_skipped: Option<bool>,
}

/// One step. Every one is safe to run twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Take an existing account over. No Grafana call.
    Claim {
        /// Its id.
        grafana_id: i64,
        /// Ours from before, or found.
        origin: Origin,
        /// The deleted SCIM user it belonged to.
        from: Option<String>,
        /// That user's snapshot.
        snapshot: Option<Snapshot>,
    },
    /// Make the account.
    Create(Write),
    /// Write the profile; always all three, because Grafana takes a missing login for the e-mail (`grafana-live.md` §3).
    Update(Write),
    /// Grafana's own "disabled"; ends the sessions too.
    Disable,
    /// Undo that.
    Enable,
    /// Remember what the next steps destroy.
    Remember(Snapshot),
    /// Leave one organization, by the call that keeps the user.
    LeaveOrg(i64),
    /// End every session.
    Logout,
    /// Come back to an organization.
    JoinOrg(OrgRole),
    /// Come back to a team.
    JoinTeam(TeamSeat),
    /// Nothing is left to remember: the account is gone in Grafana.
    Forget,
}

/// A profile as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// Login.
    pub login: String,
    /// E-mail.
    pub email: String,
    /// Name.
    pub name: String,
}

/// What holds once the actions are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// There is no account.
    None,
    /// May sign in.
    Open,
    /// May not.
    Closed {
        /// The rung that closed it.
        by: Rung,
        /// Whether it holds against a sign-in the provider still allows; unknown where Grafana's settings cannot be read.
        holds: Option<bool>,
    },
}

/// The answer of [`plan`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in this order.
    pub actions: Vec<Action>,
    /// What holds afterwards; `None` where it stays as it was, because a person must look.
    pub access: Option<Access>,
    /// Attributes that wait for the person's next sign-in.
    pub deferred: Vec<&'static str>,
    /// What a person must look at. Actions may still be due: closing goes on where a rename cannot.
    pub attention: Option<Attention>,
}

impl Plan {
    fn nothing(access: Access) -> Self {
        Self {
            actions: Vec::new(),
            access: Some(access),
            deferred: Vec::new(),
            attention: None,
        }
    }

    fn attention(attention: Attention) -> Self {
        Self {
            actions: Vec::new(),
            access: None,
            deferred: Vec::new(),
            attention: Some(attention),
        }
    }
}

/// Desired × observed → what to do.
#[must_use]
pub fn plan(desired: &Desired, link: Option<&Link>, observed: &Observed, rules: &Rules) -> Plan {
    match (desired, link, &observed.linked) {
        (_, Some(link), Some(account)) => managed(desired, link, account, &observed.others, rules),
        (Desired::Gone, None, _) => Plan::nothing(Access::None),
        // Deleted by hand (R9): made again for who may sign in, forgotten for who may not.
        (Desired::Gone, Some(_), None) => forget(),
        (Desired::Open(profile), _, _) => arrive(desired, profile, &observed.others, rules),
        (Desired::Closed(profile), link, _) => {
            let mut plan = leave_before_arriving(desired, profile, &observed.others, rules);
            if plan.actions.is_empty() && plan.attention.is_none() && link.is_some() {
                plan = forget();
            }
            plan
        }
    }
}

fn forget() -> Plan {
    Plan {
        actions: vec![Action::Forget],
        ..Plan::nothing(Access::None)
    }
}

/// No account yet, and one is wanted.
fn arrive(desired: &Desired, profile: &Profile, others: &[Candidate], rules: &Rules) -> Plan {
    if others.is_empty() {
        if rules.break_glass.contains(&profile.login) {
            return Plan::attention(protected_attention(&profile.login, "it is on the break-glass list"));
        }
        // Without an e-mail Grafana uses the login, without a name it shows the login.
        let create = Action::Create(Write {
            login: profile.login.clone(),
            email: profile.email.clone().unwrap_or_else(|| profile.login.clone()),
            name: profile.name.clone().unwrap_or_else(|| profile.login.clone()),
        });
        return Plan {
            actions: vec![create],
            ..Plan::nothing(Access::Open)
        };
    }
    match choose(profile, others, rules) {
        Ok(chosen) => take_over(desired, chosen, others, rules),
        Err(attention) => Plan::attention(attention),
    }
}

/// No account of ours, and none is wanted: one is never made, but one that would be claimed is closed.
fn leave_before_arriving(desired: &Desired, profile: &Profile, others: &[Candidate], rules: &Rules) -> Plan {
    match choose(profile, others, rules) {
        Ok(chosen) => take_over(desired, chosen, others, rules),
        Err(attention) if others.iter().any(|c| protection(&c.account, rules).is_some()) => Plan::attention(attention),
        Err(_) => Plan::nothing(Access::None),
    }
}

fn take_over(desired: &Desired, chosen: &Candidate, others: &[Candidate], rules: &Rules) -> Plan {
    let (link, from) = match &chosen.manager {
        Manager::Gone { user_id, link } => (link.clone(), Some(user_id.clone())),
        Manager::Nobody | Manager::Other => (
            Link {
                grafana_id: chosen.account.id,
                origin: Origin::Claimed,
                snapshot: None,
            },
            None,
        ),
    };
    let rest: Vec<Candidate> = others
        .iter()
        .filter(|c| c.account.id != chosen.account.id)
        .cloned()
        .collect();
    let mut plan = managed(desired, &link, &chosen.account, &rest, rules);
    plan.actions.insert(
        0,
        Action::Claim {
            grafana_id: chosen.account.id,
            origin: link.origin,
            from,
            snapshot: link.snapshot,
        },
    );
    plan
}

/// Which of the accounts in the way is this person's.
fn choose<'a>(profile: &Profile, others: &'a [Candidate], rules: &Rules) -> Result<&'a Candidate, Attention> {
    let by_login = others.iter().find(|c| c.account.login.to_lowercase() == profile.login);
    let mut by_email = others
        .iter()
        .filter(|c| profile.email.as_deref() == Some(c.account.email.to_lowercase().as_str()));
    let email_owner = by_email.next();
    let ambiguous = by_email.next().is_some();
    let found = match (by_login, email_owner) {
        (Some(a), Some(b)) if a.account.id != b.account.id => {
            return Err(Attention::new(
                format!(
                    "In Grafana the login “{}” and this person's e-mail belong to two accounts (ids {} and {}).",
                    profile.login, a.account.id, b.account.id
                ),
                "Give one of the two accounts another e-mail in Grafana.",
            ));
        }
        (Some(found), _) => found,
        (None, Some(found)) => {
            let returning = matches!(found.manager, Manager::Gone { .. });
            if ambiguous || (rules.claim != ClaimPolicy::Email && !returning) {
                return Err(Attention::new(
                    format!(
                        "The e-mail of “{}” belongs to another account in Grafana (id {}).",
                        profile.login, found.account.id
                    ),
                    "If it is the same person, set claim_policy to “email”; if not, change the e-mail of one of the two.",
                ));
            }
            found
        }
        (None, None) => {
            return Err(Attention::new(
                format!("“{}” has no account in Grafana.", profile.login),
                "Press Check now.",
            ));
        }
    };
    if let Some(why) = protection(&found.account, rules) {
        return Err(protected_attention(&found.account.login, why));
    }
    match (&found.manager, rules.claim) {
        (Manager::Other, _) => Err(Attention::new(
            format!(
                "Grafana's account “{}” is managed for another user of the identity provider.",
                found.account.login
            ),
            "Give the two users different user names and e-mails in the identity provider.",
        )),
        (Manager::Gone { .. }, _) | (Manager::Nobody, ClaimPolicy::Login | ClaimPolicy::Email) => Ok(found),
        (Manager::Nobody, ClaimPolicy::Ask) => Err(Attention::new(
            format!(
                "“{}” exists in Grafana already, and claiming waits for you.",
                found.account.login
            ),
            "If it is the same person, set claim_policy to “login”; if not, rename the account in Grafana.",
        )),
        (Manager::Nobody, ClaimPolicy::Never) => Err(Attention::new(
            format!(
                "“{}” exists in Grafana already, and claim_policy is “never”.",
                found.account.login
            ),
            "Rename or delete the account in Grafana, or set claim_policy to “login”.",
        )),
    }
}

/// Why an account is never touched.
#[must_use]
pub fn protection(account: &Account, rules: &Rules) -> Option<&'static str> {
    let listed = |s: &str| !s.is_empty() && rules.break_glass.contains(&s.to_lowercase());
    if account.is_self {
        Some("Rollcall itself is signed in with it")
    } else if account.is_grafana_admin {
        Some("it is a Grafana server admin")
    } else if account.login.starts_with("sa-") && account.email.starts_with("sa-") {
        // Service accounts are rows of the same table; their login and e-mail are both `sa-<org>-<name>`.
        Some("it is a service account")
    } else if listed(&account.login) || listed(&account.email) {
        Some("it is on the break-glass list")
    } else {
        None
    }
}

fn protected_attention(login: &str, why: &str) -> Attention {
    Attention::new(
        format!("“{login}” is protected: {why}. Nothing was changed."),
        "Unassign this person in the identity provider, or take the protection away in Grafana or in the setting break_glass.",
    )
}

fn managed(desired: &Desired, link: &Link, account: &Account, others: &[Candidate], rules: &Rules) -> Plan {
    let plan = match desired {
        Desired::Open(profile) => {
            let mut plan = open(link, account);
            write(profile, account, others, &mut plan);
            plan
        }
        Desired::Closed(profile) => {
            let mut plan = close(link, account, rules);
            write(profile, account, others, &mut plan);
            plan
        }
        Desired::Gone => close(link, account, rules),
    };
    match protection(account, rules) {
        Some(why) if !plan.actions.is_empty() || plan.attention.is_some() => {
            Plan::attention(protected_attention(&account.login, why))
        }
        _ => plan,
    }
}

fn open(link: &Link, account: &Account) -> Plan {
    if account.is_disabled && account.is_external {
        // `grafana-live.md` §1.4: disabled first, linked by a sign-in afterwards. Deleted by hand he is made anew (R9).
        return Plan::attention(Attention::new(
            format!(
                "“{}” was disabled and then linked to a sign-in provider; Grafana cannot enable it again.",
                account.login
            ),
            "Delete this user in Grafana: it is made anew within a minute, with its teams.",
        ));
    }
    let mut plan = Plan::nothing(Access::Open);
    if account.is_disabled {
        plan.actions.push(Action::Enable);
    }
    if let Some(snapshot) = &link.snapshot {
        let missing = |o: &&OrgRole| !account.orgs.iter().any(|have| have.org_id == o.org_id);
        plan.actions
            .extend(snapshot.orgs.iter().filter(missing).cloned().map(Action::JoinOrg));
        let unseated = |t: &&TeamSeat| !account.teams.contains(t);
        plan.actions
            .extend(snapshot.teams.iter().filter(unseated).cloned().map(Action::JoinTeam));
    }
    plan
}

fn close(link: &Link, account: &Account, rules: &Rules) -> Plan {
    if account.is_disabled {
        return Plan::nothing(Access::Closed {
            by: Rung::Disable,
            holds: Some(true),
        });
    }
    if account.is_external && account.orgs.is_empty() {
        return Plan::nothing(Access::Closed {
            by: Rung::Suspend,
            holds: rules.role_sync_skipped,
        });
    }
    if let Some(org) = account.last_admin_of.first() {
        return Plan::attention(Attention::new(
            format!(
                "“{}” is the last person with the role Admin in organization {org}.",
                account.login
            ),
            "Make another person Admin of that organization; then access is closed within a minute.",
        ));
    }
    if !account.is_external {
        return Plan {
            actions: vec![Action::Disable],
            ..Plan::nothing(Access::Closed {
                by: Rung::Disable,
                holds: Some(true),
            })
        };
    }
    if rules.ceiling < Rung::Suspend {
        return Plan::attention(Attention::new(
            format!(
                "“{}” signs in through a provider, so Grafana refuses to disable it, and the setting deprovision allows no more.",
                account.login
            ),
            "Set deprovision to “suspend”, or remove this person in Grafana yourself.",
        ));
    }
    let mut actions = Vec::new();
    // Who came back by himself has a role the provider gave; what to restore is what he had before.
    if link.snapshot.is_none() {
        actions.push(Action::Remember(Snapshot {
            orgs: account.orgs.clone(),
            teams: account.teams.clone(),
        }));
    }
    actions.extend(account.orgs.iter().map(|o| Action::LeaveOrg(o.org_id)));
    actions.push(Action::Logout);
    Plan {
        actions,
        ..Plan::nothing(Access::Closed {
            by: Rung::Suspend,
            holds: rules.role_sync_skipped,
        })
    }
}

/// Profile attributes: written, deferred, or in somebody's way.
fn write(profile: &Profile, account: &Account, others: &[Candidate], plan: &mut Plan) {
    let email = profile.email.as_deref().unwrap_or(&account.email);
    let name = profile.name.as_deref().unwrap_or(&account.name);
    let mut differs = Vec::new();
    if profile.login != account.login.to_lowercase() {
        differs.push("userName");
    }
    if email.to_lowercase() != account.email.to_lowercase() {
        differs.push("emails");
    }
    if name != account.name {
        differs.push("name");
    }
    if differs.is_empty() {
        return;
    }
    if account.is_external {
        // Grafana answers 403 and copies all three from the provider at the next sign-in.
        plan.deferred = differs;
        return;
    }
    // Grafana would answer 500 to a taken login or e-mail (R10): nothing is written, and a person is told.
    let in_the_way = others.iter().find(|c| {
        let theirs = [c.account.login.to_lowercase(), c.account.email.to_lowercase()];
        theirs.contains(&profile.login) || theirs.contains(&email.to_lowercase())
    });
    if let Some(other) = in_the_way {
        if plan.attention.is_none() {
            plan.attention = Some(Attention::new(
                format!(
                    "The new user name or e-mail of “{}” belongs to another account in Grafana (id {}). Nothing was changed.",
                    account.login, other.account.id
                ),
                "Change the user name or e-mail of one of the two.",
            ));
        }
        return;
    }
    plan.actions.push(Action::Update(Write {
        login: profile.login.clone(),
        email: email.to_owned(),
        name: name.to_owned(),
    }));
}
