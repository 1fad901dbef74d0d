//! Nothing yet: the way to the first provisioned person.

use leptos::prelude::*;

use crate::{host::Host, route::Route};

/// Shown until the first request has come.
#[component]
pub fn Steps() -> impl IntoView {
    let setup = Host::get().link(Route::Setup);
    view! {
        <section class="rc-card rc-section" aria-labelledby="rc-steps">
            <h2 class="rc-h" id="rc-steps">"Four steps to the first person"</h2>
            <p class="rc-muted">"Let Rollcall write to Grafana, make a token, paste it into your identity provider with the address, and watch the first request arrive."</p>
            <a class="rc-btn rc-btn--primary" href=setup>"Set up"</a>
        </section>
    }
}
