//! "Previous" and "Next" below a list that is paged by key.

use leptos::prelude::*;

use super::button::Button;

/// `turn` hears `true` for the next page.
#[component]
pub fn Pager(
    label: &'static str,
    /// What is shown, in words.
    range: Signal<String>,
    /// There is nothing before.
    first: Signal<bool>,
    /// There is nothing after.
    last: Signal<bool>,
    turn: Callback<bool>,
) -> impl IntoView {
    view! {
        <nav class="rcl-pager" aria-label=label>
            <span class="rcl-muted" aria-live="polite">{range}</span>
            <Button small=true disabled=first on_click=move |_| turn.run(false)>"Previous"</Button>
            <Button small=true disabled=last on_click=move |_| turn.run(true)>"Next"</Button>
        </nav>
    }
}
