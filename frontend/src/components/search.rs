//! The search field above a list.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::icon::{Icon, IconName};

/// Long enough to not ask for every letter of a fast typist, short enough to feel immediate: rows are to be there 200 ms after the last key.
const PAUSE: Duration = Duration::from_millis(100);

/// `on_search` hears what was typed once the typing pauses.
#[component]
pub fn SearchInput(
    /// Placeholder and accessible name.
    #[prop(into)]
    label: String,
    on_search: impl Fn(String) + Send + Sync + 'static,
) -> impl IntoView {
    search(label, Callback::new(on_search))
}

fn search(label: String, on_search: Callback<String>) -> AnyView {
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(handle) = pending.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    on_cleanup(cancel);
    let typed = move |event| {
        cancel();
        let text = event_target_value(&event);
        pending.set_value(set_timeout_with_handle(move || on_search.run(text.trim().to_owned()), PAUSE).ok());
    };
    view! {
        <div class="rcl-search">
            <Icon name=IconName::Search />
            <input class="rcl-input" type="search" autocomplete="off" spellcheck="false" placeholder=label.clone() aria-label=label on:input=typed />
        </div>
    }
    .into_any()
}
