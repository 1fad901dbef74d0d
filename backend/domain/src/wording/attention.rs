//! Why something is not as it should be, and the one thing to do about it.
//!
//! Owns: a reason and a next step for each case, so that a case without either does not compile.
//! Must never decide which case it is. Start at [`reason`].

use vocabulary::OrgId;

use super::whose_account;
use crate::attention::{Attention, Delay, Intruder, Operation, Problem, Protection, Reading, Refusal};
use crate::status::TakenName;

/// What is wrong.
#[must_use]
pub fn reason(attention: &Attention) -> String {
    match attention {
        Attention::Protected { login, why } => {
            format!("“{login}” is protected: {}. Nothing was changed.", protection(*why))
        }
        Attention::ProtectedLeaver { login, why } => format!(
            "“{login}” can still sign in: the identity provider says no, and the account is protected: {}.",
            protection(*why)
        ),
        Attention::InNoOrganization { login } => format!(
            "“{login}” exists in Grafana already and is in no organization, so nobody here can say whose it is."
        ),
        Attention::StillInOrganizations { login, org_ids } => format!(
            "“{login}” is out of this organization and still in {}.",
            organizations(org_ids)
        ),
        Attention::ProfileNotOurs { login, org_ids } => format!(
            "The login, e-mail and name of “{login}” stay as they are: the account is not this organization's alone{}.",
            also_in(org_ids)
        ),
        Attention::DisabledByHand { login } => {
            format!("“{login}” was disabled by hand in Grafana, and Rollcall opens only what it has closed.")
        }
        Attention::DeletedByHand { login } => format!("The account of “{login}” was deleted by hand in Grafana."),
        Attention::TakenOutByHand {
            login,
            org_id,
            again: false,
        } => format!("“{login}” was taken out of organization {org_id} by hand."),
        Attention::TakenOutByHand {
            login,
            org_id,
            again: true,
        } => format!(
            "“{login}” was taken out of organization {org_id} by hand once more, within a day after Rollcall had joined the account again. \
             Somebody, or another program, wants it out."
        ),
        Attention::TwoAccounts {
            login,
            login_owner,
            email_owner,
        } => format!(
            "In Grafana the login “{login}” and this person's e-mail belong to two accounts (ids {login_owner} and {email_owner})."
        ),
        Attention::EmailTaken { login, grafana_id } => {
            format!("The e-mail of “{login}” belongs to another account in Grafana (id {grafana_id}).")
        }
        Attention::LeaversAccount {
            login,
            grafana_id,
            doubt,
        } => whose_account::left(login, *grafana_id, *doubt),
        Attention::InAnotherOrganization { login } => {
            format!("“{login}” exists in Grafana already, in another organization, so it is not taken over from here.")
        }
        Attention::ManagedForAnother { login } => {
            format!("Grafana's account “{login}” is managed for another user of the identity provider.")
        }
        Attention::ClaimNeedsApproval {
            login,
            grafana_id,
            evidence,
        } => whose_account::asked(login, *grafana_id, evidence),
        Attention::ClaimForbidden { login } => {
            format!("“{login}” exists in Grafana already, and claim_policy is “never”.")
        }
        Attention::StillOpen {
            login,
            account,
            grafana_id,
        } => format!(
            "“{login}” must be out, and Grafana's account “{account}” (id {grafana_id}), which has this \
             login or e-mail, is open. Nobody has said that it is this person's, so it was not closed."
        ),
        Attention::CannotEnable { login } => {
            format!("“{login}” is disabled and linked to a sign-in provider; Grafana cannot enable it again.")
        }
        Attention::LastAdmin { login, org_id } => {
            format!("“{login}” is the last person with the role Admin in organization {org_id}.")
        }
        Attention::CannotDisable { login } => format!(
            "“{login}” signs in through a provider, so Grafana refuses to disable it, \
             and the setting deprovision allows no more."
        ),
        Attention::NameTaken { login, grafana_id } => format!(
            "The new user name or e-mail of “{login}” belongs to another account in Grafana \
             (id {grafana_id}). Nothing was changed."
        ),
        Attention::ProfileNotApplied { login } => {
            format!("Could not change the profile of “{login}”: Grafana took the change and shows the old values.")
        }
        Attention::CannotBeNamed {
            login,
            grafana_id,
            means,
        } => whose_account::not_named(login, *grafana_id, *means),
        Attention::AnotherJoined {
            login,
            grafana_id,
            other,
            org_id,
            outcome,
        } => whose_account::another_joined((login, *grafana_id), *other, *org_id, *outcome),
        Attention::TeamNotDeleted { team, others } => format!(
            "The group of the team “{team}” is gone, but the team was not deleted: \
             {others} of its members were added by hand."
        ),
        Attention::TeamNameTaken { team, wanted, owner } => format!(
            "The team “{team}” cannot follow its group to the name “{wanted}”: another team has it (id {owner})."
        ),
        Attention::TeamClaimNeedsApproval { team, team_id } => format!(
            "Grafana has a team “{team}” already (id {team_id}). The group would fill it, \
             and its people would get the team's rights."
        ),
        Attention::GrafanaRefused { operation, refusal } => refused(operation, refusal),
    }
}

