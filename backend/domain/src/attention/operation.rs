//! What Rollcall was about to do, or to read, in Grafana.
//!
//! Owns: one case for each call that can be refused. Must never hold an answer. Start at [`Operation`].

use serde::{Deserialize, Serialize};
use vocabulary::{OrgId, TeamId, UserId};

/// What was to be done in Grafana.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "what", rename_all = "snake_case")]
pub enum Operation {
    /// Create the account of a user.
    CreateAccount {
        /// The user's name.
        login: String,
    },
    /// Write the profile.
    UpdateAccount {
        /// The user's name.
        login: String,
    },
    /// Give the account of somebody who left other names.
    MoveAside {
        /// The name of the user who is to have its names.
        login: String,
        /// Grafana's id of the account.
        grafana_id: UserId,
    },
    /// Make the password random.
    RenewPassword {
        /// The user's name.
        login: String,
    },
    /// Set Grafana's "disabled".
    DisableAccount {
        /// The user's name.
        login: String,
    },
    /// Take it away.
    EnableAccount {
        /// The user's name.
        login: String,
    },
    /// Delete the account.
    DeleteAccount {
        /// The user's name.
        login: String,
    },
    /// End every session.
    SignOut {
        /// The user's name.
        login: String,
    },
    /// Take the account out of an organization.
    LeaveOrg {
        /// The user's name.
        login: String,
        /// The organization.
        org_id: OrgId,
    },
    /// Bring it back.
    JoinOrg {
        /// The user's name.
        login: String,
        /// The organization.
        org_id: OrgId,
    },
    /// Give back the role it had there.
    RestoreRole {
        /// The user's name.
        login: String,
        /// The organization.
        org_id: OrgId,
    },
    /// Bring it back to a team.
    JoinTeam {
        /// The user's name.
        login: String,
        /// The team.
        team_id: TeamId,
    },
    /// Create a team.
    CreateTeam {
        /// Its name.
        team: String,
    },
    /// Give a team another name.
    RenameTeam {
        /// Its name.
        team: String,
        /// The name it should have.
        to: String,
    },
    /// Change members of a team in one call.
    ReplaceMembers {
        /// The team.
        team: String,
    },
    /// Add one member.
    AddMember {
        /// The team.
        team: String,
    },
    /// Change one member's permission.
    UpdateMember {
        /// The team.
        team: String,
    },
    /// Remove one member.
    RemoveMember {
        /// The team.
        team: String,
    },
    /// Delete a team.
    DeleteTeam {
        /// Its name.
        team: String,
    },
    /// Only look.
    Read {
        /// At what.
        reading: Reading,
    },
}

/// What is read in Grafana.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reading {
    /// Whether it answers.
    Health,
    /// Its configuration.
    Settings,
    /// The account that Rollcall is signed in with.
    OwnAccount,
    /// One account.
    Account,
    /// Accounts by name.
    Accounts,
    /// Every account.
    AllAccounts,
    /// The organizations of an account.
    Organizations,
    /// The people of an organization.
    OrgUsers,
    /// One team.
    Team,
    /// Teams by name, or all.
    Teams,
    /// The members of a team.
    TeamMembers,
    /// The service account that says which store is the right one.
    StoreMarker,
}
