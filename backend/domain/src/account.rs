//! One SCIM user against Grafana's account: which calls make Grafana match.
//!
//! Owns: claiming, protection, the deprovision policy (docs/deprovisioning.md) and deferred attributes. Must never plan a change of a protected
//! account, of an account that is not managed, or of an org role that was not there before. Pure and total.
//! Start at [`plan`]; the engine executes [`Plan::actions`] in order, observes again and plans again until nothing is left to do.

use serde::{Deserialize, Serialize};

use crate::{
    attempt::Attention,
    settings::{ClaimPolicy, Linking, Rung},
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
    /// Deleted: closed as well. Grafana's user is deleted for it only where the setting `deprovision` allows that rung.
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
    /// As Grafana stores it: login and e-mail trimmed and in lower case (G1), so that a comparison can end.
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

/// What to give back on return: Grafana forgets roles and team seats of who leaves an organization, and everything of who is deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Organizations and roles.
    pub orgs: Vec<OrgRole>,
    /// Seats in teams.
    #[serde(default)]
    pub teams: Vec<TeamSeat>,
    /// Login, e-mail and name of an account that is deleted to be made again with them.
    #[serde(default)]
    pub profile: Option<Write>,
}

impl Snapshot {
    fn of(account: &Account) -> Self {
        Self {
            orgs: account.orgs.clone(),
            teams: account.teams.clone(),
            profile: Some(Write {
                login: account.login.clone(),
                email: account.email.clone(),
                name: account.name.clone(),
            }),
        }
    }
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
    /// Grafana's id; `None` once we have deleted the account.
    pub grafana_id: Option<i64>,
    /// Where it came from.
    pub origin: Origin,
    /// What to give back on return, if it was suspended, deleted or made anew.
    pub snapshot: Option<Snapshot>,
    /// The rung that closed it, or is about to: written down *before* an account is deleted, so that a crash in between does not look
    /// like a deletion by hand.
    pub closed_by: Option<Rung>,
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
    /// A sign-in link of a provider exists: Grafana will refuse to disable, enable or edit (G9, G10).
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
    /// An admin said that it is this person's.
    pub approved: bool,
    /// It is another user's who is to have neither of the names that are in the way ([`gives_up`]).
    pub leaving: bool,
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
    /// It was looked at before and had to wait for a name that somebody else gives up.
    pub waited: bool,
}

/// The rules in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// The organization this is about.
    pub org_id: i64,
    /// The role Grafana gives who is new in it (`auto_assign_org_role`).
    pub new_role: String,
    /// Which accounts may be claimed.
    pub claim: ClaimPolicy,
    /// Whether accounts are made before the first sign-in.
    pub linking: Linking,
    /// The highest rung allowed.
    pub ceiling: Rung,
    /// Logins never touched, in lower case.
    pub break_glass: Vec<String>,
    /// Whether the provider leaves org roles alone (`skip_org_role_sync`), where Grafana's settings could be read: only then does a
    /// suspension hold against a sign-in the provider still allows (G21).
    pub role_sync_skipped: Option<bool>,
    /// Whether LDAP is on, where that could be read: a sign-in by it *enables* an account (`authn/clients/ldap.go`, `EnableUser`).
    pub ldap: Option<bool>,
    /// Whether somebody without an account may get one by signing in (`allow_sign_up`), where that could be read.
    pub sign_up: Option<bool>,
}

impl Rules {
    /// Whether a rung keeps out who may still sign in at his provider; unknown where Grafana's settings cannot be read.
    #[must_use]
    pub fn holds(&self, rung: Rung) -> Option<bool> {
        match rung {
            Rung::Disable | Rung::Tombstone => self.ldap.map(|on| !on),
            Rung::Suspend => self.role_sync_skipped,
            Rung::Delete => self.sign_up.map(|may| !may),
        }
    }

    fn closed(&self, by: Rung) -> Access {
        Access::Closed {
            by,
            holds: self.holds(by),
        }
    }
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
        /// What is to be given back.
        snapshot: Option<Snapshot>,
        /// What closed it.
        closed_by: Option<Rung>,
    },
    /// Make the account. What is remembered of an earlier one stays.
    Create(Write),
    /// Delete the account. The rung is recorded before: it says what is to follow.
    Delete(Rung),
    /// Write the profile; always all three, because Grafana takes a missing login for the e-mail (G6).
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
    /// Give back a role: an account that was made anew has Grafana's default one.
    SetRole(OrgRole),
    /// Come back to a team.
    JoinTeam(TeamSeat),
    /// Nothing is left to remember: the account is gone in Grafana.
    Forget,
}

