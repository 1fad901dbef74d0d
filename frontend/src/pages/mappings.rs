//! *Team mappings*: which groups become which teams?
//!
//! The mode, then every group with its teams. A change of either names its consequence before it is made. Start at [`MappingsPage`].

mod map_dialog;
mod mode;

use std::time::Duration;

use admin_api::{GroupRow, GroupStatus, Groups, MappingKind, MappingMode, MappingOrigin, MappingRow, MemberPolicy};
use leptos::{prelude::*, task::spawn_local};

use self::{map_dialog::MapDialog, mode::Mode};
use crate::{
    api,
    components::{
        Alert, Answered, Badge, Button, Confirm, EmptyState, Icon, IconButton, IconName, SearchInput, Severity, Tone,
        rows,
    },
    format,
    host::Host,
    loaded::{Loaded, poll},
    route::Route,
};

const PERIOD: Duration = Duration::from_secs(5);

/// What is open above the table.
#[derive(Clone, PartialEq)]
enum Open {
    /// "Map…", or "Map to it" with the team already chosen.
    Map(GroupRow, Option<admin_api::Team>),
    /// "Remove".
    Remove(MappingRow),
}

/// The second tab.
#[component]
pub fn MappingsPage() -> impl IntoView {
    let host = Host::get();
    let groups = Loaded::<Groups>::new();
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
                    <a class="rc-link" href=host.link(Route::Settings)>"settings"</a>"."
                </Alert>
            </Show>
            <Mode groups=groups changed=refresh />
            <Table groups=groups open=open />
        </Answered>
        {move || open.get().map(|what| match what {
            Open::Map(group, team) => view! { <MapDialog group=group team=team on_done=changed on_close=close /> }.into_any(),
            Open::Remove(mapping) => view! { <Remove mapping=mapping on_done=changed on_close=close /> }.into_any(),
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
        <section class="rc-section" aria-labelledby="rc-groups">
            <h2 class="rc-h" id="rc-groups">"Groups from your identity provider"</h2>
            <SearchInput label="Search groups and teams" on_search=move |text| query.set(text) />
            <Show when=move || !shown.with(Vec::is_empty) fallback=nothing>
                <div class="rc-scroll">
                    <table class="rc-table" data-testid="groups">
                        <thead><tr>
                            <th>"Group"</th><th class="rc-number">"Members"</th><th>"Teams"</th><th>"Added by hand"</th><th>"Status"</th>
                            <th><span class="rc-sr">"Actions"</span></th>
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
    let (tone, status) = match group.status {
        GroupStatus::InSync => (Tone::Good, "in sync"),
        GroupStatus::Pending => (Tone::Info, "pending"),
        GroupStatus::NotMapped => (Tone::Plain, "not mapped"),
        GroupStatus::NeedsAttention => (Tone::Warning, "needs you"),
    };
    let teams = group
        .mappings
        .iter()
        .cloned()
        .map(|mapping| view! { <TeamOf mapping=mapping open=open /> })
        .collect_view();
    let policies = group
        .mappings
        .iter()
        .map(|mapping| view! { <div class="rc-line rc-muted">{policy(mapping.policy)}</div> })
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
            <td>{group.display_name.clone()}</td>
            <td class="rc-number">{host.number(group.members)}</td>
            <td>
                {if unmapped { view! { <span class="rc-muted">"none"</span> }.into_any() } else { teams.into_any() }}
            </td>
            <td>{policies}</td>
            <td>
                <Badge tone=tone text=status />
                {group.note.map(|note| view! { <div class="rc-small rc-muted">{note}</div> })}
            </td>
            <td class="rc-actions">
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

/// One team of a group, with its way out.
#[component]
fn TeamOf(mapping: MappingRow, open: RwSignal<Option<Open>>) -> impl IntoView {
    let host = Host::get();
    let name = match mapping.team_id {
        Some(id) => {
            let href = host.grafana_link(&format!("/org/teams/edit/{id}"));
            view! { <a class="rc-link" href=href>{mapping.team_name.clone()}</a> }.into_any()
        }
        None => {
            view! { <span>{mapping.team_name.clone()}" "<span class="rc-muted">"(being made)"</span></span> }.into_any()
        }
    };
    let way_out = match mapping.origin {
        MappingOrigin::Page => {
            let label = format!("Remove the mapping of {} to {}", mapping.group_name, mapping.team_name);
            let mapping = mapping.clone();
            view! { <IconButton icon=IconName::Trash label=label on_click=move |_| open.set(Some(Open::Remove(mapping.clone()))) /> }.into_any()
        }
        MappingOrigin::File => {
            view! { <span class="rc-lock" title="Set by a provisioning file"><Icon name=IconName::Lock /><span class="rc-sr">"Set by a provisioning file"</span></span> }.into_any()
        }
        MappingOrigin::Create => ().into_any(),
    };
    let kind = (mapping.kind == MappingKind::Admin).then(|| view! { <Badge tone=Tone::Info text="admins" /> });
    let paused = mapping
        .paused
        .then(|| view! { <Badge tone=Tone::Warning text="paused" /> });
    view! { <div class="rc-line">{name}{kind}{paused}{way_out}</div> }
}

fn policy(policy: MemberPolicy) -> &'static str {
    match policy {
        MemberPolicy::Keep => "keep",
        MemberPolicy::Remove => "remove",
    }
}

#[component]
fn Remove(
    mapping: MappingRow,
    on_done: impl Fn() + Copy + Send + Sync + 'static,
    on_close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let host = Host::get();
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let id = mapping.id;
    let done = format!("{} is no longer mapped to {}", mapping.group_name, mapping.team_name);
    let done = StoredValue::new(done);
    let confirm = move || {
        busy.set(true);
        spawn_local(async move {
            match api::remove_mapping(host, id).await {
                Ok(()) => {
                    host.notify_success(&done.try_get_value().unwrap_or_default());
                    on_done();
                }
                Err(error) => {
                    busy.try_set(false);
                    failed.try_set(Some(error.message));
                }
            }
        });
    };
    view! {
        <Confirm title="Remove this mapping?" action="Remove mapping" destructive=true busy=busy on_confirm=confirm on_close=on_close>
            {move || failed.get().map(|message| view! { <Alert severity=Severity::Error title="The mapping was not removed">{message}</Alert> })}
            <p>
                "People who are in the team "<strong>{mapping.team_name.clone()}</strong>" only because of the group "
                <strong>{mapping.group_name.clone()}</strong>" leave it, and lose the access it gives."
            </p>
            <p class="rc-muted">"The team itself stays, with its permissions and the people who were added by hand."</p>
        </Confirm>
    }
}

/// "Engineering (212 people)".
fn named(group: &GroupRow) -> String {
    format!(
        "{} ({})",
        group.display_name,
        format::counted(group.members, "person", "people")
    )
}
