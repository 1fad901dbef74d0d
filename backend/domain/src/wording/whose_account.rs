//! Why it is not certain whose an account is, or why a call reached another one.
//!
//! Owns: these sentences. Must never be read back by code. Start at [`asked`].

use vocabulary::{OrgId, UserId};

use crate::{
    attention::Intruder,
    evidence::{Doubt, Evidence, Lack, SignedInBy},
};

pub(super) fn left(login: &str, grafana_id: UserId, doubt: Doubt) -> String {
    format!(
        "Grafana's account “{login}” (id {grafana_id}) was somebody's who was deleted at the identity provider, \
         and nothing shows that it is the same person: {}.",
        doubts(doubt)
    )
}

pub(super) fn not_named(login: &str, grafana_id: UserId, means: Option<UserId>) -> String {
    let why = match means {
        Some(other) => format!(
            "Grafana takes this login for another account (id {other}), and its e-mail is no address of its own"
        ),
        None => "Grafana finds the account neither by its login nor by its e-mail".to_owned(),
    };
    format!("Could not add “{login}” (id {grafana_id}) to the organization: {why}. Nothing was changed.")
}

pub(super) fn another_joined(
    (login, grafana_id): (&str, UserId),
    other: UserId,
    org_id: OrgId,
    outcome: Intruder,
) -> String {
    let then = match outcome {
        Intruder::WasInside => "It was in there before, so nothing changed.",
        Intruder::TakenOut => "It was taken out again.",
        Intruder::StillInside => "Grafana refused to take it out again: it is still in.",
    };
    format!(
        "Grafana took the name of “{login}” (id {grafana_id}) for another account (id {other}) \
         and added that one to organization {org_id}. {then}"
    )
}

fn doubts(doubt: Doubt) -> &'static str {
    match doubt {
        Doubt::NoExternalId => "there is no externalId to compare",
        Doubt::OtherExternalId => "the new user has another externalId",
        Doubt::ExternalIdIsName => "the externalId is made of a name, which the next person of that name has as well",
        Doubt::TooLate => "it is too long ago (setting return_days)",
        Doubt::Several => "several deleted users had this externalId",
        Doubt::KeptClosed => "an admin keeps the account closed, whatever the identity provider says",
    }
}

/// What speaks for an account being a person's, and what is missing.
pub(super) fn asked(login: &str, grafana_id: UserId, evidence: &Evidence) -> String {
    let equal = match (evidence.login, evidence.email) {
        (true, true) => "login and e-mail are equal",
        (true, false) => "the login is equal, the e-mail is not",
        (false, _) => "the e-mail is equal, the login is not",
    };
    let by = match &evidence.by {
        SignedInBy::Password => "it is signed in to by a password, so its owner chose these names".to_owned(),
        SignedInBy::Provider { label } => format!("it was signed in to by {label}"),
    };
    let lack = match evidence.lack {
        Lack::Policy => "claim_policy asks",
        Lack::NoSignInNamed => "the setting sign_in names no provider",
        Lack::SignInOff => "the provider that sign_in names is not seen to be on",
        Lack::NotByThatSignIn => "that is not the provider that the setting sign_in names",
        Lack::Admin => "it is an Admin's",
        Lack::Several => "several accounts have one of the names",
    };
    format!("“{login}” (id {grafana_id}) exists in Grafana already, and claiming waits for you: {equal}; {by}; {lack}.")
}
