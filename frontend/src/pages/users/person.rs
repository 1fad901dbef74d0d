//! One person: what holds, why, and what happened to them.

use std::time::Duration;

use admin_api::{Access, Activity, AttributeState, People, Person, PersonAttribute};
use leptos::prelude::*;

use super::{
    badges::{access_badge, origin_badge},
    decisions::{Asked, decision_button, decisions},
};
use crate::{
    api,
    components::{Ago, Alert, Answered, Badge, CopyField, EmptyState, Modal, Severity, Tone},
    format,
    host::Host,
    loaded::{Loaded, poll},
    pages::{activity::Lines, again::AgainButtons},
    route::{Location, Route},
};

const PERIOD: Duration = Duration::from_secs(3);
const LINES: u32 = 25;

/// Open while the URL says `user=`.
#[component]
pub fn PersonDrawer(id: String) -> impl IntoView {
    let host = Host::get();
    let (found, history) = (Loaded::<People>::new(), Loaded::<Activity>::new());
    let key = StoredValue::new(id);
    let refresh = move || {
        let id = key.get_value();
        let (one, its) = ([("id", Some(id.clone()))], [("target", Some(id))]);
        found.load(async move { api::people(host, 1, &one).await });
        history.load(async move { api::activity(host, LINES, &its).await });
    };
    poll(PERIOD, refresh);
    let arrived = found.arrived();
    let person = found.part(|answer| answer.users.first().cloned());
    let lines = history.list(|answer| answer.entries.clone());
    let title = Signal::derive(move || match person.get() {
        Some(Some(person)) => person.user_name,
        Some(None) => "No longer provisioned".to_owned(),
        None => "Loading".to_owned(),
    });
    let all = host.link(Location::from(Route::Activity).with("target", Some(&key.get_value())));
    let body = move || {
        match person.get() {
        Some(Some(person)) => details(person, Callback::new(move |()| refresh())),
        Some(None) => {
            view! { <EmptyState message="Nobody here has this id">"The identity provider has deleted this person, or the link is wrong. What is known is below."</EmptyState> }
                .into_any()
        }
        None => ().into_any(),
    }
    };
    view! {
        <Modal title=title drawer=true on_close=move || host.turn("user", None, false)>
            <Answered error=found.error() arrived=arrived failed="This person could not be loaded" columns=2>
                {body}
                <h3 class="rcl-h rcl-gap">"History"</h3>
                {move || history.error().get().map(|message| view! { <Alert severity=Severity::Error title="The history could not be loaded">{message}</Alert> })}
                <Lines lines=lines nothing="Nothing has happened to this person yet" />
                <p class="rcl-gap-half"><a class="rcl-link" href=all.clone()>"All activity of this person"</a></p>
            </Answered>
        </Modal>
    }
}

fn details(person: Person, changed: Callback<()>) -> AnyView {
    let host = Host::get();
    let in_grafana = person
        .grafana_id
        .map(|id| (id, host.grafana_link(&format!("/admin/users/edit/{id}"))));
    let link = in_grafana
        .clone()
        .map(|(_, href)| view! { <a class="rcl-btn rcl-btn--secondary" href=href>"Open in Grafana"</a> });
    let grafana = match in_grafana {
        Some((id, _)) => id.to_string(),
        None => "no account yet".to_owned(),
    };
    let groups = if person.groups.is_empty() {
        "none".to_owned()
    } else {
        person.groups.join(", ")
    };
    let waits = matches!(
        person.access,
        Access::Pending | Access::NeedsAttention | Access::NotClosed
    );
    let id = person.id.clone();
    let asked = Asked {
        id: id.clone(),
        name: person.user_name.clone(),
    };
    let decisions = decisions(&person)
        .into_iter()
        .map(|decision| decision_button(decision, vec![asked.clone()], changed))
        .collect_view();
    view! {
        <p>{access_badge(person.access)}" "{format::access_sentence(&person)}</p>
        {person.note.map(|note| view! { <p class="rcl-consequence">{note}</p> })}
        <dl class="rcl-facts">
            {person.attributes.into_iter().map(attribute).collect_view()}
            <dt>"Identity provider says"</dt><dd>{if person.active { "active" } else { "not active" }}", "<Ago at_ms=person.modified_ms /></dd>
            <dt>"Account"</dt><dd>{person.origin.map(origin_badge)}" Grafana id "{grafana}</dd>
            {person.synced_ms.map(|at| view! { <dt>"Last applied"</dt><dd><Ago at_ms=at /></dd> })}
            <dt>"Groups"</dt><dd>{groups}</dd>
            <dt>"SCIM id"</dt><dd><CopyField label="SCIM id" value=Signal::stored(person.id) /></dd>
        </dl>
        <AgainButtons kind="User" id=id waits=waits changed=changed>{link}{decisions}</AgainButtons>
    }
    .into_any()
}

/// An attribute, how far it got, and why no further.
fn attribute(one: PersonAttribute) -> AnyView {
    let (tone, state) = match one.state {
        AttributeState::Applied => (Tone::Good, "in Grafana"),
        AttributeState::Pending => (Tone::Info, "on its way"),
        AttributeState::Deferred => (Tone::Info, "at the next sign-in"),
        AttributeState::Failed => (Tone::Bad, "not applied"),
        AttributeState::Stored => (Tone::Plain, "stored only"),
    };
    view! {
        <dt>{one.name}</dt>
        <dd>
            {one.value}" "<Badge tone=tone text=state />
            {one.reason.map(|why| view! { <div class="rcl-small rcl-muted">{why}</div> })}
        </dd>
    }
    .into_any()
}
