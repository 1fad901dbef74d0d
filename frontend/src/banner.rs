//! What must be seen on every tab: that nothing is written, or that the brake holds something.
//!
//! Must never be shown while everything is as usual. Start at [`Banner`].

use std::time::Duration;

use admin_api::Operation;
use leptos::prelude::*;

use crate::{
    api,
    components::{Alert, Severity},
    host::Host,
    loaded::{Loaded, poll},
    route::Route,
};

const PERIOD: Duration = Duration::from_secs(5);

/// Above each tab.
#[component]
pub fn Banner() -> impl IntoView {
    let host = Host::get();
    let operation = Loaded::<Operation>::new();
    poll(PERIOD, move || operation.load(api::operation(host)));
    let off = operation.part(|o| o.off.clone().zip(o.said.clone()));
    let held = operation.part(|o| o.held_said.clone());
    let plan = host.link(Route::Plan);
    let to_plan = StoredValue::new(plan);
    let link = move || view! { " "<a class="rcl-link" href=to_plan.get_value()>"Open Plan"</a> };
    let off = move || {
        let (title, said) = off.get().flatten()?;
        Some(view! { <Alert severity=Severity::Info title=title>{said}{link()}</Alert> })
    };
    let held = move || {
        let said = held.get().flatten()?;
        Some(view! { <Alert severity=Severity::Error title="The brake holds something">{said}{link()}</Alert> })
    };
    view! { <div data-testid="banner">{off}{held}</div> }.into_any()
}
