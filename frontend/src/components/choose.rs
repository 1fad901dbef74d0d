//! A choice among several, folded away: a native select, so that every keyboard and screen reader knows it.

use leptos::prelude::*;

/// `value` is what the URL or a form says; an unknown one shows as the first.
#[component]
pub fn Select(
    label: &'static str,
    /// Values and words.
    options: &'static [(&'static str, &'static str)],
    value: Memo<Option<String>>,
    on_choose: Callback<String>,
) -> impl IntoView {
    let options = options
        .iter()
        .map(|(name, text)| {
            let chosen = move || value.with(|value| value.as_deref().unwrap_or_default() == *name);
            view! { <option value=*name prop:selected=chosen>{*text}</option> }
        })
        .collect_view();
    view! {
        <select class="rcl-input rcl-select" aria-label=label on:change=move |event| on_choose.run(event_target_value(&event))>
            {options}
        </select>
    }
}
