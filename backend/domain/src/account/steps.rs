//! What the account planner answers: steps, and how they end.
//!
//! Owns: the types, and nothing that decides. Must never compare what is wanted with what is seen. Start at [`Plan`].

use vocabulary::{AccountOrigin, Attribute, OrgId, UserId};

use super::model::{Access, History, OrgRole, Snapshot, TeamMembership, Write};
use crate::{
    attention::{Attention, Delay},
    settings::Deprovision,
};

/// One step. Every one is safe to run twice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Take an existing account over. No Grafana call.
    Claim {
        /// Its id.
        grafana_id: UserId,
        /// Ours from before, or found.
        origin: AccountOrigin,
        /// What it is claimed as.
        history: History,
        /// The deleted SCIM user it belonged to.
        from: Option<String>,
        /// What is to be given back.
        snapshot: Option<Snapshot>,
        /// What closed it.
        deprovisioned_by: Option<Deprovision>,
        /// Its password becomes random before it is opened.
        renew_password: bool,
    },
    /// Give another login and e-mail to the closed account of somebody who left, because somebody else is to have these.
    MoveAside {
        /// Its id.
        grafana_id: UserId,
        /// Its names from then on.
        write: Write,
    },
    /// Make the password one that nobody knows, and end every session.
    RenewPassword,
    /// Make the account. What is remembered of an earlier one stays.
    Create(Write),
    /// Delete the account. The action is recorded before: it says what is to follow.
    Delete(Deprovision),
    /// Write the profile; always all three, because Grafana takes a missing login for the e-mail (G6).
    Update(Write),
    /// Grafana's own "disabled"; ends the sessions too.
    Disable,
    /// Undo that.
    Enable,
    /// Remember what the next steps destroy.
    Remember(Snapshot),
    /// Leave one organization, by the call that keeps the user.
    LeaveOrg(OrgId),
    /// End every session.
    Logout,
    /// Come back to an organization.
    JoinOrg(OrgRole),
    /// Give back a role: an account that was made again has Grafana's default one.
    SetRole(OrgRole),
    /// Come back to a team.
    JoinTeam(TeamMembership),
    /// Nothing is left to remember: the account is gone in Grafana.
    Forget,
}

/// The answer of [`plan`](super::plan).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What to do, in this order. Where there is nothing, `end` holds now.
    pub actions: Vec<Action>,
    /// What holds once that is done.
    pub end: End,
}

/// How a plan ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// Grafana is as the provider wants it.
    Done {
        /// Who may sign in.
        access: Access,
        /// Attributes that wait for the person's next sign-in.
        deferred: Vec<Attribute>,
    },
    /// A person must look. Actions may be due all the same: closing goes on where a rename cannot.
    Blocked {
        /// Why.
        attention: Attention,
        /// What an admin may answer.
        question: Option<Question>,
        /// Who may sign in; `None` where that stays as it was.
        access: Option<Access>,
        /// Attributes that wait for the person's next sign-in.
        deferred: Vec<Attribute>,
    },
    /// Another user is about to give up a name.
    Wait {
        /// Which.
        delay: Delay,
        /// Who may sign in.
        access: Access,
    },
}

impl End {
    /// Who may sign in once the actions are done; `None` where that stays as it was.
    #[must_use]
    pub const fn access(&self) -> Option<Access> {
        match self {
            Self::Done { access, .. } | Self::Wait { access, .. } => Some(*access),
            Self::Blocked { access, .. } => *access,
        }
    }

    /// What a person must look at.
    #[must_use]
    pub const fn attention(&self) -> Option<&Attention> {
        match self {
            Self::Blocked { attention, .. } => Some(attention),
            Self::Done { .. } | Self::Wait { .. } => None,
        }
    }

    /// What an admin may answer.
    #[must_use]
    pub const fn question(&self) -> Option<&Question> {
        match self {
            Self::Blocked { question, .. } => question.as_ref(),
            Self::Done { .. } | Self::Wait { .. } => None,
        }
    }

    /// Attributes that wait for the person's next sign-in.
    #[must_use]
    pub fn deferred(&self) -> &[Attribute] {
        match self {
            Self::Done { deferred, .. } | Self::Blocked { deferred, .. } => deferred,
            Self::Wait { .. } => &[],
        }
    }

    /// The same, with what the profile adds.
    pub(super) fn with_profile(self, profile: ProfileEnd) -> Self {
        match (self, profile) {
            (Self::Done { access, .. }, ProfileEnd::Deferred(deferred)) => Self::Done { access, deferred },
            (
                Self::Blocked {
                    attention,
                    question,
                    access,
                    ..
                },
                ProfileEnd::Deferred(deferred),
            ) => Self::Blocked {
                attention,
                question,
                access,
                deferred,
            },
            (Self::Done { access, deferred }, ProfileEnd::Blocked(attention)) => Self::Blocked {
                attention,
                question: None,
                access: Some(access),
                deferred,
            },
            (Self::Done { access, .. }, ProfileEnd::Wait(delay)) => Self::Wait { delay, access },
            // What was in the way before is told first.
            (end, _) => end,
        }
    }
}

/// What became of the profile, where it was not simply written.
pub(super) enum ProfileEnd {
    /// It is as it should be, or will be.
    Written,
    /// A sign-in brings it.
    Deferred(Vec<Attribute>),
    /// Another account has a name.
    Blocked(Attention),
    /// Another account has a name still.
    Wait(Delay),
}

/// May this account be claimed?
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Grafana's id.
    pub grafana_id: UserId,
    /// Its login.
    pub login: String,
}

impl Plan {
    /// These steps, and then all is well.
    pub(super) fn new(actions: Vec<Action>, access: Access) -> Self {
        Self {
            actions,
            end: End::Done {
                access,
                deferred: Vec::new(),
            },
        }
    }

    /// Whether the account was found closed, or nowhere: what is left to do ends nobody's access.
    /// To be asked about somebody who must be out.
    #[must_use]
    pub fn finds_closed(&self) -> bool {
        let harmless = |a: &Action| matches!(a, Action::Update(_) | Action::Remember(_) | Action::Forget);
        let closed = matches!(self.end.access(), Some(Access::Closed { .. } | Access::None));
        closed && self.actions.iter().all(harmless)
    }

    /// All is well.
    pub(super) fn nothing(access: Access) -> Self {
        Self::new(Vec::new(), access)
    }

    /// Nothing is left to do here, and a person must look.
    pub(super) fn blocked_at(access: Access, attention: Attention, question: Option<Question>) -> Self {
        Self {
            actions: Vec::new(),
            end: End::Blocked {
                attention,
                question,
                access: Some(access),
                deferred: Vec::new(),
            },
        }
    }

    /// Somebody else is about to give up a name.
    pub(super) fn waiting(delay: Delay) -> Self {
        Self {
            actions: Vec::new(),
            end: End::Wait {
                delay,
                access: Access::None,
            },
        }
    }

    /// A person must look before anything is done.
    pub(super) fn blocked(attention: Attention, question: Option<Question>) -> Self {
        Self {
            actions: Vec::new(),
            end: End::Blocked {
                attention,
                question,
                access: None,
                deferred: Vec::new(),
            },
        }
    }
}
