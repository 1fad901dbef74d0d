//! One Grafana team as the planner needs it.
//!
//! Owns: bringing together what the groups say, what Grafana shows and those we put there. Must never change anything.
//! Start at [`Roster::observe`].

use std::collections::{BTreeMap, BTreeSet, HashSet};

use domain::{
    MappingId, TeamId, UserId,
    attention::{Protection, Reading},
    settings::{MappingMode, TeamRemoval},
    team::{self, Desired, Feed, GroupMember, Member, MemberClass, Observed, TeamInput},
};

use super::{
    context::{Core, SCAN_MS},
    error::{Result, looking},
    org::Org,
    sudden_loss,
};
use grafana::{Team, TeamMember, TeamMembers};
use store::{FedMember, Kind, MappingOrigin, MappingRecord, Mark, TeamFeeds, TeamRules, Urgency};

/// A team with everything that bears on it.
pub(super) struct Roster {
    pub(super) team: Team,
    pub(super) desired: Desired,
    pub(super) observed: Observed,
    /// SCIM ids of the people whose groups feed it.
    pub(super) people: Vec<String>,
    /// What admins had decided when it was looked at.
    rules: TeamRules,
}

/// What is special about a look.
#[derive(Clone, Copy, Default)]
pub(super) struct TeamContext<'a> {
    /// The mapping whose group is gone: it counts no more, unless an admin pauses it meanwhile.
    pub(super) without: Option<MappingId>,
    /// What becomes of the team if nothing else feeds it.
    pub(super) removal: Option<TeamRemoval>,
    /// Earlier failures: from the third on, no bulk call.
    pub(super) attempts: i64,
    /// It follows from what an admin did.
    pub(super) by_admin: bool,
    /// Names of all teams, where they were just listed.
    pub(super) names: Option<&'a BTreeMap<String, TeamId>>,
}

/// From this many new members on, one listing is cheaper than a look at each.
const LISTING_PAYS: usize = 20;

impl Roster {
    /// Looks at a team; `None` when it was deleted. `team` where a listing has just shown it.
    pub(super) async fn observe(
        core: &Core,
        org: &mut Org,
        team_id: TeamId,
        team: Option<Team>,
        context: TeamContext<'_>,
    ) -> Result<Option<Self>> {
        let team = match team {
            Some(team) => Some(team),
            None => org.grafana.team(team_id).await.map_err(looking(Reading::Team))?,
        };
        let Some(team) = team else { return Ok(None) };
        let Some(seen) = org
            .grafana
            .team_members(team_id)
            .await
            .map_err(looking(Reading::TeamMembers))?
        else {
            return Ok(None);
        };
        let TeamFeeds { rules, people, applied } = core.store.team_feeds(org.id(), team_id).await?;
        sudden_loss::members(&org.grafana, team_id, applied.keys(), &seen).await?;
        let feeding = |m: &&MappingRecord| m.paused || Some(m.id) != context.without;
        let mappings: Vec<&MappingRecord> = rules.mappings.iter().filter(feeding).collect();
        // A mapping that an admin removed meanwhile leaves its team as it is.
        let gone = context
            .without
            .is_none_or(|id| rules.mappings.iter().any(|m| m.id == id));
        let removal = context
            .removal
            .map(|removal| if gone { removal } else { TeamRemoval::Keep });
        let present: BTreeSet<UserId> = seen.shown.iter().map(|m| m.user_id).collect();
        let mut wanted = team::wanted_members(people.iter().map(member_of_group));
        let me = org.grafana.me().await.map_err(looking(Reading::OwnAccount))?.id;
        let found = newcomers(core, org, &people, &mut wanted, &present).await?;
        // Nobody is brought in who is never taken out again.
        let class = |of: &Newcomer| class(org, of.id, me, &rules.unmanaged);
        wanted.retain(|id, _| found.iter().all(|of| of.id != *id || class(of) == MemberClass::Person));
        let emails = found.into_iter().map(|of| (of.id, of.email)).collect();
        let all = all_seen(org, &seen, me) && team.member_count <= count(&seen);
        let mut input = TeamInput {
            id: team_id,
            name: team.name.clone(),
            feeds: mappings.iter().map(|m| feed(m)).collect(),
            wanted,
            wanted_name: wanted_name(core, org, &mappings).await?,
            removal,
            members: Some(classified(org, seen, me, &rules.unmanaged)),
            base: applied,
            admins_known: org.admins.is_some(),
            emails,
            taken: BTreeMap::new(),
            bulk: context.attempts < 3 && all,
        };
        input.taken = taken(org, input.names_to_check(), &team, context.names).await?;
        let (mut desired, observed) = input.assemble();
        desired.kept = core.store.kept_in_team(org.id(), team_id).await?.into_iter().collect();
        Ok(Some(Self {
            team,
            desired,
            observed,
            people: people.into_iter().map(|person| person.user_id).collect(),
            rules,
        }))
    }

    /// Whether admins have decided nothing about this team since it was looked at. To be asked before every call: Grafana may have taken
    /// its time, and what is paused or removed meanwhile must not be acted upon.
    pub(super) async fn is_as_decided(&self, core: &Core, org: &Org) -> Result<bool> {
        Ok(core.store.team_rules(org.id(), self.team.id).await? == self.rules)
    }

