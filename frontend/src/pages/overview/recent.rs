//! The last lines of the log, as sentences.

use std::time::Duration;

use admin_api::Activity;
use leptos::prelude::*;

use crate::{
    api,
    components::{Alert, Severity, SkeletonRows},
    host::Host,
    loaded::{Loaded, poll},
    pages::activity::Lines,
    route::Route,
};

const LINES: u32 = 10;
const PERIOD: Duration = Duration::from_secs(5);

/// "2 min ago  okta closed jo@acme.com"
#[component]
pub fn Recent() -> impl IntoView {
    let host = Host::get();
    let activity = Loaded::<Activity>::new();
    poll(PERIOD, move || activity.load(api::activity(host, LINES, &[])));
    let entries = activity.list(|activity| activity.entries.clone());
    let arrived = activity.arrived();
    let all = host.link(Route::Activity);
    view! {
        <section class="rc-section" aria-labelledby="rc-recent">
            <h3 class="rc-h" id="rc-recent">"Recent activity"</h3>
            {move || activity.error().get().map(|message| view! { <Alert severity=Severity::Error title="The activity could not be loaded">{message}</Alert> })}
            <Show when=move || arrived.get() fallback=move || activity.error().get().is_none().then(|| view! { <SkeletonRows columns=2 /> })>
                <Lines lines=entries nothing="Nothing has happened yet" />
                <p class="rc-gap-half"><a class="rc-link" href=all.clone()>"All activity"</a></p>
            </Show>
        </section>
    }
}