/// A profile as it is sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// There is none yet, and none is made: the first sign-in makes it, and then it is claimed.
    AtFirstSignIn,
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
    /// The account that would be claimed if an admin said yes; the attention says so in words.
    pub question: Option<Question>,
    /// What has to be waited for, in words: a name that somebody else is about to give up.
    pub waits: Option<String>,
}

/// May this account be claimed?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Grafana's id.
    pub grafana_id: i64,
    /// Its login.
    pub login: String,
}

/// Why no account was chosen.
struct Unchosen {
    attention: Attention,
    question: Option<Question>,
}

impl Unchosen {
    fn plan(self) -> Plan {
        Plan {
            question: self.question,
            ..Plan::attention(self.attention)
        }
    }

    /// An admin's yes would change it.
    fn until_yes(self, account: &Account) -> Self {
        Self {
            question: Some(Question {
                grafana_id: account.id,
                login: account.login.clone(),
            }),
            ..self
        }
    }
}

impl From<Attention> for Unchosen {
    fn from(attention: Attention) -> Self {
        Self {
            attention,
            question: None,
        }
    }
}

impl Plan {
    fn nothing(access: Access) -> Self {
        Self {
            actions: Vec::new(),
            access: Some(access),
            deferred: Vec::new(),
            attention: None,
            question: None,
            waits: None,
        }
    }

    fn attention(attention: Attention) -> Self {
        Self {
            actions: Vec::new(),
            access: None,
            deferred: Vec::new(),
            attention: Some(attention),
            question: None,
            waits: None,
        }
    }
}

/// An account that nobody manages and that has a name somebody is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// Grafana's id.
    pub id: i64,
    /// Server admin or on the break-glass list: never claimed.
    pub protected: bool,
}

/// A name that cannot be had, and the account in Grafana that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// The userName is its login.
    UserName(i64),
    /// The e-mail is its e-mail.
    Email(i64),
}

/// Whether a name cannot be had (R10), by the rules of the planner, for who asks before anything is stored. `login` has the userName for a
/// login and `email` the e-mail; `linked`: the person has an account. An account that is claimed, or that an admin is to be asked about,
/// is in nobody's way.
#[must_use]
pub fn taken(login: Option<Holder>, email: Option<Holder>, linked: bool, claim: ClaimPolicy) -> Option<Taken> {
    let of_login = |h: Holder| Some(Taken::UserName(h.id));
    let of_email = |h: Holder| Some(Taken::Email(h.id));
    match (login, email) {
        (None, None) => None,
        (Some(login), _) if linked => of_login(login),
        (None, Some(email)) if linked => of_email(email),
        (Some(login), Some(email)) if login.id != email.id => of_email(email),
        (Some(login), _) => (login.protected || claim == ClaimPolicy::Never)
            .then(|| of_login(login))
            .flatten(),
        (None, Some(email)) => match claim {
            ClaimPolicy::Email | ClaimPolicy::Ask if !email.protected => None,
            _ => of_email(email),
        },
    }
}

/// Whether the account with this login and e-mail gives up what of it somebody else is `wanted` to have, once its own person (`theirs`) is
/// as the provider says: two people may swap their names.
#[must_use]
pub fn gives_up(theirs: &Desired, login: &str, email: &str, wanted: &Profile) -> bool {
    let (Desired::Open(own) | Desired::Closed(own)) = theirs else {
        return false;
    };
    let (login, email) = (login.to_lowercase(), email.to_lowercase());
    let keeps = [&own.login, own.email.as_ref().unwrap_or(&email)];
    let contested = |name: &&String| **name == wanted.login || wanted.email.as_ref() == Some(*name);
    [&login, &email]
        .into_iter()
        .filter(contested)
        .all(|name| !keeps.contains(&name))
}

/// Desired × observed → what to do.
#[must_use]
pub fn plan(desired: &Desired, link: Option<&Link>, observed: &Observed, rules: &Rules) -> Plan {
    if let (Some(link), Some(account)) = (link, &observed.linked) {
        return managed(desired, link, account, observed, rules);
    }
    match desired {
        // Deleted by hand (R9), or by us: made again for who may sign in.
        Desired::Open(profile) => arrive(desired, profile, link, &observed.others, rules),
        Desired::Closed(_) | Desired::Gone => absent(desired, link, &observed.others, rules),
    }
}