    /// Looks at the members once more, directly before all of them are written: that write drops everybody it does not name, and since
    /// the first look every newcomer was looked at. `false`: the team was deleted.
    pub(super) async fn look_again(&mut self, org: &Org) -> Result<bool> {
        let seen = org.grafana.team_members(self.team.id).await;
        let Some(seen) = seen.map_err(looking(Reading::TeamMembers))? else {
            return Ok(false);
        };
        let first_look = self.observed.members.iter().map(|member| &member.grafana_id);
        let known = self.observed.base.keys().chain(first_look);
        sudden_loss::members(&org.grafana, self.team.id, known, &seen).await?;
        let me = org.grafana.me().await.map_err(looking(Reading::OwnAccount))?.id;
        self.observed.bulk &= all_seen(org, &seen, me);
        self.observed.members = classified(org, seen, me, &self.rules.unmanaged);
        Ok(true)
    }
}

/// Whether nobody is missing among the members: the bulk call would drop who is not seen.
fn all_seen(org: &Org, seen: &TeamMembers, me: UserId) -> bool {
    // What Grafana said at the sign-in may be over; the listing is of the last minute.
    let still_admin = org.admins.as_ref().is_none_or(|admins| admins.contains(&me));
    seen.all && still_admin
}

fn count(seen: &TeamMembers) -> i64 {
    i64::try_from(seen.shown.len()).unwrap_or(i64::MAX)
}

fn classified(org: &Org, seen: TeamMembers, me: UserId, released: &HashSet<UserId>) -> Vec<Member> {
    let member = |seen| member(org, seen, me, released);
    seen.shown.into_iter().map(member).collect()
}

pub(super) fn member(org: &Org, seen: TeamMember, me: UserId, released: &HashSet<UserId>) -> Member {
    let class = class(org, seen.user_id, me, released);
    Member {
        grafana_id: seen.user_id,
        email: seen.email,
        admin: seen.permission == 4,
        class,
    }
}

/// What an account is to a team, whether it is in it or is to join: the one place that decides it.
fn class(org: &Org, id: UserId, me: UserId, released: &HashSet<UserId>) -> MemberClass {
    let is_admin = org.admins.as_ref().is_some_and(|admins| admins.contains(&id));
    match org.protection(id, is_admin, id == me) {
        Some(Protection::Ourselves) => MemberClass::Ourselves,
        Some(_) => MemberClass::Protected,
        None if released.contains(&id) => MemberClass::Protected,
        None => MemberClass::Person,
    }
}

fn feed(mapping: &MappingRecord) -> Feed {
    Feed {
        remove_others: mapping.remove_others,
        paused: mapping.paused,
    }
}

const fn member_of_group(person: &FedMember) -> GroupMember {
    GroupMember {
        grafana_id: person.grafana_id,
        suspended: person.suspended,
        admin: person.admin,
    }
}

/// An account that is to join, as Grafana stores it.
struct Newcomer {
    id: UserId,
    email: String,
}

/// The accounts that are to join. Whose account is gone in Grafana is left out, and their user is looked at (R9).
async fn newcomers(
    core: &Core,
    org: &mut Org,
    people: &[FedMember],
    wanted: &mut BTreeMap<UserId, bool>,
    present: &BTreeSet<UserId>,
) -> Result<Vec<Newcomer>> {
    let new: Vec<UserId> = wanted.keys().filter(|id| !present.contains(id)).copied().collect();
    let listed = new.len() > LISTING_PAYS;
    if listed {
        let now = core.clock.elapsed_ms();
        let fresh = |at: i64| now.saturating_sub(at) <= SCAN_MS;
        if !org.listing.as_ref().is_some_and(|d| fresh(d.at_ms)) {
            org.refresh_listing(core).await?;
        }
    }
    let mut found = Vec::new();
    for id in new {
        let known = match &org.listing {
            Some(listing) if listed => listing.user(id).map(|u| u.email),
            _ => org
                .grafana
                .user(id)
                .await
                .map_err(looking(Reading::Account))?
                .map(|u| u.email),
        };
        if let Some(email) = known {
            found.push(Newcomer { id, email });
            continue;
        }
        wanted.remove(&id);
        if let Some(person) = people.iter().find(|p| p.grafana_id == Some(id)) {
            // Deleted by hand, and told so already: it waits for somebody.
            let shown = core.store.attention_rows(&person.tenant, i64::MAX).await?;
            if shown
                .iter()
                .any(|row| row.kind == Kind::User && row.id == person.user_id)
            {
                continue;
            }
            let (correlation, now) = (core.ids.correlation(), core.clock.now_ms());
            core.store
                .mark(&Mark {
                    tenant: &person.tenant,
                    kind: Kind::User,
                    id: &person.user_id,
                    urgency: Urgency::Normal,
                    correlation: &correlation,
                    now_ms: now,
                })
                .await?;
        }
    }
    Ok(found)
}

/// In mode *create* the team is called as its group; the first such mapping decides.
async fn wanted_name(core: &Core, org: &Org, mappings: &[&MappingRecord]) -> Result<Option<String>> {
    if org.settings.effective.mapping_mode != MappingMode::Create {
        return Ok(None);
    }
    let Some(mapping) = mappings.iter().find(|m| m.origin == MappingOrigin::Create && !m.paused) else {
        return Ok(None);
    };
    let group = core.store.group(&mapping.tenant, &mapping.group_id).await?;
    Ok(group.and_then(|g| g.document.display_name().map(str::to_owned)))
}

/// Which of these names belong to other teams.
async fn taken(
    org: &Org,
    names_to_check: Vec<String>,
    team: &Team,
    names: Option<&BTreeMap<String, TeamId>>,
) -> Result<BTreeMap<String, TeamId>> {
    let mut taken = BTreeMap::new();
    for name in names_to_check {
        let owner = match names {
            Some(names) => names.get(&name).copied(),
            None => {
                let found = org.grafana.team_named(&name).await;
                found.map_err(looking(Reading::Teams))?.map(|found| found.id)
            }
        };
        taken.extend(owner.filter(|owner| *owner != team.id).map(|owner| (name, owner)));
    }
    Ok(taken)
}
