//! One line of the log: as a sentence, and all of it in a drawer.

use admin_api::{Activity, ActivityEntry, Outcome, Source, TargetKind};
use leptos::prelude::*;

use crate::{
    api,
    components::{Ago, Answered, Badge, EmptyState, Modal, Tone, rows},
    host::Host,
    loaded::Loaded,
    pages::again::AgainButtons,
    route::{Location, Route},
    sentence::activity_sentence,
};

/// A request for a group of thousands leaves a line for each call.
const REQUEST_LINES: u32 = 50;

/// A list of them. `nothing` is said where there is none.
#[component]
pub fn Lines(lines: Memo<Vec<ActivityEntry>>, nothing: &'static str) -> impl IntoView {
    view! {
        <Show when=move || !lines.with(Vec::is_empty) fallback=move || view! { <EmptyState message=nothing /> }>
            <ol class="rcl-log" data-testid="activity">{move || rows(lines, line)}</ol>
        </Show>
    }
}

fn outcome_badge(outcome: Outcome) -> Option<AnyView> {
    let (tone, text) = match outcome {
        Outcome::Done => return None,
        Outcome::Refused => (Tone::Bad, "refused"),
        Outcome::Retry => (Tone::Info, "will be tried again"),
        Outcome::Attention => (Tone::Warning, "needs you"),
    };
    Some(view! { <Badge tone=tone text=text /> }.into_any())
}

fn line(entry: ActivityEntry) -> AnyView {
    let host = Host::get();
    let said = activity_sentence(&entry);
    let id = entry.id.to_string();
    // On the page itself the filter stays; elsewhere this is a link to the page.
    let href = move || {
        if host.location().with(|at| at.route == Route::Activity) {
            host.link_with("line", &id)
        } else {
            host.link(Location::from(Route::Activity).with("line", Some(&id)))
        }
    };
    view! {
        <li class="rcl-log__line">
            <a class="rcl-log__when rcl-link" href=href><Ago at_ms=entry.at_ms /></a>
            <span>
                {said.who}" "{said.did}" "<strong>{said.target}</strong>" "{said.rest}" "{outcome_badge(entry.outcome)}
                {entry.reason.map(|reason| view! { <div class="rcl-small rcl-muted">{reason}</div> })}
            </span>
        </li>
    }
    .into_any()
}

/// Open while the URL says `line=`.
#[component]
pub fn LineDrawer(id: i64) -> impl IntoView {
    let host = Host::get();
    let found = Loaded::<Activity>::new();
    let refresh = move || {
        let before = [("after", Some((id + 1).to_string()))];
        found.load(async move { api::activity(host, 1, &before).await });
    };
    refresh();
    let arrived = found.arrived();
    let body = move || {
        let entry = found
            .part(move |answer| answer.entries.iter().find(|entry| entry.id == id).cloned())
            .get();
        match entry.flatten() {
            Some(entry) => details(entry, Callback::new(move |()| refresh())),
            None => {
                view! { <EmptyState message="This line is gone">"Old lines are deleted after a while."</EmptyState> }
                    .into_any()
            }
        }
    };
    view! {
        <Modal title="What happened" drawer=true on_close=move || host.turn("line", None, false)>
            <Answered error=found.error() arrived=arrived failed="This line could not be loaded" columns=2>{body}</Answered>
        </Modal>
    }
}

/// The other lines of one request: what was asked, and what was done for it in Grafana.
fn same_request(id: i64, correlation: String) -> AnyView {
    let host = Host::get();
    let found = Loaded::<Activity>::new();
    let of_request = [("correlation", Some(correlation))];
    found.load(async move { api::activity(host, REQUEST_LINES, &of_request).await });
    let others = found.list(move |answer| {
        let mut others: Vec<_> = answer.entries.iter().filter(|entry| entry.id != id).cloned().collect();
        // In the order in which it happened.
        others.reverse();
        others
    });
    let list = move || {
        (!others.with(Vec::is_empty)).then(|| {
            view! {
                <h3 class="rcl-h">"Asked and done in the same request"</h3>
                <Lines lines=others nothing="" />
            }
            .into_any()
        })
    };
    view! { {list} }.into_any()
}

fn details(entry: ActivityEntry, changed: Callback<()>) -> AnyView {
    let host = Host::get();
    let said = activity_sentence(&entry);
    let half = match entry.source {
        Source::Scim => "a request of the identity provider",
        Source::Grafana => "a change in Grafana",
        Source::Admin => "an admin on this page",
    };
    let same = host.link(Location::from(Route::Activity).with("target", Some(&entry.target_id)));
    let person = (entry.target_kind == TargetKind::User)
        .then(|| host.link(Location::from(Route::Users).with("user", Some(&entry.target_id))))
        .map(|href| view! { <a class="rcl-btn rcl-btn--secondary" href=href>"Open this person"</a> });
    let follow =
        (!entry.target_id.is_empty()).then(|| view! { <a class="rcl-btn rcl-btn--secondary" href=same>"Follow"</a> });
    let request = host.link(Location::from(Route::Activity).with("correlation", Some(&entry.correlation)));
    let kind = match entry.target_kind {
        TargetKind::User | TargetKind::Group => Some(entry.target_kind.as_str()),
        TargetKind::Team | TargetKind::Mapping | TargetKind::Setting | TargetKind::Service => None,
    };
    let waits = matches!(entry.outcome, Outcome::Retry | Outcome::Attention);
    let others = (!entry.correlation.is_empty()).then(|| same_request(entry.id, entry.correlation.clone()));
    let by = host.link(Location::from(Route::Activity).with("actor", Some(&entry.actor)));
    let id = entry.target_id.clone();
    let links = view! { <div class="rcl-row">{person}{follow}</div> };
    let buttons = match kind.filter(|_| !id.is_empty()) {
        Some(kind) => {
            view! { <AgainButtons kind=kind id=id waits=waits changed=changed>{links}</AgainButtons> }.into_any()
        }
        None => links.into_any(),
    };
    view! {
        <p>{said.who}" "{said.did}" "<strong>{said.target}</strong>" "{said.rest}" "{outcome_badge(entry.outcome)}</p>
        {entry.reason.map(|reason| view! { <p class="rcl-consequence">{reason}</p> })}
        <dl class="rcl-facts">
            <dt>"When"</dt><dd>{host.exact_time(entry.at_ms)}" ("<Ago at_ms=entry.at_ms />")"</dd>
            <dt>"Who"</dt><dd><a class="rcl-link" href=by>{entry.actor}</a>", "{half}</dd>
            <dt>"Action"</dt><dd class="rcl-mono">{entry.action.as_str()}</dd>
            <dt>{entry.target_kind.as_str()}</dt><dd>{entry.target_name}<div class="rcl-mono rcl-muted">{entry.target_id}</div></dd>
            <dt>"Outcome"</dt><dd>{entry.outcome.as_str()}</dd>
            <dt>"Took"</dt><dd>{host.number(entry.duration_ms)}" ms"</dd>
            <dt>"Correlation id"</dt><dd><a class="rcl-link rcl-mono" href=request>{entry.correlation}</a></dd>
        </dl>
        {buttons}
        {others}
    }
    .into_any()
}
