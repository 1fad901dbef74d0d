//! "Map…": a group, a team, as what, and what about people who were added by hand.

use std::time::Duration;

use admin_api::{GroupRow, MappingEdit, MappingKind, MappingRow, MemberPolicy, NewMapping, Team, Teams};
use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*, reactive::graph::untrack, task::spawn_local};

use super::impact::impact;
use crate::{
    api::{self, Change},
    components::{Button, ButtonLook, Choice, Field, Modal, RadioGroup, failure, rows},
    format,
    host::Host,
    loaded::Loaded,
};

const PAUSE: Duration = Duration::from_millis(200);

/// What the team will be.
#[derive(Clone, Debug, PartialEq, Hash)]
enum Target {
    Existing(Team),
    New(String),
}

impl Target {
    fn name(&self) -> &str {
        match self {
            Self::Existing(team) => &team.name,
            Self::New(name) => name,
        }
    }
}

/// The dialog: a mapping more, or `edit` another one. `team` is chosen beforehand by "Map to it".
#[component]
pub fn MapDialog(
    group: GroupRow,
    team: Option<Team>,
    edit: Option<MappingRow>,
    on_done: impl Fn() + Copy + Send + Sync + 'static,
    on_close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let host = Host::get();
    let target = RwSignal::new(team.map(Target::Existing));
    let kind = RwSignal::new(edit.as_ref().map_or(MappingKind::Member, |mapping| mapping.kind));
    let policy = RwSignal::new(edit.as_ref().map_or(MemberPolicy::Keep, |mapping| mapping.policy));
    let missing = RwSignal::new(None::<String>);
    let failed = RwSignal::new(None::<String>);
    let (busy, told) = (RwSignal::new(false), RwSignal::new(false));
    let title = match &edit {
        Some(mapping) => format!("{} in the team {}", group.display_name, mapping.team_name),
        None => format!("Map {}", named(&group)),
    };
    let picker = edit
        .is_none()
        .then(|| view! { <TeamPicker target=target missing=missing /> });
    let done = format!("The mapping of {} is saved", group.display_name);
    let (group_id, done) = (StoredValue::new(group.id), StoredValue::new(done));
    let editing = edit.map(|mapping| (mapping.id, mapping.paused));
    let change = move || {
        let (kind, policy) = (kind.get(), policy.get());
        if let Some((id, paused)) = editing {
            return Some(Change::edit(id, MappingEdit { kind, policy, paused }));
        }
        let (team_id, new_team) = match target.get()? {
            Target::Existing(team) => (Some(team.id), None),
            Target::New(name) => (None, Some(name)),
        };
        Some(Change::add(&NewMapping {
            group_id: group_id.get_value(),
            team_id,
            new_team,
            kind,
            policy,
        }))
    };
    let preview = Memo::new(move |_| change().map(|change| change.preview));

    let save = move |_| {
        let Some(change) = untrack(change) else {
            missing.set(Some("Choose a team from the list, or a name for a new one.".to_owned()));
            return;
        };
        busy.set(true);
        failed.set(None);
        spawn_local(async move {
            match api::apply(host, change).await {
                Ok(()) => {
                    host.notify_success(&done.try_get_value().unwrap_or_default());
                    on_done();
                }
                Err(error) => {
                    busy.try_set(false);
                    let place = if matches!(error.field.as_deref(), Some("team_id" | "new_team")) {
                        missing
                    } else {
                        failed
                    };
                    place.try_set(Some(error.message));
                }
            }
        });
    };
    // Nothing is saved before it was said what it does.
    let waits = Signal::derive(move || busy.get() || preview.with(Option::is_some) && !told.get());
    view! {
        <Modal title=title on_close=on_close>
            {failure("The mapping was not saved", failed)}
            {picker}
            <div class="rcl-field">
                <span class="rcl-label">"The group's people become"</span>
                <RadioGroup
                    name="kind"
                    label="The group's people become"
                    choices=vec![
                        Choice { value: MappingKind::Member, text: "Members" },
                        Choice { value: MappingKind::Admin, text: "Admins of the team" },
                    ]
                    value=Signal::derive(move || Some(kind.get()))
                    on_choose=move |chosen| kind.set(chosen)
                />
            </div>
            <div class="rcl-field">
                <span class="rcl-label">"People who were added to the team by hand"</span>
                <RadioGroup
                    name="policy"
                    label="People who were added to the team by hand"
                    choices=vec![
                        Choice { value: MemberPolicy::Keep, text: "Keep" },
                        Choice { value: MemberPolicy::Remove, text: "Remove" },
                    ]
                    value=Signal::derive(move || Some(policy.get()))
                    on_choose=move |chosen| policy.set(chosen)
                />
            </div>
            {impact(preview, told)}
            <div class="rcl-modal__buttons">
                <Button on_click=move |_| on_close()>"Cancel"</Button>
                <Button look=ButtonLook::Primary disabled=waits on_click=save>"Save mapping"</Button>
            </div>
        </Modal>
    }
}