/// “organization 2”, “organizations 2 and 3”.
fn organizations(org_ids: &[OrgId]) -> String {
    let ids: Vec<String> = org_ids.iter().map(ToString::to_string).collect();
    match &ids[..] {
        [one] => format!("organization {one}"),
        [first @ .., last] => format!("organizations {} and {last}", first.join(", ")),
        [] => "no other organization".to_owned(),
    }
}

fn also_in(org_ids: &[OrgId]) -> String {
    match org_ids {
        [] => String::new(),
        ids => format!(", it is also in {}", organizations(ids)),
    }
}

fn refused(what: &Operation, refusal: &Refusal) -> String {
    let doing = operation(what);
    match refusal {
        Refusal::Conflict { message } => format!("Could not {doing}: Grafana says “{message}”."),
        Refusal::ExternalUser => {
            format!("Could not {doing}: Grafana lets only the single sign-on provider change this user.")
        }
        Refusal::Forbidden {
            permission: Some(p), ..
        } => {
            format!("Could not {doing}: Rollcall's Grafana account lacks the permission {p}.")
        }
        Refusal::Forbidden {
            permission: None,
            message,
        } => {
            format!("Could not {doing}: Grafana refuses it, with the words “{message}”.")
        }
        Refusal::NotSent { why } => format!("Could not {doing}: no request can be made of it ({why})."),
        Refusal::NoAnswer { error } => format!("Could not {doing}, again and again: {error}."),
        Refusal::Other { status, message } => {
            format!("Could not {doing}: Grafana answered {status} “{message}”.")
        }
    }
}

