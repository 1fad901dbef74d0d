//! The mapping mode: a switch with a consequence for every group at once.

use std::collections::BTreeMap;

use admin_api::{Groups, MappingMode, SettingsUpdate};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::{Alert, Choice, Confirm, Icon, IconName, RadioGroup, Severity},
    format,
    host::Host,
    loaded::Loaded,
};

/// As many lines as a dialog has room for.
const MOST_LINES: usize = 20;

/// What mode *create* does with a group that is not mapped: the preview.
#[derive(Clone, PartialEq)]
struct Consequence {
    group: String,
    /// Members of the team of that name that is there; none means one is made.
    team_members: Option<i64>,
}

fn consequences(groups: &Groups) -> Vec<Consequence> {
    let unmapped = groups.groups.iter().filter(|group| group.mappings.is_empty());
    unmapped
        .map(|group| Consequence {
            group: group.display_name.clone(),
            team_members: group.suggestion.as_ref().map(|team| team.members),
        })
        .collect()
}

fn key(mode: MappingMode) -> &'static str {
    match mode {
        MappingMode::Strict => "strict",
        MappingMode::Create => "create",
    }
}

/// Shows the mode, and changes it after a question. Locked where a file sets it.
#[component]
pub fn Mode(groups: Loaded<Groups>, changed: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let host = Host::get();
    let mode = groups.part(|g| g.mapping_mode);
    let locked = groups.part(|g| g.mapping_mode_locked);
    let unmapped = groups.part(consequences);
    let wish = RwSignal::new(None::<MappingMode>);
    let close = move || wish.set(None);

    // The file that locks it is known to the settings only.
    let origin = RwSignal::new(None::<&'static str>);
    Effect::new(move || {
        if locked.get() == Some(true) {
            spawn_local(async move {
                if let Ok(answer) = api::settings(host).await {
                    let found = answer
                        .settings
                        .into_iter()
                        .find(|setting| setting.key == "mapping_mode");
                    origin.try_set(found.map(|setting| format::origin(setting.origin)));
                }
            });
        }
    });

    let explained = move || match mode.get() {
        Some(MappingMode::Create) => "Every group gets a team of its own name; an existing team of that name is used.",
        _ => "Only groups that you map are synced. The others are stored and shown, and touch no team.",
    };
    view! {
        <section class="rc-section" aria-labelledby="rc-mode">
            <h2 class="rc-h" id="rc-mode">"Mapping mode"</h2>
            <div class="rc-row">
                <RadioGroup
                    name="mode"
                    label="Mapping mode"
                    choices=vec![
                        Choice { value: MappingMode::Strict, text: "Strict: only groups you map" },
                        Choice { value: MappingMode::Create, text: "Create: a team for every group" },
                    ]
                    // While the question is open, what is asked for looks chosen.
                    value=Signal::derive(move || wish.get().or(mode.get()))
                    disabled=Signal::derive(move || locked.get() != Some(false))
                    on_choose=move |mode| wish.set(Some(mode))
                />
                <Show when=move || locked.get() == Some(true)>
                    <span class="rc-lock rc-muted"><Icon name=IconName::Lock />{move || origin.get().unwrap_or("Set in a file")}</span>
                </Show>
            </div>
            <p class="rc-muted rc-gap-half">{explained}</p>
        </section>
        {move || wish.get().map(|wish| view! {
            <Switch to=wish unmapped=unmapped.get_untracked().unwrap_or_default() on_close=close on_done=move || {
                close();
                changed();
            } />
        })}
    }
}

#[component]
fn Switch(
    to: MappingMode,
    unmapped: Vec<Consequence>,
    on_done: impl Fn() + Copy + Send + Sync + 'static,
    on_close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let host = Host::get();
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let confirm = move || {
        busy.set(true);
        spawn_local(async move {
            let update = SettingsUpdate {
                settings: BTreeMap::from([("mapping_mode".to_owned(), Some(key(to).to_owned()))]),
            };
            match api::save_settings(host, &update).await {
                Ok(_) => {
                    host.notify_success("Mapping mode changed");
                    on_done();
                }
                Err(error) => {
                    busy.try_set(false);
                    failed.try_set(Some(error.message));
                }
            }
        });
    };
    let (title, action, consequence, rest) = match to {
        MappingMode::Create => (
            "Make a team for every group?",
            "Switch to create",
            match unmapped.len() {
                0 => "Every group is mapped, so nothing changes now. A group that comes later gets a team of its name."
                    .to_owned(),
                n => format!(
                    "{} a team of the same name now, with the people your identity provider has put in. Where a team of that name exists, it is used.",
                    if n == 1 {
                        "1 group that is not mapped gets".to_owned()
                    } else {
                        format!("{n} groups that are not mapped get")
                    }
                ),
            },
            "Mappings you made stay as they are.",
        ),
        MappingMode::Strict => (
            "Sync only groups you map?",
            "Switch to strict",
            "Groups that come from now on get no team until you map them.".to_owned(),
            "No team is deleted.",
        ),
    };
    let more = unmapped.len().saturating_sub(MOST_LINES);
    let lines = (to == MappingMode::Create && !unmapped.is_empty()).then(|| {
        let line = |one: Consequence| {
            let team = match one.team_members {
                None => "a new team".to_owned(),
                Some(1) => "the team that is there, with 1 member".to_owned(),
                Some(n) => format!("the team that is there, with {n} members"),
            };
            view! { <li><b>{one.group}</b>": " {team}</li> }
        };
        let shown = unmapped.into_iter().take(MOST_LINES).map(line).collect_view();
        let rest = (more > 0).then(|| view! { <li class="rc-muted">{format!("and {more} more")}</li> });
        view! { <ul class="rc-figures">{shown}{rest}</ul> }
    });
    view! {
        <Confirm title=title action=action busy=busy on_confirm=confirm on_close=on_close>
            {move || failed.get().map(|message| view! { <Alert severity=Severity::Error title="The mode was not changed">{message}</Alert> })}
            <p>{consequence}</p>
            {lines}
            <p class="rc-muted">{rest}</p>
        </Confirm>
    }
}
