//! What a line of the log says, as a sentence.
//!
//! Owns: the words for every [`Action`], by a `match` that the compiler keeps complete. Must never
//! touch the DOM, nor guess a verb from a code. Start at [`activity_sentence`].

use admin_api::{Action, ActivityEntry, Outcome, Source, TargetKind};

/// A sentence in parts: who, what, the target, and the rest.
#[derive(Debug, PartialEq, Eq)]
pub struct Sentence {
    /// The caller's login, or Rollcall.
    pub who: String,
    /// The verb, and the kind of object.
    pub did: String,
    /// The name.
    pub target: String,
    /// What comes after the name.
    pub rest: &'static str,
}

/// A verb in two forms, the words before the name, and those after it.
struct Words {
    /// “Rollcall … ada”.
    done: &'static str,
    /// “Rollcall could not … ada”.
    to_do: &'static str,
    /// “the members of team”.
    object: &'static str,
    /// “out of an organization”.
    rest: &'static str,
}

const fn words(done: &'static str, to_do: &'static str, object: &'static str, rest: &'static str) -> Words {
    Words {
        done,
        to_do,
        object,
        rest,
    }
}

/// Of one action. `in_grafana`: Rollcall's own part of what a provider asked for by the same name.
fn words_of(action: Action, in_grafana: bool) -> Words {
    let place = if in_grafana { "in Grafana" } else { "" };
    match action {
        Action::UserCreate => words("created", "create", "", place),
        Action::UserUpdate => words("changed", "change", "", place),
        Action::UserActivate => words("reopened", "reopen", "", ""),
        Action::UserDeactivate => words("closed", "close", "", ""),
        Action::UserDelete => words("deleted", "delete", "", place),
        Action::UserClaim => words("took over", "take over", "", place),
        Action::UserRelease => words("stopped managing", "stop managing", "", ""),
        Action::UserKeepClosed => words("keeps", "keep", "", "closed, whatever the provider says"),
        Action::UserFollow => words(
            "lets the provider decide about",
            "let the provider decide about",
            "",
            "again",
        ),
        Action::UserMoveAside => words("renamed", "rename", "a former account for", ""),
        Action::UserPassword => words("gave", "give", "", "a new password"),
        Action::UserDisable => words("disabled", "disable", "", "in Grafana"),
        Action::UserEnable => words("enabled", "enable", "", "in Grafana"),
        Action::UserLeaveOrg => words("took", "take", "", "out of an organization"),
        Action::UserJoinOrg => words("brought", "bring", "", "back to an organization"),
        Action::UserJoinTeam => words("brought", "bring", "", "back to a team"),
        Action::UserTeamAdd => words("added", "add", "", "to a team"),
        Action::UserTeamRemove => words("took", "take", "", "out of a team"),
        Action::UserTeamPermission => words("gave", "give", "", "another permission in a team"),
        Action::UserLogout => words("signed", "sign", "", "out"),
        Action::UserRestore => words("gave", "give", "", "the role back"),
        Action::HeldApprove => words("approved", "approve", "what was held of", ""),
        Action::HeldReject => words("rejected", "reject", "what was held of", ""),
        Action::UserSync => words("synced", "sync", "", ""),
        Action::UserRetry => words("retried", "retry", "", ""),
        Action::UserResync => words("compared", "compare", "", "with Grafana again"),
        Action::GroupCreate => words("created", "create", "group", ""),
        Action::GroupUpdate => words("changed", "change", "group", ""),
        Action::GroupMembers => words("changed", "change", "the members of group", ""),
        Action::GroupDelete => words("deleted", "delete", "group", ""),
        Action::GroupSync => words("synced", "sync", "group", ""),
        Action::GroupRetry => words("retried", "retry", "group", ""),
        Action::GroupResync => words("compared", "compare", "group", "with Grafana again"),
        Action::TeamCreate => words("created", "create", "team", ""),
        Action::TeamUse => words("took", "take", "team", "for the group of its name"),
        Action::TeamRename => words("renamed", "rename", "team", ""),
        Action::TeamMembersReplace => words("changed", "change", "the members of team", ""),
        Action::TeamMemberAdd => words("added", "add", "a member to team", ""),
        Action::TeamMemberUpdate => words("changed", "change", "a member of team", ""),
        Action::TeamMemberRemove => words("removed", "remove", "a member from team", ""),
        Action::TeamDelete => words("deleted", "delete", "team", ""),
        Action::MappingAdd => words("mapped", "map", "group", "to a team"),
        Action::MappingUpdate => words("changed", "change", "the mapping of group", ""),
        Action::MappingPause => words("paused", "pause", "the mapping of group", ""),
        Action::MappingResume => words("resumed", "resume", "the mapping of group", ""),
        Action::MappingRemove => words("removed", "remove", "the mapping of group", ""),
        Action::SettingChange => words("changed", "change", "the setting", ""),
        Action::StoreDecide => words("decided about", "decide about", "the store", ""),
        Action::CallerAccept => words("let", "let", "", "call SCIM"),
        Action::CallerDismiss => words("turned", "turn", "", "away from SCIM"),
        Action::CallerDeny => words("was turned away", "use SCIM", "", ""),
        Action::RequestGet => words("read", "read", "", ""),
        Action::RequestPost => words("sent", "create", "", ""),
        Action::RequestPut => words("replaced", "replace", "", ""),
        Action::RequestPatch => words("changed", "change", "", ""),
        Action::RequestDelete => words("deleted", "delete", "", ""),
    }
}

