//! The setting `operation`, as three buttons, one of which asks first.
//!
//! Must never start writing without having shown how much. Start at [`Switch`].

use std::time::Duration;

use admin_api::{Operation, Plan, SettingsUpdate};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::{Button, ButtonLook, Confirm, failure},
    host::Host,
    loaded::{Loaded, poll},
};

const PERIOD: Duration = Duration::from_secs(5);
/// Mode, what the button says.
const MODES: [(&str, &str); 3] = [
    ("enforce", "Write to Grafana"),
    ("observe", "Observe only"),
    ("paused", "Pause"),
];

fn means(mode: &str) -> &'static str {
    match mode {
        "enforce" => "What the identity provider says is done in Grafana.",
        "observe" => "What the identity provider says is taken, planned and shown here. Nothing of it is done.",
        _ => "What the identity provider says is taken and waits. Nothing is written.",
    }
}

/// What is in force, and the way to another one.
#[component]
pub fn Switch() -> impl IntoView {
    let host = Host::get();
    let operation = Loaded::<Operation>::new();
    let refresh = move || operation.load(api::operation(host));
    poll(PERIOD, refresh);
    let mode = operation.part(|o| o.mode.clone());
    let locked = operation.part(|o| o.locked);
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let asked = RwSignal::new(false);
    let plan = Loaded::<Plan>::new();
    let set = move |mode: &'static str| {
        busy.set(true);
        spawn_local(async move {
            let update = SettingsUpdate {
                settings: [("operation".to_owned(), Some(mode.to_owned()))].into(),
            };
            let answer = api::save_settings(host, &update).await;
            busy.try_set(false);
            asked.try_set(false);
            if failed.try_set(answer.err().map(|error| error.message)).is_none() {
                refresh();
            }
        });
    };
    let choose = move |mode: &'static str| {
        if mode == "enforce" {
            // How much it is now, not when the tab was opened.
            plan.load(api::plan(host, "", Some(0)));
            asked.set(true);
        } else {
            set(mode);
        }
    };
    let sums = plan.list(|plan| plan.sums.clone());
    let arrived = plan.arrived();
    let nothing = move || arrived.get() && sums.with(Vec::is_empty);
    let buttons = move || {
        let now = mode.get()?;
        let others = MODES.iter().filter(|(mode, _)| *mode != now);
        let button = |(mode, text): &(&'static str, &'static str)| {
            let (mode, text) = (*mode, *text);
            let look = if mode == "enforce" {
                ButtonLook::Primary
            } else {
                ButtonLook::Secondary
            };
            view! { <Button look=look disabled=Signal::derive(move || busy.get() || locked.get() == Some(true)) on_click=move |_| choose(mode)>{text}</Button>" " }
        };
        Some(others.map(button).collect_view())
    };
    view! {
        <section class="rcl-section" aria-labelledby="rcl-operation">
            <h2 class="rcl-h" id="rcl-operation">"Operation"</h2>
            {failure("It was not changed", failed)}
            <p><strong>{move || mode.get()}</strong>" "{move || mode.get().map(|mode| means(&mode))}</p>
            {buttons}
            <Show when=move || locked.get() == Some(true)>
                <p class="rcl-muted">"A file sets operation: change it there."</p>
            </Show>
            <Show when=move || asked.get()>
                <Confirm title="Write to Grafana?" action="Write to Grafana" busy=busy on_confirm=move || set("enforce") on_close=move || asked.set(false)>
                    <p>"This is done as soon as you say yes:"</p>
                    <ul class="rcl-consequence">{move || sums.get().into_iter().map(|sum| view! { <li>{sum}</li> }).collect_view()}</ul>
                    <Show when=nothing><p>"Nothing: Grafana matches what the identity provider said."</p></Show>
                </Confirm>
            </Show>
        </section>
    }
    .into_any()
}
