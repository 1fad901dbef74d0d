//! The steps of one person's turn, every one of which is tried.
//!
//! Owns: what a refusal stops: nothing behind it. Closing does not end at the first step that fails, because the one that keeps a
//! person in is most often another one. Must never decide which steps there are. Start at [`Turn::run`].

use domain::{
    OrgId,
    account::{self, Action, Desired, Observed, Rules},
    attempt::Failure,
};

use super::record::Person;
use crate::{
    error::{Result, SyncError},
    org::Org,
};

/// What happened in this turn.
pub(super) struct Turn<'a> {
    rules: &'a Rules,
    closing: bool,
    /// Organizations that said no: the planner goes on without them.
    pub(super) refused_by: Vec<OrgId>,
    /// What such an organization said, where the plan does not tell it by itself.
    pub(super) refusal: Option<SyncError>,
    /// An account was made a moment ago.
    pub(super) made: bool,
}

/// What a failed step means for those behind it.
enum Then {
    /// They are tried.
    On,
    /// They are tried, and the planner is told which organization said no.
    Without(OrgId),
    /// They cannot go well.
    End,
}

impl<'a> Turn<'a> {
    pub(super) fn new(desired: &Desired, rules: &'a Rules) -> Self {
        Self {
            rules,
            closing: !matches!(desired, Desired::Open(_)),
            refused_by: Vec::new(),
            refusal: None,
            made: false,
        }
    }

    /// Every step of a plan; the first failure is reported.
    pub(super) async fn run(
        &mut self,
        person: &mut Person<'_>,
        org: &Org,
        plan: &account::Plan,
        observed: &Observed,
    ) -> Result<()> {
        let mut first: Option<SyncError> = None;
        for action in &plan.actions {
            let Err(error) = person.act(org, action, observed).await else {
                self.made |= matches!(action, Action::Create(_));
                continue;
            };
            match self.then(action, &error) {
                Then::On => {
                    first.get_or_insert(error);
                }
                Then::Without(org_id) => {
                    self.refused_by.push(org_id);
                    if !is_told_by_the_plan(action, &error) {
                        self.refusal.get_or_insert(error);
                    }
                }
                Then::End => return Err(first.unwrap_or(error)),
            }
        }
        first.map_or(Ok(()), Err)
    }

    fn then(&self, action: &Action, error: &SyncError) -> Then {
        let SyncError::Grafana { error, .. } = error else {
            return Then::End;
        };
        let failure = Failure::from(error);
        let refused = !matches!(failure, Failure::Away(_) | Failure::Unauthorized | Failure::Busy(_));
        match action {
            // What follows is about an account that is not there.
            Action::Delete(_) | Action::Create(_) => Then::End,
            Action::LeaveOrg(id) | Action::JoinOrg(account::OrgRole { org_id: id, .. })
                if refused && !self.rules.serves(*id) =>
            {
                Then::Without(*id)
            }
            _ if refused || (self.closing && failure != Failure::Unauthorized) => Then::On,
            _ => Then::End,
        }
    }
}

/// An organization that Rollcall's account is not in refuses by 403 (G34), and the plan then ends with who is still in it.
fn is_told_by_the_plan(action: &Action, error: &SyncError) -> bool {
    let forbidden = matches!(
        error,
        SyncError::Grafana {
            error: grafana::Error::Forbidden { .. },
            ..
        }
    );
    matches!(action, Action::LeaveOrg(_)) && forbidden
}
