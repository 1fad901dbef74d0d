//! A value to paste elsewhere, with a button that copies it.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::icon::{Icon, IconName};
use crate::host::Host;

/// `label` is the accessible name.
#[component]
pub fn CopyField(label: &'static str, #[prop(into)] value: Signal<String>) -> impl IntoView {
    view! {
        <div class="rcl-copy">
            <input class="rcl-input rcl-mono" type="text" readonly aria-label=label prop:value=value on:focus=|event| {
                event_target::<web_sys::HtmlInputElement>(&event).select();
            } />
            {button(value)}
        </div>
    }
}

/// Several lines, and the button.
#[component]
pub fn CopyLines(lines: Vec<String>) -> impl IntoView {
    let text = lines.join("\n");
    view! {
        <div class="rcl-lines">
            // In the tab order, because it may scroll.
            <pre class="rcl-pre" tabindex="0">{text.clone()}</pre>
            {button(Signal::stored(text))}
        </div>
    }
}

fn button(value: Signal<String>) -> AnyView {
    let host = Host::get();
    let said = RwSignal::new("Copy");
    let copy = move |_| {
        spawn_local(async move {
            let done = host.copy(&value.get_untracked()).await;
            said.try_set(if done { "Copied" } else { "Press Ctrl+C" });
            set_timeout(
                move || {
                    said.try_set("Copy");
                },
                Duration::from_secs(2),
            );
        });
    };
    view! {
        <button type="button" class="rcl-btn rcl-btn--secondary" on:click=copy>
            <Icon name=IconName::Copy />
            <span aria-live="polite">{said}</span>
        </button>
    }
    .into_any()
}
