//! *Team mappings*: which groups become which teams?
//!
//! The mode, then every group with its teams. A change of either names its consequence before it is made. Start at [`MappingsPage`].

mod group;
mod impact;
mod map_dialog;
mod mode;
mod open;
mod status;
mod team_picker;

use std::time::Duration;

use admin_api::{GroupRow, Groups, MappingEdit, MappingKind, MappingMode, MappingRow, MemberPolicy};
use leptos::prelude::*;

use self::{
    group::GroupDrawer,
    impact::{Ask, Question},
    map_dialog::MapDialog,
    mode::Mode,
    open::Open,
    status::status_badge,
};
use crate::{
    api::{self, Change},
    components::{
        Alert, Answered, Badge, Button, Clock, EmptyState, IconButton, IconName, SearchInput, Severity, Tone, rows,
    },
    host::Host,
    loaded::{Loaded, poll},
    route::Route,
};

const PERIOD: Duration = Duration::from_secs(5);

/// The second tab.
#[component]
pub fn MappingsPage() -> impl IntoView {
    let host = Host::get();
    provide_context(Clock::start());
    let groups = Loaded::<Groups>::new();
    let shown = host.query("group");
    let refresh = move || groups.load(api::groups(host));
    poll(PERIOD, refresh);

    let open = RwSignal::new(None::<Open>);
    let close = move || open.set(None);
    let changed = move || {
        close();
        refresh();
    };
    let arrived = groups.arrived();
    let synced = groups.part(|g| g.group_sync);
    view! {
        <Answered error=groups.error() arrived=arrived failed="The groups could not be loaded" columns=5>
            <Show when=move || synced.get() == Some(false)>
                <Alert severity=Severity::Info title="Groups are stored, but touch no team">
                    "Group sync is off. To turn it on, set "<code>"team_sync_mode"</code>" to "<code>"scim_sync"</code>" in the "
                    <a class="rcl-link" href=host.link(Route::Settings)>"settings"</a>"."
                </Alert>
            </Show>
            <Mode groups=groups open=open />
            <Table groups=groups open=open />
        </Answered>
        {move || shown.get().map(|id| view! { <GroupDrawer id=id groups=groups changed=Callback::new(move |()| refresh()) /> })}
        {move || open.get().map(|what| {
            let (group, team, edit) = match what {
                Open::Ask(question) => return view! { <Ask question=question on_done=changed on_close=close /> }.into_any(),
                Open::Map(group, team) => (group, team, None),
                Open::Edit(group, mapping) => (group, None, Some(mapping)),
            };
            view! { <MapDialog group=group team=team edit=edit on_done=changed on_close=close /> }.into_any()
        })}
    }
}

#[component]
fn Table(groups: Loaded<Groups>, open: RwSignal<Option<Open>>) -> impl IntoView {
    let query = RwSignal::new(String::new());
    let all = groups.list(|g| g.groups.clone());
    let shown = Memo::new(move |_| {
        let query = query.get().to_lowercase();
        let matches = |row: &GroupRow| {
            row.display_name.to_lowercase().contains(&query)
                || row
                    .mappings
                    .iter()
                    .any(|mapping| mapping.team_name.to_lowercase().contains(&query))
        };
        all.with(|rows| rows.iter().filter(|row| matches(row)).cloned().collect::<Vec<_>>())
    });
    let mode = groups.part(|g| g.mapping_mode);
    let nothing = move || {
        if all.with(Vec::is_empty) {
            view! {
                <EmptyState message="No groups yet">
                    "They appear here as soon as your identity provider pushes them."
                </EmptyState>
            }
            .into_any()
        } else {
            view! { <EmptyState message="No group or team matches your search" /> }.into_any()
        }
    };
    view! {
        <section class="rcl-section" aria-labelledby="rcl-groups">
            <h2 class="rcl-h" id="rcl-groups">"Groups from your identity provider"</h2>
            <SearchInput label="Search groups and teams" on_search=move |text| query.set(text) />
            <Show when=move || !shown.with(Vec::is_empty) fallback=nothing>
                <div class="rcl-scroll">
                    <table class="rcl-table" data-testid="groups">
                        <thead><tr>
                            <th>"Group"</th><th class="rcl-number">"Members"</th><th>"Teams"</th><th>"Added by hand"</th><th>"Status"</th>
                            <th><span class="rcl-sr">"Actions"</span></th>
                        </tr></thead>
                        <tbody>
                            {move || rows(shown, move |group| view! { <Row group=group mode=mode open=open /> })}
                        </tbody>
                    </table>
                </div>
            </Show>
        </section>
    }
}

