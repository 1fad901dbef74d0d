//! The last lines of the log, as sentences.

use std::time::Duration;

use admin_api::Activity;
use leptos::prelude::*;

use crate::{
    api,
    components::Answered,
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
        <section class="rcl-section" aria-labelledby="rcl-recent">
            <h2 class="rcl-h" id="rcl-recent">"Recent activity"</h2>
            <Answered error=activity.error() arrived=arrived failed="The activity could not be loaded" columns=2>
                <Lines lines=entries nothing="Nothing has happened yet" />
                <p class="rcl-gap-half"><a class="rcl-link" href=all.clone()>"All activity"</a></p>
            </Answered>
        </section>
    }
}
