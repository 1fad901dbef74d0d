//! What to do next, and how people sign in: lists of findings that come with the overview.

use admin_api::Check;
use leptos::prelude::*;

use crate::components::Checks;

/// Absent while there is nothing to say.
#[component]
pub fn Findings(id: &'static str, title: &'static str, checks: Memo<Vec<Check>>) -> impl IntoView {
    view! {
        <Show when=move || !checks.with(Vec::is_empty)>
            <section class="rc-section" aria-labelledby=id>
                <h2 class="rc-h" id=id>{title}</h2>
                {move || view! { <Checks checks=checks.get() /> }}
            </section>
        </Show>
    }
    .into_any()
}