#[component]
fn Row(group: GroupRow, mode: Memo<Option<MappingMode>>, open: RwSignal<Option<Open>>) -> impl IntoView {
    let host = Host::get();
    let id = group.id.clone();
    let href = move || host.link_with("group", &id);
    let teams = group
        .mappings
        .iter()
        .map(|mapping| team_of(&group, mapping, open))
        .collect_view();
    let policies = group
        .mappings
        .iter()
        .map(|mapping| view! { <div class="rcl-line rcl-muted">{policy(mapping.policy)}</div> })
        .collect_view();
    let unmapped = group.mappings.is_empty();
    let suggestion = group.suggestion.clone().filter(|_| unmapped).map(|team| {
        let (group, chosen, name) = (group.clone(), team.clone(), team.name);
        view! {
            <Button small=true label=format!("Map {} to the team {name}", group.display_name)
                on_click=move |_| open.set(Some(Open::Map(group.clone(), Some(chosen.clone()))))>
                {format!("Map to “{name}”")}
            </Button>
        }
    });
    let to_map = group.clone();
    view! {
        <tr>
            <td><a class="rcl-link" href=href>{group.display_name.clone()}</a></td>
            <td class="rcl-number">{host.number(group.members)}</td>
            <td>
                {if unmapped { view! { <span class="rcl-muted">"none"</span> }.into_any() } else { teams.into_any() }}
            </td>
            <td>{policies}</td>
            <td>
                {status_badge(group.status)}
                {group.note.map(|note| view! { <div class="rcl-small rcl-muted">{note}</div> })}
            </td>
            <td class="rcl-actions">
                {suggestion}
                // In mode create the engine makes the rows.
                <Show when=move || mode.get() == Some(MappingMode::Strict)>
                    <Button small=true label=format!("Map {}", to_map.display_name) on_click={
                        let group = to_map.clone();
                        move |_| open.set(Some(Open::Map(group.clone(), None)))
                    }>"Map…"</Button>
                </Show>
            </td>
        </tr>
    }
}

/// One team of a group, with what can be done about it.
fn team_of(group: &GroupRow, mapping: &MappingRow, open: RwSignal<Option<Open>>) -> AnyView {
    let host = Host::get();
    let name = match mapping.team_id {
        Some(id) => {
            let href = host.grafana_link(&format!("/org/teams/edit/{id}"));
            view! { <a class="rcl-link" href=href>{mapping.team_name.clone()}</a> }.into_any()
        }
        None => view! { <span>{mapping.team_name.clone()}" "<span class="rcl-muted">"(being made)"</span></span> }
            .into_any(),
    };
    let kind = (mapping.kind == MappingKind::Admin).then(|| view! { <Badge tone=Tone::Info text="admins" /> });
    let paused = mapping
        .paused
        .then(|| view! { <Badge tone=Tone::Warning text="paused" /> });
    let of = format!("the mapping of {} to {}", mapping.group_name, mapping.team_name);
    let button = |icon: IconName, verb: &str, what: Open| {
        view! { <IconButton icon=icon label=format!("{verb} {of}") on_click=move |_| open.set(Some(what.clone())) /> }
            .into_any()
    };
    let edit = button(IconName::Edit, "Change", Open::Edit(group.clone(), mapping.clone()));
    let ask = Open::Ask(pausing(mapping));
    let turn = view! {
        <input
            type="checkbox" role="switch" class="rcl-switch" checked=!mapping.paused
            aria-label=format!("Follow {of}")
            // It turns once the backend has said so, and not before the question is answered.
            on:click=move |event| {
                event.prevent_default();
                open.set(Some(ask.clone()));
            }
        />
    };
    let remove = button(IconName::Trash, "Remove", Open::Ask(removal(mapping)));
    let remove = view! { <span hidden=!mapping.may_remove>{remove}</span> };
    let actions = view! { <span class="rcl-tools">{edit}{turn}{remove}</span> };
    view! { <div class="rcl-line">{name}{kind}{paused}{actions}</div> }.into_any()
}

fn removal(mapping: &MappingRow) -> Question {
    Question {
        title: "Remove this mapping?".to_owned(),
        action: "Remove mapping",
        rest: "The team itself stays, with its permissions and the people who were added by hand.",
        done: format!("{} is no longer mapped to {}", mapping.group_name, mapping.team_name),
        change: Change::remove(mapping.id),
        destructive: true,
        mode: None,
    }
}

/// Pauses what runs, and resumes what is paused.
fn pausing(mapping: &MappingRow) -> Question {
    let (verb, action, rest) = if mapping.paused {
        ("Resume", "Resume", "From now on the team follows the group again.")
    } else {
        (
            "Pause",
            "Pause",
            "Until you resume, nobody joins by this group, and nobody leaves the team at all. Accounts are closed all the same.",
        )
    };
    let edit = MappingEdit {
        kind: mapping.kind,
        policy: mapping.policy,
        paused: !mapping.paused,
    };
    Question {
        title: format!("{verb} the mapping of {} to {}?", mapping.group_name, mapping.team_name),
        action,
        rest,
        done: format!("{verb}d: {} to {}", mapping.group_name, mapping.team_name),
        change: Change::edit(mapping.id, edit),
        destructive: false,
        mode: None,
    }
}

fn policy(policy: MemberPolicy) -> &'static str {
    match policy {
        MemberPolicy::Keep => "keep",
        MemberPolicy::Remove => "remove",
    }
}
