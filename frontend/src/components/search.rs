//! The search field above a list.

use std::time::Duration;

use leptos::{leptos_dom::helpers::TimeoutHandle, prelude::*};

use super::icon::{Icon, IconName};

/// Long enough to not ask for every letter, short enough to feel immediate.
const PAUSE: Duration = Duration::from_millis(100);

/// `on_search` hears what was typed once the typing pauses.
#[component]
pub fn SearchInput(
    /// Placeholder and accessible name.
    #[prop(into)]
    label: String,
    on_search: impl Fn(String) + Clone + 'static,
) -> impl IntoView {
    let pending = StoredValue::new(None::<TimeoutHandle>);
    let cancel = move || {
        if let Some(handle) = pending.try_update_value(Option::take).flatten() {
            handle.clear();
        }
    };
    on_cleanup(cancel);
    let typed = move |event| {
        cancel();
        let (on_search, text) = (on_search.clone(), event_target_value(&event));
        pending.set_value(set_timeout_with_handle(move || on_search(text.trim().to_owned()), PAUSE).ok());
    };
    view! {
        <div class="rc-search">
            <Icon name=IconName::Search />
            <input class="rc-input" type="search" autocomplete="off" spellcheck="false" placeholder=label.clone() aria-label=label on:input=typed />
        </div>
    }
}
