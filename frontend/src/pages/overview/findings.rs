//! What to do next, and how people sign in: lists of findings that come with the overview.

use admin_api::Check;
use leptos::prelude::*;

use crate::components::Checks;

/// Absent while there is nothing to say.
#[component]
pub fn Findings(id: &'static str, title: &'static str, checks: Memo<Vec<Check>>) -> impl IntoView {
    // Not `Show`, which brings a copy of itself for every list.
    let section = move || {
        let checks = checks.get();
        (!checks.is_empty()).then(|| {
            view! {
                <section class="rcl-section" aria-labelledby=id>
                    <h2 class="rcl-h" id=id>{title}</h2>
                    <Checks checks=checks />
                </section>
            }
            .into_any()
        })
    };
    view! { {section} }.into_any()
}
