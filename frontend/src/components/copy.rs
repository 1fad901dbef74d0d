//! A value to paste elsewhere, with a button that copies it.

use std::time::Duration;

use leptos::{prelude::*, task::spawn_local};

use super::icon::{Icon, IconName};
use crate::host::Host;

/// `label` is the accessible name.
#[component]
pub fn CopyField(label: &'static str, #[prop(into)] value: Signal<String>) -> impl IntoView {
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
        <div class="rc-copy">
            <input class="rc-input rc-mono" type="text" readonly aria-label=label prop:value=value on:focus=|event| {
                event_target::<web_sys::HtmlInputElement>(&event).select();
            } />
            <button type="button" class="rc-btn rc-btn--secondary" on:click=copy>
                <Icon name=IconName::Copy />
                <span aria-live="polite">{said}</span>
            </button>
        </div>
    }
}
