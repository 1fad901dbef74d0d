//! What was done, or was to be done: the code in a line of the log.
//!
//! Owns: the list. Must never tell how it went: that is [`crate::Outcome`]. Start at [`Action`].

use crate::codes;

codes! {
    /// What a line of the log says was done. The part before the first dot is what it is about, so
    /// that `user.` finds all about users.
    Action {
        /// A provider created a user, or Rollcall created the account in Grafana.
        UserCreate = "user.create",
        /// A provider changed a user, or Rollcall wrote the profile in Grafana.
        UserUpdate = "user.update",
        /// A provider set `active` to true.
        UserActivate = "user.activate",
        /// A provider set `active` to false.
        UserDeactivate = "user.deactivate",
        /// A provider deleted a user, or Rollcall deleted the account in Grafana.
        UserDelete = "user.delete",
        /// An account that was there before is managed from now on; or an admin approved that.
        UserClaim = "user.claim",
        /// An admin ended that.
        UserRelease = "user.release",
        /// An admin keeps the account closed, whatever the provider says.
        UserKeepClosed = "user.keep_closed",
        /// An admin ended that: the provider's word counts again.
        UserFollow = "user.follow",
        /// The closed account of somebody who left got other names, because somebody else is to have these.
        UserMoveAside = "user.move_aside",
        /// The password became one that nobody knows.
        UserPassword = "user.password",
        /// Grafana's "disabled" was set.
        UserDisable = "user.disable",
        /// Grafana's "disabled" was taken away.
        UserEnable = "user.enable",
        /// The account left an organization.
        UserLeaveOrg = "user.leave_org",
        /// The account came back to an organization.
        UserJoinOrg = "user.join_org",
        /// The account came back to a team.
        UserJoinTeam = "user.join_team",
        /// The person joined a team, because a group says so.
        UserTeamAdd = "user.team_add",
        /// The person left a team, because no group says so any more, or a mapping removes others.
        UserTeamRemove = "user.team_remove",
        /// The person became admin of a team, or an ordinary member.
        UserTeamPermission = "user.team_permission",
        /// Every session was ended.
        UserLogout = "user.logout",
        /// The account got the role back that it had in an organization.
        UserRestore = "user.restore",
        /// An admin said yes to what the brake held.
        HeldApprove = "held.approve",
        /// An admin said no to it.
        HeldReject = "held.reject",
        /// Grafana could not be made to match a user; no single call is to be named.
        UserSync = "user.sync",
        /// An admin asked for another try.
        UserRetry = "user.retry",
        /// An admin asked for a comparison.
        UserResync = "user.resync",
        /// A provider created a group.
        GroupCreate = "group.create",
        /// A provider changed a group.
        GroupUpdate = "group.update",
        /// A provider changed who is in a group.
        GroupMembers = "group.members",
        /// A provider deleted a group.
        GroupDelete = "group.delete",
        /// Grafana could not be made to match a group; no single call is to be named.
        GroupSync = "group.sync",
        /// An admin asked for another try.
        GroupRetry = "group.retry",
        /// An admin asked for a comparison.
        GroupResync = "group.resync",
        /// A team was created.
        TeamCreate = "team.create",
        /// A team that was there before is filled from a group that has its name.
        TeamUse = "team.use",
        /// A team got another name.
        TeamRename = "team.rename",
        /// Members of a team joined, changed or left in one call.
        TeamMembersReplace = "team.members.replace",
        /// One member joined a team.
        TeamMemberAdd = "team.member.add",
        /// One member of a team got another permission.
        TeamMemberUpdate = "team.member.update",
        /// One member left a team.
        TeamMemberRemove = "team.member.remove",
        /// A team was deleted.
        TeamDelete = "team.delete",
        /// An admin mapped a group to a team.
        MappingAdd = "mapping.add",
        /// An admin changed a mapping.
        MappingUpdate = "mapping.update",
        /// An admin paused a mapping.
        MappingPause = "mapping.pause",
        /// An admin let a mapping go on.
        MappingResume = "mapping.resume",
        /// An admin removed a mapping.
        MappingRemove = "mapping.remove",
        /// An admin changed a setting.
        SettingChange = "setting.change",
        /// An admin said which store is the right one.
        StoreDecide = "store.decide",
        /// An admin let a service account call SCIM.
        CallerAccept = "caller.accept",
        /// An admin let it call no longer, or said that it shall not.
        CallerDismiss = "caller.dismiss",
        /// A caller who may not use SCIM was turned away.
        CallerDeny = "caller.deny",
        /// A GET was refused.
        RequestGet = "request.get",
        /// A POST was refused.
        RequestPost = "request.post",
        /// A PUT was refused.
        RequestPut = "request.put",
        /// A PATCH was refused.
        RequestPatch = "request.patch",
        /// A DELETE was refused.
        RequestDelete = "request.delete",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_action_is_read_back_from_its_code() {
        for action in Action::ALL {
            assert_eq!(action.as_str().parse(), Ok(*action));
        }
        assert_eq!("user.vanish".parse::<Action>(), Err(crate::UnknownCode));
    }

    #[test]
    fn no_two_actions_share_a_code() {
        let codes: BTreeSet<&str> = Action::ALL.iter().map(|a| a.as_str()).collect();
        assert_eq!(codes.len(), Action::ALL.len());
    }
}
