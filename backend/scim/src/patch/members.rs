//! Operations on `members` of a group, as changes of rows. Never looks at who is a member; costs what the request is long.

use serde_json::Value;

use super::operation::Op;
use crate::{Error, Filter, Member, filter::matches_member, limits};

/// A change of a group's membership.
#[derive(Debug, Clone, PartialEq)]
pub enum MemberChange {
    /// Add these; those already there stay as they are.
    Add(Vec<Member>),
    /// Remove these; those not there are no error.
    Remove(Vec<String>),
    /// Remove those that match.
    RemoveMatching(MemberFilter),
    /// These and no others.
    Replace(Vec<Member>),
    /// None.
    Clear,
}

/// Which members a PATCH selects by `members[…]`.
#[derive(Debug, Clone, PartialEq)]
pub struct MemberFilter {
    filter: Filter,
    /// The endpoints' URL, so that `$ref` is the one answers show.
    base: String,
}

impl MemberFilter {
    /// Whether it selects this one.
    pub fn matches(&self, member: &Member) -> bool {
        matches_member(&self.filter, member, &self.base)
    }
}

/// The changes so far. Neighbours of one kind are joined, so that authentik's thousand operations of one member are one change.
#[derive(Debug, Default)]
pub(super) struct Changes {
    changes: Vec<MemberChange>,
    filters: usize,
    /// The endpoints' URL.
    base: String,
}

impl Changes {
    pub(super) fn new(base: &str) -> Self {
        Self {
            base: base.to_owned(),
            ..Self::default()
        }
    }

    pub(super) fn into_changes(self) -> Vec<MemberChange> {
        self.changes
    }

    pub(super) fn run(&mut self, op: Op, filter: Option<&Filter>, value: Option<&Value>) -> Result<(), Error> {
        match (op, filter) {
            (Op::Add, _) => self.add(listed(value)?),
            (Op::Replace, None) => self.changes.push(match listed(value)? {
                members if members.is_empty() => MemberChange::Clear,
                members => MemberChange::Replace(members),
            }),
            (Op::Replace, Some(filter)) => {
                let members = listed(value)?;
                self.remove_matching(filter)?;
                self.add(members);
            }
            (Op::Remove, Some(filter)) => self.remove_matching(filter)?,
            (Op::Remove, None) => match value {
                None | Some(Value::Null) => self.changes.push(MemberChange::Clear),
                // Entra, authentik, JumpCloud and rauthy name the members to remove in `value`, which RFC 7644 §3.5.2.2 does not define (I4).
                // Only those: reading it as "remove all" has emptied groups elsewhere. An empty list removes nobody.
                Some(value) => self.remove(
                    Member::parse_list(value)?
                        .into_iter()
                        .map(|member| member.value)
                        .collect(),
                ),
            },
        }
        Ok(())
    }

    fn add(&mut self, members: Vec<Member>) {
        match self.changes.last_mut() {
            _ if members.is_empty() => {}
            Some(MemberChange::Add(last) | MemberChange::Replace(last)) => last.extend(members),
            _ => self.changes.push(MemberChange::Add(members)),
        }
    }

    fn remove(&mut self, ids: Vec<String>) {
        match self.changes.last_mut() {
            _ if ids.is_empty() => {}
            Some(MemberChange::Remove(last)) => last.extend(ids),
            _ => self.changes.push(MemberChange::Remove(ids)),
        }
    }

    fn remove_matching(&mut self, filter: &Filter) -> Result<(), Error> {
        if let Some(ids) = filter.values_named() {
            self.remove(ids.into_iter().map(str::to_owned).collect());
            return Ok(());
        }
        self.filters += 1;
        if self.filters > limits::MEMBER_FILTERS {
            let limit = limits::MEMBER_FILTERS;
            return Err(Error::too_many(format!(
                "The PATCH removes members by more filters than the limit of {limit}; remove them by their ids."
            )));
        }
        self.changes.push(MemberChange::RemoveMatching(MemberFilter {
            filter: filter.clone(),
            base: self.base.clone(),
        }));
        Ok(())
    }
}

fn listed(value: Option<&Value>) -> Result<Vec<Member>, Error> {
    // An absent value is a mistake of the client's; read as "none" it would empty the group.
    let value = value.ok_or_else(|| Error::invalid_value("The operation has no value."))?;
    if value.is_null() {
        Ok(Vec::new())
    } else {
        Member::parse_list(value)
    }
}