/// Search among Grafana's teams, or a new name. A combobox as WAI-ARIA has it: arrows move, Enter takes, Esc closes the list first.
#[component]
fn TeamPicker(target: RwSignal<Option<Target>>, missing: RwSignal<Option<String>>) -> impl IntoView {
    let host = Host::get();
    let text =
        RwSignal::new(target.with_untracked(|target| target.as_ref().map(|t| t.name().to_owned()).unwrap_or_default()));
    let found = Loaded::<Teams>::new();
    let listed = RwSignal::new(false);
    let active = RwSignal::new(0_usize);
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(handle) = pending.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    on_cleanup(cancel);
    let search = move || {
        let query = text.get_untracked();
        found.load(async move { api::teams(host, query.trim()).await });
    };
    search();

    let teams = found.list(|answer| answer.teams.clone());
    // The teams found, then "make it", unless one of them has exactly this name.
    let options = Memo::new(move |_| {
        let name = text.get().trim().to_owned();
        let mut options: Vec<Target> = teams.get().into_iter().map(Target::Existing).collect();
        // The teams on screen may answer an older text. Once one is taken, all are offered again.
        if target.with(Option::is_none) {
            let wanted = name.to_lowercase();
            options.retain(|option| option.name().to_lowercase().contains(&wanted));
        }
        if !name.is_empty() && !options.iter().any(|option| option.name() == name) {
            options.push(Target::New(name));
        }
        options
    });
    let take = move |option: Target| {
        text.set(option.name().to_owned());
        target.set(Some(option));
        missing.set(None);
        listed.set(false);
        active.set(0);
    };
    let typed = move |event| {
        text.set(event_target_value(&event));
        target.set(None);
        listed.set(true);
        active.set(0);
        cancel();
        pending.set_value(set_timeout_with_handle(search, PAUSE).ok());
    };
    let key = move |event: leptos::ev::KeyboardEvent| {
        let last = options.with(Vec::len).saturating_sub(1);
        match event.key().as_str() {
            "ArrowDown" if listed.get_untracked() => active.update(|at| *at = (*at + 1).min(last)),
            "ArrowDown" => listed.set(true),
            "ArrowUp" => active.update(|at| *at = at.saturating_sub(1)),
            "Enter" if listed.get_untracked() => {
                if let Some(option) = options.with_untracked(|options| options.get(active.get_untracked()).cloned()) {
                    take(option);
                }
            }
            // Not for the dialog: a list that is open closes first.
            "Escape" if listed.get_untracked() => listed.set(false),
            _ => return,
        }
        event.prevent_default();
        event.stop_propagation();
    };
    let option = move |(at, option): (usize, Target)| {
        let (shown, more) = match &option {
            Target::Existing(team) => (team.name.clone(), format::counted(team.members, "member", "members")),
            Target::New(name) => (format!("Make a new team “{name}”"), String::new()),
        };
        view! {
            <li
                id=format!("rcl-team-option-{at}")
                role="option"
                class="rcl-option"
                aria-selected=move || (active.get() == at).to_string()
                // Before the input's blur, which closes the list.
                on:mousedown=move |event| {
                    event.prevent_default();
                    take(option.clone());
                }
            >
                <span>{shown}</span><span class="rcl-small rcl-muted">{more}</span>
            </li>
        }
        .into_any()
    };
    let numbered = Memo::new(move |_| options.get().into_iter().enumerate().collect::<Vec<_>>());
    view! {
        <Field id="rcl-team" label="Team" description="Search for a team, or type the name of a new one" error=missing>
            <div class="rcl-picker">
                <input
                    class="rcl-input"
                    id="rcl-team"
                    type="text"
                    autocomplete="off"
                    role="combobox"
                    aria-autocomplete="list"
                    aria-controls="rcl-team-list"
                    aria-describedby="rcl-team-more"
                    aria-expanded=move || listed.get().to_string()
                    aria-activedescendant=move || listed.get().then(|| format!("rcl-team-option-{}", active.get()))
                    aria-invalid=move || missing.get().is_some().to_string()
                    prop:value=text
                    on:input=typed
                    on:keydown=key
                    on:click=move |_| listed.set(true)
                    on:blur=move |_| listed.set(false)
                />
                <ul class="rcl-options" id="rcl-team-list" role="listbox" aria-label="Teams" hidden=move || !listed.get() || options.with(Vec::is_empty)>
                    {rows(numbered, option)}
                </ul>
                {move || found.error().get().map(|message| view! { <div class="rcl-small rcl-muted">{message}</div> })}
            </div>
        </Field>
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
