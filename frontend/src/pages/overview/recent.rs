//! The last lines of the log, as sentences.

use std::time::Duration;

use admin_api::{Activity, ActivityEntry, ActivityOutcome};
use leptos::prelude::*;

use crate::{
    api,
    components::{Ago, Alert, Badge, EmptyState, Severity, SkeletonRows, Tone},
    format,
    host::Host,
    loaded::{Loaded, poll, row_key},
};

const LINES: u32 = 10;
const PERIOD: Duration = Duration::from_secs(5);

/// "2 min ago  okta closed jo@acme.com"
#[component]
pub fn Recent() -> impl IntoView {
    let host = Host::get();
    let activity = Loaded::<Activity>::new();
    poll(PERIOD, move || activity.load(api::activity(host, LINES)));
    let entries = activity.list(|activity| activity.entries.clone());
    let arrived = activity.arrived();
    view! {
        <section class="rc-section" aria-labelledby="rc-recent">
            <h3 class="rc-h" id="rc-recent">"Recent activity"</h3>
            {move || activity.error().get().map(|message| view! { <Alert severity=Severity::Error title="The activity could not be loaded">{message}</Alert> })}
            <Show when=move || arrived.get() fallback=move || activity.error().get().is_none().then(|| view! { <SkeletonRows columns=2 /> })>
                <Show when=move || !entries.with(Vec::is_empty) fallback=|| view! { <EmptyState message="Nothing has happened yet" /> }>
                    <ol class="rc-log" data-testid="activity"><For each=move || entries.get() key=row_key children=line /></ol>
                </Show>
            </Show>
        </section>
    }
}

fn line(entry: ActivityEntry) -> impl IntoView {
    let said = format::activity_sentence(&entry);
    let outcome = match entry.outcome {
        ActivityOutcome::Done => None,
        ActivityOutcome::Refused => Some((Tone::Bad, "refused")),
        ActivityOutcome::Retry => Some((Tone::Info, "will be tried again")),
        ActivityOutcome::Attention => Some((Tone::Warning, "needs you")),
    };
    view! {
        <li class="rc-log__line">
            <span class="rc-log__when rc-muted"><Ago at_ms=entry.at_ms /></span>
            <span>
                {said.who}" "{said.did}" "<strong>{said.whom}</strong>" "{said.place}
                {outcome.map(|(tone, text)| view! { " "<Badge tone=tone text=text /> })}
                {entry.reason.map(|reason| view! { <div class="rc-small rc-muted">{reason}</div> })}
            </span>
        </li>
    }
}
