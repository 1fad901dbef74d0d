//! Which team a group is mapped to: one of Grafana's, or a new one. Start at [`TeamPicker`].

use std::time::Duration;

use admin_api::{Team, Teams};
use leptos::{ev::KeyboardEvent, leptos_dom::helpers::TimeoutHandle, prelude::*};

use crate::{
    api,
    components::{Field, rows},
    format,
    host::Host,
    loaded::Loaded,
};

const PAUSE: Duration = Duration::from_millis(200);

/// What the team will be.
#[derive(Clone, Debug, PartialEq, Hash)]
pub enum Target {
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

/// Search among Grafana's teams, or a new name. A combobox as WAI-ARIA has it: arrows move, Enter takes, Esc closes the list first.
#[component]
pub fn TeamPicker(target: RwSignal<Option<Target>>, missing: RwSignal<Option<String>>) -> impl IntoView {
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

    let options = options(found, text, target);
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
    let taken = Callback::new(take);
    let key = move |event| pressed(&event, options, listed, active, taken);
    let shown = move |(at, option)| offered(at, option, active, taken);
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
                    {rows(numbered, shown)}
                </ul>
                {move || found.error().get().map(|message| view! { <div class="rcl-small rcl-muted">{message}</div> })}
            </div>
        </Field>
    }
}

/// The teams found, then "make it", unless one of them has exactly this name.
fn options(found: Loaded<Teams>, text: RwSignal<String>, target: RwSignal<Option<Target>>) -> Memo<Vec<Target>> {
    let teams = found.list(|answer| answer.teams.clone());
    Memo::new(move |_| {
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
    })
}

/// The keys of a combobox.
fn pressed(
    event: &KeyboardEvent,
    options: Memo<Vec<Target>>,
    listed: RwSignal<bool>,
    active: RwSignal<usize>,
    take: Callback<Target>,
) {
    let last = options.with(Vec::len).saturating_sub(1);
    match event.key().as_str() {
        "ArrowDown" if listed.get_untracked() => active.update(|at| *at = (*at + 1).min(last)),
        "ArrowDown" => listed.set(true),
        "ArrowUp" => active.update(|at| *at = at.saturating_sub(1)),
        "Enter" if listed.get_untracked() => {
            if let Some(option) = options.with_untracked(|options| options.get(active.get_untracked()).cloned()) {
                take.run(option);
            }
        }
        // Not for the dialog: a list that is open closes first.
        "Escape" if listed.get_untracked() => listed.set(false),
        _ => return,
    }
    event.prevent_default();
    event.stop_propagation();
}

/// One line of the list.
fn offered(at: usize, option: Target, active: RwSignal<usize>, take: Callback<Target>) -> AnyView {
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
                take.run(option.clone());
            }
        >
            <span>{shown}</span><span class="rcl-small rcl-muted">{more}</span>
        </li>
    }
    .into_any()
}
