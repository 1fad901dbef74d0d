//! What is kept of a problem, and one example of each for those who word it.

use super::*;
use crate::evidence::{Lack, SignedInBy};

/// One of each kind of attention.
pub(crate) fn attentions() -> Vec<Attention> {
    let login = || "ann".to_owned();
    let team = || "Platform".to_owned();
    let refused = |refusal| Attention::GrafanaRefused {
        operation: Operation::UpdateAccount { login: login() },
        refusal,
    };
    let another_joined = |outcome| Attention::AnotherJoined {
        login: login(),
        grafana_id: UserId::new(7),
        other: UserId::new(8),
        org_id: OrgId::new(1),
        outcome,
    };
    let leavers = |doubt| Attention::LeaversAccount {
        login: login(),
        grafana_id: UserId::new(7),
        doubt,
    };
    let asked = |login_too, by, lack| Attention::ClaimNeedsApproval {
        login: login(),
        grafana_id: UserId::new(7),
        evidence: Evidence {
            login: login_too,
            email: true,
            by,
            lack,
        },
    };
    let by_okta = || SignedInBy::Provider {
        label: "Okta".to_owned(),
    };
    let mut all: Vec<Attention> = [
        Protection::Ourselves,
        Protection::ServerAdmin,
        Protection::ServiceAccount,
        Protection::BreakGlass,
    ]
    .map(|why| Attention::Protected { login: login(), why })
    .into();
    all.extend([
        Attention::ProtectedLeaver {
            login: login(),
            why: Protection::BreakGlass,
        },
        Attention::InNoOrganization { login: login() },
        Attention::StillInOrganizations {
            login: login(),
            org_ids: vec![OrgId::new(2), OrgId::new(3)],
        },
        Attention::ProfileNotOurs {
            login: login(),
            org_ids: vec![OrgId::new(2)],
        },
        Attention::ProfileNotOurs {
            login: login(),
            org_ids: Vec::new(),
        },
        Attention::DisabledByHand { login: login() },
        Attention::DeletedByHand { login: login() },
        Attention::TakenOutByHand {
            login: login(),
            org_id: OrgId::new(1),
            again: false,
        },
        Attention::TwoAccounts {
            login: login(),
            login_owner: UserId::new(7),
            email_owner: UserId::new(8),
        },
        Attention::EmailTaken {
            login: login(),
            grafana_id: UserId::new(8),
        },
        leavers(Doubt::NoExternalId),
        leavers(Doubt::OtherExternalId),
        leavers(Doubt::ExternalIdIsName),
        leavers(Doubt::TooLate),
        leavers(Doubt::Several),
        leavers(Doubt::KeptClosed),
        Attention::InAnotherOrganization { login: login() },
        Attention::ManagedForAnother { login: login() },
        Attention::ClaimForbidden { login: login() },
        Attention::StillOpen {
            login: login(),
            account: login(),
            grafana_id: UserId::new(7),
        },
        Attention::CannotEnable { login: login() },
        Attention::LastAdmin {
            login: login(),
            org_id: OrgId::new(2),
        },
        Attention::CannotDisable { login: login() },
        Attention::NameTaken {
            login: login(),
            grafana_id: UserId::new(8),
        },
        Attention::ProfileNotApplied { login: login() },
        Attention::CannotBeNamed {
            login: login(),
            grafana_id: UserId::new(7),
            means: Some(UserId::new(8)),
        },
        Attention::CannotBeNamed {
            login: login(),
            grafana_id: UserId::new(7),
            means: None,
        },
        asked(true, SignedInBy::Password, Lack::Policy),
        asked(true, SignedInBy::Password, Lack::NotByThatSignIn),
        asked(false, by_okta(), Lack::NoSignInNamed),
        asked(true, by_okta(), Lack::SignInOff),
        asked(true, by_okta(), Lack::Admin),
        asked(false, by_okta(), Lack::Several),
        another_joined(Intruder::WasInside),
        another_joined(Intruder::TakenOut),
        another_joined(Intruder::StillInside),
        Attention::TeamNotDeleted {
            team: team(),
            others: 2,
        },
        Attention::TeamNameTaken {
            team: team(),
            wanted: "Core".to_owned(),
            owner: TeamId::new(9),
        },
        Attention::TeamClaimNeedsApproval {
            team: team(),
            team_id: TeamId::new(9),
        },
        refused(Refusal::Conflict {
            message: "login taken".to_owned(),
        }),
        refused(Refusal::ExternalUser),
        refused(Refusal::Forbidden {
            message: "You'll need additional permissions".to_owned(),
            permission: Some("users:write".to_owned()),
        }),
        refused(Refusal::Forbidden {
            message: "Quota reached".to_owned(),
            permission: None,
        }),
        refused(Refusal::NotSent {
            why: "too long for a URL".to_owned(),
        }),
        refused(Refusal::NoAnswer {
            error: "Grafana does not answer: no answer in time".to_owned(),
        }),
        refused(Refusal::Other {
            status: 400,
            message: "bad data".to_owned(),
        }),
    ]);
    all
}