/// Whose login and e-mail other accounts may be in the way of: the provider's word, or what a tombstone is to be made with again.
#[must_use]
pub fn sought(desired: &Desired, link: Option<&Link>) -> Option<Profile> {
    match desired {
        Desired::Open(profile) | Desired::Closed(profile) => Some(profile.clone()),
        Desired::Gone => {
            let write = remembered(link.filter(|l| is_tombstone(l)))?;
            Some(Profile::new(&write.login, Some(&write.email), Some(&write.name)))
        }
    }
}

fn is_tombstone(link: &Link) -> bool {
    link.closed_by == Some(Rung::Tombstone)
}

fn remembered(link: Option<&Link>) -> Option<&Write> {
    link?.snapshot.as_ref()?.profile.as_ref()
}

fn forget() -> Plan {
    Plan {
        actions: vec![Action::Forget],
        ..Plan::nothing(Access::None)
    }
}

/// A profile for an account to be made. What the provider does not say is as it was; without any e-mail Grafana uses the login, and
/// without a name it shows the login.
fn first_write(profile: &Profile, before: Option<&Write>) -> Write {
    let or_before = |now: &Option<String>, old: fn(&Write) -> &String| {
        now.clone()
            .or_else(|| before.map(|w| old(w).clone()))
            .unwrap_or_else(|| profile.login.clone())
    };
    Write {
        login: profile.login.clone(),
        email: or_before(&profile.email, |w| &w.email),
        name: or_before(&profile.name, |w| &w.name),
    }
}

/// No account, and one is wanted.
fn arrive(desired: &Desired, profile: &Profile, link: Option<&Link>, others: &[Candidate], rules: &Rules) -> Plan {
    if others.is_empty() {
        if rules.break_glass.contains(&profile.login) {
            return Plan::attention(protected_attention(&profile.login, "it is on the break-glass list"));
        }
        if rules.linking == Linking::FirstLogin {
            return Plan::nothing(Access::AtFirstSignIn);
        }
        return Plan {
            actions: vec![Action::Create(first_write(profile, remembered(link)))],
            ..Plan::nothing(Access::Open)
        };
    }
    match choose(profile, others, rules) {
        Ok(chosen) => take_over(desired, link, chosen, others, rules),
        Err(unchosen) => unchosen.plan(),
    }
}

/// No account, and none is wanted: none is made but a tombstone, and one that would be claimed is closed.
fn absent(desired: &Desired, link: Option<&Link>, others: &[Candidate], rules: &Rules) -> Plan {
    let tombstone = link.is_some_and(is_tombstone);
    let profile = sought(desired, link);
    if let Some(profile) = profile.as_ref().filter(|_| !others.is_empty()) {
        let protected = others.iter().any(|c| protection(&c.account, rules).is_some());
        match choose(profile, others, rules) {
            Ok(chosen) => return take_over(desired, link, chosen, others, rules),
            Err(unchosen) if protected || tombstone => return Plan::attention(unchosen.attention),
            Err(_) => {}
        }
    }
    let Some(link) = link else {
        return Plan::nothing(Access::None);
    };
    match link.closed_by {
        // We deleted it to make it again as disabled, or somebody deleted the tombstone by hand: without it the next sign-in at the
        // provider makes an open account.
        Some(Rung::Tombstone) => {
            let write = remembered(Some(link)).cloned();
            match write.or_else(|| profile.map(|p| first_write(&p, None))) {
                Some(write) if rules.break_glass.contains(&write.login) => {
                    Plan::attention(protected_attention(&write.login, "it is on the break-glass list"))
                }
                Some(write) => Plan {
                    actions: vec![Action::Create(write), Action::Disable],
                    ..Plan::nothing(rules.closed(Rung::Tombstone))
                },
                None => forget(),
            }
        }
        // Remembered for the return; who is deleted at the provider too has none.
        Some(Rung::Delete) if *desired != Desired::Gone => Plan::nothing(rules.closed(Rung::Delete)),
        _ => forget(),
    }
}

