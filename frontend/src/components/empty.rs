//! What stands where a list would be: why it is empty, and what to do.

use leptos::prelude::*;

/// The message, and under it what to do.
#[component]
pub fn EmptyState(#[prop(into)] message: String, #[prop(optional)] children: Option<Children>) -> impl IntoView {
    view! {
        <div class="rcl-empty">
            <p class="rcl-empty__message">{message}</p>
            {children.map(|children| view! { <div class="rcl-muted">{children()}</div> })}
        </div>
    }
}