/// One of each operation.
pub(crate) fn operations() -> Vec<Operation> {
    let login = || "ann".to_owned();
    let team = || "Platform".to_owned();
    let mut all = vec![
        Operation::CreateAccount { login: login() },
        Operation::UpdateAccount { login: login() },
        Operation::MoveAside {
            login: login(),
            grafana_id: UserId::new(8),
        },
        Operation::RenewPassword { login: login() },
        Operation::DisableAccount { login: login() },
        Operation::EnableAccount { login: login() },
        Operation::DeleteAccount { login: login() },
        Operation::SignOut { login: login() },
        Operation::LeaveOrg {
            login: login(),
            org_id: OrgId::new(2),
        },
        Operation::JoinOrg {
            login: login(),
            org_id: OrgId::new(2),
        },
        Operation::RestoreRole {
            login: login(),
            org_id: OrgId::new(2),
        },
        Operation::JoinTeam {
            login: login(),
            team_id: TeamId::new(3),
        },
        Operation::CreateTeam { team: team() },
        Operation::RenameTeam {
            team: team(),
            to: "Core".to_owned(),
        },
        Operation::ReplaceMembers { team: team() },
        Operation::AddMember { team: team() },
        Operation::UpdateMember { team: team() },
        Operation::RemoveMember { team: team() },
        Operation::DeleteTeam { team: team() },
    ];
    all.extend(
        [
            Reading::Health,
            Reading::Settings,
            Reading::OwnAccount,
            Reading::Account,
            Reading::Accounts,
            Reading::AllAccounts,
            Reading::Organizations,
            Reading::OrgUsers,
            Reading::Team,
            Reading::Teams,
            Reading::TeamMembers,
        ]
        .map(|reading| Operation::Read { reading }),
    );
    all
}

/// One of each delay.
pub(crate) fn delays() -> Vec<Delay> {
    vec![
        Delay::NameNotFree {
            login: "ann".to_owned(),
            owner: "bob".to_owned(),
        },
        Delay::AccountUnchanged,
        Delay::TeamUnchanged,
        Delay::TeamDisappears,
        Delay::NothingToDelete,
        Delay::AccountJustTaken,
        Delay::Held,
        Delay::GrafanaFailed {
            operation: Operation::CreateTeam {
                team: "Platform".to_owned(),
            },
            error: "no answer".to_owned(),
        },
    ]
}

#[test]
fn a_problem_is_read_back_as_it_was_kept() {
    let attentions = attentions().into_iter().map(Problem::from);
    for problem in attentions.chain(delays().into_iter().map(Problem::from)) {
        let kept = serde_json::to_value(&problem).expect("JSON");
        assert_eq!(kept["code"], problem.code());
        assert_eq!(serde_json::from_value::<Problem>(kept).expect("read"), problem);
    }
}

#[test]
fn an_operation_is_read_back_as_it_was_kept() {
    for operation in operations() {
        let kept = serde_json::to_string(&operation).expect("JSON");
        let read: Operation = serde_json::from_str(&kept).expect("read");
        assert_eq!(read, operation);
    }
}

#[test]
fn a_refusal_of_grafana_does_not_end_by_itself() {
    for attention in attentions() {
        let refused = attention.code() == "grafana_refused";
        assert_eq!(attention.ends_unseen(false), !refused, "{attention:?}");
        let stays = refused || attention.code() == "profile_not_applied";
        assert_eq!(attention.ends_unseen(true), !stays, "{attention:?}");
    }
}