/// The one thing to do.
#[must_use]
pub const fn next_step(attention: &Attention) -> &'static str {
    match attention {
        Attention::Protected { .. } => {
            "Unassign this person in the identity provider, or take the protection away in Grafana \
             or in the setting break_glass."
        }
        Attention::ProtectedLeaver { .. } => {
            "Close the account in Grafana yourself, or take the protection away in Grafana or in the \
             setting break_glass: then Rollcall closes it."
        }
        Attention::InNoOrganization { .. } => {
            "If it is the same person, let a Grafana server admin add the account to this organization; \
             if not, rename one of the two."
        }
        Attention::StillInOrganizations { .. } => {
            "An Admin of that organization or a Grafana server admin closes it there. If Rollcall is to do it, \
             add Rollcall's Grafana account to that organization."
        }
        Attention::ProfileNotOurs { .. } => {
            "A Grafana server admin changes them in Grafana, or sets authority = server in the configuration file."
        }
        Attention::DisabledByHand { .. } => {
            "If the person may sign in again, press Open again on the person's row under Users, or enable the \
             account in Grafana; if not, press Keep closed there, or deactivate the person in the identity provider."
        }
        Attention::DeletedByHand { .. } => {
            "If the person is to have an account again, press Make again on the person's row under Users; if not, \
             press Keep closed there, or unassign the person in the identity provider."
        }
        Attention::TakenOutByHand { .. } => {
            "If the person is to be in it again, press Join again on the person's row under Users, or add the \
             account in Grafana; if not, press Keep closed there, or unassign the person in the identity provider."
        }
        Attention::TwoAccounts { .. } => "Give one of the two accounts another e-mail in Grafana.",
        Attention::EmailTaken { .. } => {
            "If it is the same person, press Manage this account on the person's row under Users, \
             or set claim_policy to “email”; if not, change the e-mail of one of the two."
        }
        Attention::LeaversAccount { .. } => {
            "If it is the same person, press Give the account back on the person's row under Users: roles and teams come back. \
             If not, rename or delete the old account in Grafana, and the new person gets an account of their own."
        }
        Attention::InAnotherOrganization { .. } => {
            "If it is the same person, add the account to this organization in Grafana; \
             if not, rename one of the two."
        }
        Attention::ManagedForAnother { .. } => {
            "Give the two users different user names and e-mails in the identity provider."
        }
        Attention::ClaimNeedsApproval { .. } => {
            "If it is the same person, press Manage this account on the person's row under Users; \
             if not, rename the account in Grafana."
        }
        Attention::ClaimForbidden { .. } => "Rename or delete the account in Grafana, or set claim_policy to “login”.",
        Attention::StillOpen { .. } => {
            "If it is this person's, press Manage this account on the person's row under Users, and it is \
             closed; if not, change its login or e-mail in Grafana."
        }
        Attention::CannotEnable { .. } => {
            "Let the person sign in, if the provider is LDAP. Otherwise delete this user in Grafana \
             and press Make again on the person's row under Users: then it is created again."
        }
        Attention::LastAdmin { .. } => {
            "Make another person Admin of that organization; then access is closed within a minute."
        }
        Attention::CannotDisable { .. } => {
            "Set deprovision to “suspend” or “recreate”, or remove this person in Grafana yourself."
        }
        Attention::NameTaken { .. } => "Change the user name or e-mail of one of the two.",
        Attention::ProfileNotApplied { .. } => {
            "If [users] verify_email_enabled is on, the person must follow the link in Grafana's mail; \
             or turn it off and press Check now."
        }
        Attention::CannotBeNamed { .. } => {
            "Give one of the two accounts another login or e-mail in Grafana, or add this account to the organization there."
        }
        Attention::AnotherJoined {
            outcome: Intruder::StillInside,
            ..
        } => {
            "Take the other account out of the organization in Grafana, and give one of the two another login or e-mail."
        }
        Attention::AnotherJoined { .. } => {
            "Find out who set that login or e-mail, and give one of the two accounts another one in Grafana."
        }
        Attention::TeamNotDeleted { .. } => {
            "Delete the team in Grafana, or set team_removal to “archive” or “keep”; \
             then press Check now."
        }
        Attention::TeamClaimNeedsApproval { .. } => {
            "If they may have them, map the group to the team under Mappings; if not, \
             rename one of the two."
        }
        Attention::TeamNameTaken { .. } => {
            "Rename or delete one of the two teams in Grafana, or rename the group; \
             then press Check now."
        }
        Attention::GrafanaRefused { refusal, .. } => after_refusal(refusal),
    }
}

const fn after_refusal(refusal: &Refusal) -> &'static str {
    match refusal {
        Refusal::Conflict { .. } => {
            "Find what has this login, e-mail or name in Grafana (service accounts count too) \
                 and rename one of the two."
        }
        Refusal::ExternalUser => "Change it at the provider; it arrives with the next sign-in.",
        Refusal::Forbidden { permission: None, .. } => {
            "Correct what Grafana names. Rollcall tries again by itself, or at once after Check now."
        }
        Refusal::NotSent { .. } => "Shorten or correct the name in the identity provider.",
        Refusal::NoAnswer { .. } => {
            "Grafana answers other calls. Look in its log, and at what stands between it and Rollcall, for \
                 what stops this one. Rollcall goes on trying."
        }
        Refusal::Forbidden { .. } => {
            "In the settings, press Test: it names the credential to change. The account must be \
                 a Grafana server admin and Admin of this organization."
        }
        Refusal::Other { .. } => "Correct what Grafana names, then press Check now.",
    }
}

/// A listed name that protects nobody who has it now.
#[must_use]
pub fn taken_name(taken: &TakenName) -> String {
    let protects = match taken.protects {
        Some(id) => format!("it protects the account with the id {id}, whatever that is called now"),
        None => "it protects nobody".to_owned(),
    };
    format!(
        "The account with the id {} has the name “{}” from the setting break_glass and is not protected by it: {protects}. \
         If it is the one that is meant, take the name off the list, save, and list it again.",
        taken.taken_by, taken.entry
    )
}