fn take_over(desired: &Desired, own: Option<&Link>, chosen: &Candidate, others: &[Candidate], rules: &Rules) -> Plan {
    let grafana_id = Some(chosen.account.id);
    let (link, from) = match &chosen.manager {
        Manager::Gone { user_id, link } => (
            Link {
                grafana_id,
                ..link.clone()
            },
            Some(user_id.clone()),
        ),
        Manager::Nobody | Manager::Other => {
            // Who is in no organization could sign in and see nothing: he joins this one, as somebody new would. It is "given back",
            // so that a crash between the claim and the joining forgets nothing.
            let joins = || Snapshot {
                orgs: vec![OrgRole {
                    org_id: rules.org_id,
                    role: rules.new_role.clone(),
                }],
                ..Snapshot::default()
            };
            let before = own.and_then(|l| l.snapshot.clone());
            let link = Link {
                grafana_id,
                origin: Origin::Claimed,
                snapshot: before.or_else(|| chosen.account.orgs.is_empty().then(joins)),
                closed_by: own.and_then(|l| l.closed_by),
            };
            (link, None)
        }
    };
    let others = others.iter().filter(|c| c.account.id != chosen.account.id);
    let rest = Observed {
        others: others.cloned().collect(),
        ..Observed::default()
    };
    let mut plan = managed(desired, &link, &chosen.account, &rest, rules);
    plan.actions.insert(
        0,
        Action::Claim {
            grafana_id: chosen.account.id,
            origin: link.origin,
            from,
            snapshot: link.snapshot,
            closed_by: link.closed_by,
        },
    );
    plan
}

/// Which of the accounts in the way is this person's.
fn choose<'a>(profile: &Profile, others: &'a [Candidate], rules: &Rules) -> Result<&'a Candidate, Unchosen> {
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
            )
            .into());
        }
        (Some(found), _) => found,
        (None, Some(found)) => {
            let returning = matches!(found.manager, Manager::Gone { .. });
            if ambiguous || (rules.claim != ClaimPolicy::Email && !returning && !found.approved) {
                let unchosen: Unchosen = Attention::new(
                    format!(
                        "The e-mail of “{}” belongs to another account in Grafana (id {}).",
                        profile.login, found.account.id
                    ),
                    "If it is the same person, press Manage this account on the person's row under Users, or set claim_policy to “email”; \
                     if not, change the e-mail of one of the two.",
                )
                .into();
                let askable = !ambiguous
                    && rules.claim != ClaimPolicy::Never
                    && found.manager == Manager::Nobody
                    && protection(&found.account, rules).is_none()
                    && !is_elsewhere(&found.account, rules);
                return Err(if askable {
                    unchosen.until_yes(&found.account)
                } else {
                    unchosen
                });
            }
            found
        }
        (None, None) => {
            return Err(Attention::new(
                format!("“{}” has no account in Grafana.", profile.login),
                "Press Check now.",
            )
            .into());
        }
    };
    if let Some(why) = protection(&found.account, rules) {
        return Err(protected_attention(&found.account.login, why).into());
    }
    if found.manager == Manager::Nobody && is_elsewhere(&found.account, rules) {
        return Err(Attention::new(
            format!(
                "“{}” exists in Grafana already, in another organization, so it is not taken over from here.",
                found.account.login
            ),
            "If it is the same person, add the account to this organization in Grafana; if not, rename one of the two.",
        )
        .into());
    }
    match (&found.manager, rules.claim) {
        (Manager::Other, _) => Err(Attention::new(
            format!(
                "Grafana's account “{}” is managed for another user of the identity provider.",
                found.account.login
            ),
            "Give the two users different user names and e-mails in the identity provider.",
        )
        .into()),
        (Manager::Gone { .. }, _) | (Manager::Nobody, ClaimPolicy::Login | ClaimPolicy::Email) => Ok(found),
        (Manager::Nobody, _) if found.approved => Ok(found),
        (Manager::Nobody, ClaimPolicy::Ask) => Err(Unchosen::from(Attention::new(
            format!(
                "“{}” exists in Grafana already, and claiming waits for you.",
                found.account.login
            ),
            "If it is the same person, press Manage this account on the person's row under Users; if not, rename the account in Grafana.",
        ))
        .until_yes(&found.account)),
        (Manager::Nobody, ClaimPolicy::Never) => Err(Attention::new(
            format!(
                "“{}” exists in Grafana already, and claim_policy is “never”.",
                found.account.login
            ),
            "Rename or delete the account in Grafana, or set claim_policy to “login”.",
        )
        .into()),
    }
}

