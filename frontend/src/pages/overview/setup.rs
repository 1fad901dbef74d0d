//! Nothing yet: the way to the first provisioned person.

use leptos::prelude::*;

use crate::{host::Host, route::Route};

/// Shown until the first request has come.
#[component]
pub fn Steps() -> impl IntoView {
    let setup = Host::get().link(Route::Setup);
    view! {
        <section class="rcl-card rcl-section" aria-labelledby="rcl-steps">
            <h2 class="rcl-h" id="rcl-steps">"Four steps to the first person"</h2>
            <p class="rcl-muted">"Let Rollcall write to Grafana, make a token, paste it into your identity provider with the address, and watch the first request arrive."</p>
            <a class="rcl-btn rcl-btn--primary" href=setup>"Set up"</a>
        </section>
    }
}
