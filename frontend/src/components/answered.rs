//! What the backend answered, or why it did not; grey rows until either is known.

use leptos::prelude::*;

use super::{
    alert::{Alert, Severity},
    skeleton::SkeletonRows,
};

/// Not generic in what was loaded: most of the page stands in one of these.
#[component]
pub fn Answered(
    error: ReadSignal<Option<String>>,
    arrived: Memo<bool>,
    /// What to say where nothing could be loaded; an old answer stays on the screen.
    failed: &'static str,
    /// How wide the grey rows are.
    columns: usize,
    children: ChildrenFn,
) -> impl IntoView {
    let problem = move || {
        error.get().map(|message| {
            let title = if arrived.get() {
                "What you see is not up to date"
            } else {
                failed
            };
            view! { <Alert severity=Severity::Error title=title>{message}</Alert> }
        })
    };
    let body = move || {
        if arrived.get() {
            children()
        } else if error.with(Option::is_none) {
            view! { <SkeletonRows columns=columns /> }.into_any()
        } else {
            ().into_any()
        }
    };
    view! {
        {problem}
        {body}
    }
    .into_any()
}
