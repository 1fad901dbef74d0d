//! The mapping mode: a switch with a consequence for every group at once.

use admin_api::{Groups, MappingMode};
use leptos::{prelude::*, task::spawn_local};

use super::{impact::Question, open::Open};
use crate::{
    api::{self, Change},
    components::{Choice, Icon, IconName, RadioGroup},
    format,
    host::Host,
    loaded::Loaded,
};

/// Shows the mode, and asks before it is changed. Locked where a file sets it.
#[component]
pub fn Mode(groups: Loaded<Groups>, open: RwSignal<Option<Open>>) -> impl IntoView {
    let host = Host::get();
    let mode = groups.part(|g| g.mapping_mode);
    let locked = groups.part(|g| g.mapping_mode_locked);

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

    // While the question is open, what is asked for looks chosen.
    let wish = move || {
        open.with(|open| match open {
            Some(Open::Ask(question)) => question.mode,
            _ => None,
        })
    };
    let explained = move || match mode.get() {
        Some(MappingMode::Create) => {
            "Every group gets a team of its own name. Whether it fills one that exists already is a setting, team_claim."
        }
        _ => "Only groups that you map are synced. The others are stored and shown, and touch no team.",
    };
    view! {
        <section class="rcl-section" aria-labelledby="rcl-mode">
            <h2 class="rcl-h" id="rcl-mode">"Mapping mode"</h2>
            <div class="rcl-row">
                <RadioGroup
                    name="mode"
                    label="Mapping mode"
                    choices=vec![
                        Choice { value: MappingMode::Strict, text: "Strict: only groups you map" },
                        Choice { value: MappingMode::Create, text: "Create: a team for every group" },
                    ]
                    value=Signal::derive(move || wish().or(mode.get()))
                    disabled=Signal::derive(move || locked.get() != Some(false))
                    on_choose=move |mode| open.set(Some(Open::Ask(question(mode))))
                />
                <Show when=move || locked.get() == Some(true)>
                    <span class="rcl-lock rcl-muted"><Icon name=IconName::Lock />{move || origin.get().unwrap_or("Set in a file")}</span>
                </Show>
            </div>
            <p class="rcl-muted rcl-gap-half">{explained}</p>
        </section>
    }
}

fn question(to: MappingMode) -> Question {
    let (name, title, action, rest) = match to {
        MappingMode::Create => (
            "create",
            "Make a team for every group?",
            "Switch to create",
            "Mappings you made stay as they are.",
        ),
        MappingMode::Strict => (
            "strict",
            "Sync only groups you map?",
            "Switch to strict",
            "No team is deleted.",
        ),
    };
    Question {
        title: title.to_owned(),
        action,
        rest,
        done: "Mapping mode changed".to_owned(),
        change: Change::mode(name),
        destructive: false,
        mode: Some(to),
    }
}