/// A refused request of a provider has no resource that it changed: what it asked for.
fn requested(kind: TargetKind) -> &'static str {
    match kind {
        TargetKind::User => "a user",
        TargetKind::Group => "a group",
        TargetKind::Team => "a team",
        TargetKind::Mapping => "a mapping",
        TargetKind::Setting => "a setting",
        TargetKind::Service => "something by SCIM",
    }
}

/// “okta closed ada”, “Rollcall changed the members of team Platform”, “okta tried to create a user”.
pub fn activity_sentence(entry: &ActivityEntry) -> Sentence {
    let words = words_of(entry.action, entry.source == Source::Grafana);
    let of_request = matches!(
        entry.action,
        Action::RequestGet | Action::RequestPost | Action::RequestPut | Action::RequestPatch | Action::RequestDelete
    );
    let object = if of_request {
        requested(entry.target_kind).to_owned()
    } else {
        match words.object.strip_suffix("team") {
            // A call that failed is told of the group whose team it was for.
            Some(before) if entry.target_kind == TargetKind::Group => format!("{before}a team of group"),
            _ => words.object.to_owned(),
        }
    };
    let verb = match entry.outcome {
        // It is about the caller, not about what was asked for.
        _ if entry.action == Action::CallerDeny => words.done.to_owned(),
        Outcome::Done => words.done.to_owned(),
        Outcome::Refused => format!("tried to {}", words.to_do),
        Outcome::Retry | Outcome::Attention => format!("could not {}", words.to_do),
    };
    let target = match entry.target_name.as_str() {
        _ if of_request || matches!(entry.action, Action::CallerDeny | Action::StoreDecide) => "",
        "" => &entry.target_id,
        name => name,
    };
    Sentence {
        who: if entry.actor == "rollcall" {
            "Rollcall".to_owned()
        } else {
            entry.actor.clone()
        },
        did: if object.is_empty() {
            verb
        } else {
            format!("{verb} {object}")
        },
        target: target.to_owned(),
        rest: words.rest,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What an action is about.
    fn target_of(action: Action) -> (TargetKind, &'static str) {
        let about = action.as_str().split('.').next().unwrap_or_default();
        match about {
            "user" | "held" => (TargetKind::User, "ada"),
            "group" => (TargetKind::Group, "Engineering"),
            "team" => (TargetKind::Team, "Platform"),
            "mapping" => (TargetKind::Mapping, "Engineering"),
            "setting" => (TargetKind::Setting, "claim_policy"),
            "request" => (TargetKind::User, "Users"),
            "caller" => (TargetKind::Service, "Users"),
            "store" => (TargetKind::Service, "store"),
            other => panic!("{other}: say what it is about"),
        }
    }

    fn entry(action: Action, source: Source, outcome: Outcome) -> ActivityEntry {
        let target = match (target_of(action), outcome) {
            // The engine writes a failure about the resource that it worked on.
            ((TargetKind::Team, _), Outcome::Retry | Outcome::Attention) => (TargetKind::Group, "Engineering"),
            (target, _) => target,
        };
        let (target_kind, target_name) = target;
        ActivityEntry {
            id: 1,
            at_ms: 0,
            source,
            actor: match source {
                Source::Scim => "sa-1-okta",
                Source::Grafana => "rollcall",
                Source::Admin => "admin",
            }
            .to_owned(),
            action,
            target_kind,
            target_id: "id-1".to_owned(),
            target_name: target_name.to_owned(),
            outcome,
            reason: None,
            duration_ms: 1,
            correlation: String::new(),
        }
    }

    fn read(entry: &ActivityEntry) -> String {
        let said = activity_sentence(entry);
        let parts = [said.who.as_str(), &said.did, &said.target, said.rest];
        let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        parts.join(" ")
    }

    /// Who writes a line with this action, and how it may have gone.
    fn writers(action: Action) -> Vec<(Source, Vec<Outcome>)> {
        use Outcome::{Attention, Done, Refused, Retry};
        let scim = (Source::Scim, vec![Done]);
        let engine = (Source::Grafana, vec![Done, Retry, Attention]);
        let admin = (Source::Admin, vec![Done]);
        match action {
            Action::UserCreate | Action::UserUpdate | Action::UserDelete => vec![scim, engine],
            Action::UserClaim => vec![admin, engine],
            Action::UserActivate
            | Action::UserDeactivate
            | Action::GroupCreate
            | Action::GroupUpdate
            | Action::GroupMembers
            | Action::GroupDelete => vec![scim],
            Action::UserDisable
            | Action::UserEnable
            | Action::UserLeaveOrg
            | Action::UserJoinOrg
            | Action::UserJoinTeam
            | Action::UserMoveAside
            | Action::UserPassword
            | Action::UserLogout
            | Action::UserRestore
            | Action::TeamCreate
            | Action::TeamUse
            | Action::TeamRename
            | Action::TeamMembersReplace
            | Action::TeamMemberAdd
            | Action::TeamMemberUpdate
            | Action::TeamMemberRemove
            | Action::TeamDelete => vec![engine],
            Action::UserTeamAdd | Action::UserTeamRemove | Action::UserTeamPermission => {
                vec![(Source::Grafana, vec![Done])]
            }
            Action::UserSync | Action::GroupSync => vec![(Source::Grafana, vec![Retry, Attention])],
            Action::UserRelease
            | Action::HeldApprove
            | Action::HeldReject
            | Action::UserKeepClosed
            | Action::UserFollow
            | Action::UserRetry
            | Action::UserResync
            | Action::GroupRetry
            | Action::GroupResync
            | Action::MappingAdd
            | Action::MappingUpdate
            | Action::MappingPause
            | Action::MappingResume
            | Action::MappingRemove
            | Action::StoreDecide
            | Action::SettingChange
            | Action::CallerAccept
            | Action::CallerDismiss => vec![admin],
            Action::CallerDeny
            | Action::RequestGet
            | Action::RequestPost
            | Action::RequestPut
            | Action::RequestPatch
            | Action::RequestDelete => vec![(Source::Scim, vec![Refused])],
        }
    }

    #[test]
    fn every_action_reads_as_a_sentence() {
        let mut lines = Vec::new();
        for action in Action::ALL {
            for (source, outcomes) in writers(*action) {
                for outcome in outcomes {
                    let line = read(&entry(*action, source, outcome));
                    lines.push(format!("{} {}: {line}", action.as_str(), outcome.as_str()));
                }
            }
        }
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn one_member_who_left_is_no_deleted_team() {
        let line = read(&entry(Action::TeamMemberRemove, Source::Grafana, Outcome::Done));
        assert_eq!(line, "Rollcall removed a member from team Platform");
    }

    #[test]
    fn what_has_lost_its_name_is_called_by_its_id() {
        let mut gone = entry(Action::GroupDelete, Source::Scim, Outcome::Done);
        gone.target_name.clear();
        assert_eq!(read(&gone), "sa-1-okta deleted group id-1");
    }
}