/// Completes “it is protected: …”.
#[must_use]
pub const fn protection(why: Protection) -> &'static str {
    match why {
        Protection::Ourselves => "Rollcall itself is signed in with it",
        Protection::ServerAdmin => "it is a Grafana server admin",
        Protection::ServiceAccount => "it is a service account",
        Protection::BreakGlass => "it is on the break-glass list",
    }
}

/// Completes “could not …”.
#[must_use]
pub fn operation(what: &Operation) -> String {
    match what {
        Operation::CreateAccount { login } => format!("create the account “{login}”"),
        Operation::UpdateAccount { login } => format!("update “{login}”"),
        Operation::MoveAside { login, grafana_id } => {
            format!("rename the account of somebody who left (id {grafana_id}) so that “{login}” can have its names")
        }
        Operation::RenewPassword { login } => format!("give “{login}” a new password"),
        Operation::DisableAccount { login } => format!("disable “{login}”"),
        Operation::EnableAccount { login } => format!("enable “{login}”"),
        Operation::DeleteAccount { login } => format!("delete “{login}”"),
        Operation::SignOut { login } => format!("sign “{login}” out"),
        Operation::LeaveOrg { login, org_id } => {
            format!("take “{login}” out of organization {org_id}")
        }
        Operation::JoinOrg { login, org_id } => {
            format!("bring “{login}” back to organization {org_id}")
        }
        Operation::RestoreRole { login, org_id } => {
            format!("give “{login}” back the role in organization {org_id}")
        }
        Operation::JoinTeam { login, team_id } => format!("bring “{login}” back to team {team_id}"),
        Operation::CreateTeam { team } => format!("create the team “{team}”"),
        Operation::RenameTeam { team, to } => format!("rename the team “{team}” to “{to}”"),
        Operation::ReplaceMembers { team } => format!("change the members of the team “{team}”"),
        Operation::AddMember { team } => format!("add a member to the team “{team}”"),
        Operation::UpdateMember { team } => format!("change a member of the team “{team}”"),
        Operation::RemoveMember { team } => format!("remove a member from the team “{team}”"),
        Operation::DeleteTeam { team } => format!("delete the team “{team}”"),
        Operation::Read { reading } => format!("look at {} in Grafana", read(*reading)),
    }
}

const fn read(reading: Reading) -> &'static str {
    match reading {
        Reading::Health => "the health check",
        Reading::Settings => "the configuration",
        Reading::OwnAccount => "its own account",
        Reading::Account => "the account",
        Reading::Accounts => "users",
        Reading::AllAccounts => "all users",
        Reading::Organizations => "organizations",
        Reading::OrgUsers => "the organization's people",
        Reading::Team => "the team",
        Reading::Teams => "teams",
        Reading::TeamMembers => "the team's members",
        Reading::StoreMarker => "the service account that names the right store",
    }
}

/// Why the last try did not succeed.
#[must_use]
pub fn problem(problem: &Problem) -> String {
    match problem {
        Problem::Attention(attention) => reason(attention),
        Problem::Delay(why) => delay(why),
    }
}

/// What is waited for.
#[must_use]
pub fn delay(delay: &Delay) -> String {
    match delay {
        Delay::NameNotFree { login, owner } => {
            format!("The new user name or e-mail of “{login}” is still “{owner}”'s, who is to have another.")
        }
        Delay::AccountUnchanged => "Grafana says it is done, but the account does not look so yet.".to_owned(),
        Delay::TeamUnchanged => "Grafana says it is done, but the team does not look so yet.".to_owned(),
        Delay::TeamDisappears => "The team disappears again and again.".to_owned(),
        Delay::NothingToDelete => "There is no account to delete.".to_owned(),
        Delay::AccountJustTaken => "The account in Grafana has just become another user's.".to_owned(),
        Delay::StoreNotRecognised => "Nothing shows that this store is the one that Grafana knows. It opens \
             nobody until then: the overview says what to do."
            .to_owned(),
        Delay::Held => super::operation::HELD.to_owned(),
        Delay::GrafanaFailed { operation: what, error } => format!("Could not {}: {error}.", operation(what)),
    }
}