/// Grafana's users belong to the whole server: an Admin of one organization must not get hold of another one's people by naming their
/// logins.
fn is_elsewhere(account: &Account, rules: &Rules) -> bool {
    !account.orgs.is_empty() && account.orgs.iter().all(|o| o.org_id != rules.org_id)
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

fn managed(desired: &Desired, link: &Link, account: &Account, observed: &Observed, rules: &Rules) -> Plan {
    let mut plan = match desired {
        Desired::Open(profile) => open(profile, link, account, rules),
        Desired::Closed(_) | Desired::Gone => close(link, account, rules),
    };
    let deletes = plan.actions.iter().any(|a| matches!(a, Action::Delete(_)));
    if let Desired::Open(profile) | Desired::Closed(profile) = desired
        && !deletes
    {
        write(profile, account, observed, &mut plan);
    }
    match protection(account, rules) {
        Some(why) if !plan.actions.is_empty() || plan.attention.is_some() => {
            Plan::attention(protected_attention(&account.login, why))
        }
        _ => plan,
    }
}

/// What must be remembered before the account goes; nothing where that is known already: who came back by himself has a role the
/// provider gave, and what to restore is what he had before.
fn remember(link: &Link, account: &Account) -> Option<Action> {
    let now = Snapshot::of(account);
    match &link.snapshot {
        None => Some(Action::Remember(now)),
        Some(before) if before.profile.is_none() => Some(Action::Remember(Snapshot {
            profile: now.profile,
            ..before.clone()
        })),
        Some(_) => None,
    }
}

fn open(profile: &Profile, link: &Link, account: &Account, rules: &Rules) -> Plan {
    let mut plan = Plan::nothing(Access::Open);
    // Where the sign-in makes the account, a tombstone would be in its way: Grafana finds its login or e-mail taken.
    let tombstone = rules.linking == Linking::FirstLogin && is_tombstone(link);
    if account.is_disabled && (account.is_external || tombstone) {
        // Disabled first, linked by a sign-in afterwards, and Grafana will not enable it any more (G22).
        if matches!(link.closed_by, None | Some(Rung::Suspend)) {
            // Nor did we disable it: LDAP disables who is no longer in its directory, and enables him itself.
            return Plan::attention(Attention::new(
                format!(
                    "“{}” is disabled and linked to a sign-in provider; Grafana cannot enable it again.",
                    account.login
                ),
                "Let the person sign in, if the provider is LDAP. Otherwise delete this user in Grafana: it is made anew within a minute.",
            ));
        }
        plan.actions.extend(remember(link, account));
        plan.actions.push(Action::Delete(Rung::Delete));
        if rules.linking == Linking::FirstLogin {
            plan.access = Some(Access::AtFirstSignIn);
            return plan;
        }
        let before = Snapshot::of(account).profile;
        plan.actions.push(Action::Create(first_write(profile, before.as_ref())));
        return plan;
    }
    if account.is_disabled {
        plan.actions.push(Action::Enable);
    }
    if let Some(snapshot) = &link.snapshot {
        for given in &snapshot.orgs {
            match account.orgs.iter().find(|have| have.org_id == given.org_id) {
                None => plan.actions.push(Action::JoinOrg(given.clone())),
                // A local account has a snapshot only where it was made anew. Roles of the others are their provider's.
                Some(have) if have.role != given.role && !account.is_external => {
                    plan.actions.push(Action::SetRole(given.clone()));
                }
                Some(_) => {}
            }
        }
        let unseated = |t: &&TeamSeat| !account.teams.contains(t);
        plan.actions
            .extend(snapshot.teams.iter().filter(unseated).cloned().map(Action::JoinTeam));
    }
    plan
}

fn close(link: &Link, account: &Account, rules: &Rules) -> Plan {
    let local = if is_tombstone(link) {
        Rung::Tombstone
    } else {
        Rung::Disable
    };
    // Deleting what is disabled gains nothing, so a change of the policy deletes nobody who is closed already.
    if account.is_disabled {
        return Plan::nothing(rules.closed(local));
    }
    let enough = match rules.ceiling {
        Rung::Disable | Rung::Suspend => true,
        // Who is in no organization can still sign in, and `closed` says nobody can.
        Rung::Tombstone => false,
        Rung::Delete => link.closed_by == Some(Rung::Suspend),
    };
    if account.is_external && account.orgs.is_empty() && enough {
        return Plan::nothing(rules.closed(Rung::Suspend));
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
    match rules.ceiling {
        Rung::Delete => {
            let mut actions: Vec<Action> = remember(link, account).into_iter().collect();
            actions.push(Action::Delete(Rung::Delete));
            Plan {
                actions,
                ..Plan::nothing(rules.closed(Rung::Delete))
            }
        }
        _ if !account.is_external => Plan {
            actions: vec![Action::Disable],
            ..Plan::nothing(rules.closed(local))
        },
        Rung::Disable => Plan::attention(Attention::new(
            format!(
                "“{}” signs in through a provider, so Grafana refuses to disable it, and the setting deprovision allows no more.",
                account.login
            ),
            "Set deprovision to “suspend” or “closed”, or remove this person in Grafana yourself.",
        )),
        Rung::Suspend => {
            let mut actions = Vec::new();
            if link.snapshot.is_none() {
                actions.push(Action::Remember(Snapshot::of(account)));
            }
            actions.extend(account.orgs.iter().map(|o| Action::LeaveOrg(o.org_id)));
            actions.push(Action::Logout);
            Plan {
                actions,
                ..Plan::nothing(rules.closed(Rung::Suspend))
            }
        }
        Rung::Tombstone => {
            let mut actions: Vec<Action> = remember(link, account).into_iter().collect();
            actions.push(Action::Delete(Rung::Tombstone));
            actions.extend(Snapshot::of(account).profile.map(Action::Create));
            actions.push(Action::Disable);
            Plan {
                actions,
                ..Plan::nothing(rules.closed(Rung::Tombstone))
            }
        }
    }
}

const NOT_APPLIED: &str = "Could not change the profile of ";

/// Grafana answered 200 to a profile and shows the old one: with `[users] verify_email_enabled` it sends a mail instead, and every
/// further try would be one more (`api/user.go`, `handleUpdateUser`).
#[must_use]
pub fn not_applied(login: &str) -> Attention {
    Attention::new(
        format!("{NOT_APPLIED}“{login}”: Grafana took the change and shows the old values."),
        "If [users] verify_email_enabled is on, the person must follow the link in Grafana's mail; or turn it off and press Check now.",
    )
}

/// Whether a reason is [`not_applied`]'s: it ends by itself, when the person has followed the link.
#[must_use]
pub fn is_not_applied(reason: &str) -> bool {
    reason.starts_with(NOT_APPLIED)
}

/// A name nobody else wants, for an account that has to make room before it can have its own: `.invalid` is nobody's domain (RFC 2606).
fn parked(account: &Account, differs: &[&str]) -> Write {
    let changes = |what: &str| differs.contains(&what);
    let (login, email) = (
        format!("rollcall-{}", account.id),
        format!("rollcall-{}@rollcall.invalid", account.id),
    );
    Write {
        login: if changes("userName") {
            login
        } else {
            account.login.clone()
        },
        email: if changes("emails") {
            email
        } else {
            account.email.clone()
        },
        name: account.name.clone(),
    }
}

/// Profile attributes: written, deferred, or in somebody's way.
fn write(profile: &Profile, account: &Account, observed: &Observed, plan: &mut Plan) {
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
    let mut in_the_way = observed.others.iter().filter(|c| {
        let theirs = [c.account.login.to_lowercase(), c.account.email.to_lowercase()];
        theirs.contains(&profile.login) || theirs.contains(&email.to_lowercase())
    });
    // Whose names a single sign-on provider owns gives them up at his next sign-in, which may be never.
    let stays = |c: &&Candidate| !c.leaving || c.account.is_external;
    if let Some(other) = in_the_way.clone().find(stays) {
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
    if let Some(other) = in_the_way.next() {
        plan.waits = Some(format!(
            "The new user name or e-mail of “{}” is still “{}”'s, who is to have another.",
            account.login, other.account.login
        ));
        // Each of the two may be waiting for the other: who waited already makes room.
        let room = parked(account, &differs);
        if observed.waited && (&room.login, &room.email) != (&account.login, &account.email) {
            plan.actions.push(Action::Update(room));
        }
        return;
    }
    plan.actions.push(Action::Update(Write {
        login: profile.login.clone(),
        email: email.to_owned(),
        name: name.to_owned(),
    }));
}
