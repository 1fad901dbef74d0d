//! One person: what holds, why, and what happened to them.

use std::time::Duration;

use admin_api::{Access, Activity, People, Person};
use leptos::{prelude::*, task::spawn_local};

use super::{access_badge, origin_badge};
use crate::{
    api::{self, Again},
    components::{Ago, Alert, Answered, Button, CopyField, EmptyState, Modal, Severity},
    format,
    host::Host,
    loaded::{Loaded, poll},
    pages::activity::Lines,
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
                <h3 class="rc-h rc-gap">"History"</h3>
                {move || history.error().get().map(|message| view! { <Alert severity=Severity::Error title="The history could not be loaded">{message}</Alert> })}
                <Lines lines=lines nothing="Nothing has happened to this person yet" />
                <p class="rc-gap-half"><a class="rc-link" href=all.clone()>"All activity of this person"</a></p>
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
        .map(|(_, href)| view! { <a class="rc-btn rc-btn--secondary" href=href>"Open in Grafana"</a> });
    let grafana = match in_grafana {
        Some((id, _)) => id.to_string(),
        None => "no account yet".to_owned(),
    };
    let groups = if person.groups.is_empty() {
        "none".to_owned()
    } else {
        person.groups.join(", ")
    };
    let waits = matches!(person.access, Access::Pending | Access::NeedsAttention);
    let id = person.id.clone();
    view! {
        <p>{access_badge(person.access)}" "{format::access_sentence(&person)}</p>
        {person.note.map(|note| view! { <p class="rc-consequence">{note}</p> })}
        <dl class="rc-facts">
            <dt>"Name"</dt><dd>{person.name}</dd>
            <dt>"Email"</dt><dd>{person.email.unwrap_or_else(|| "none".to_owned())}</dd>
            <dt>"Identity provider says"</dt><dd>{if person.active { "active" } else { "not active" }}", "<Ago at_ms=person.modified_ms /></dd>
            <dt>"Account"</dt><dd>{person.origin.map(origin_badge)}" Grafana id "{grafana}</dd>
            <dt>"Groups"</dt><dd>{groups}</dd>
            <dt>"SCIM id"</dt><dd><CopyField label="SCIM id" value=Signal::stored(person.id) /></dd>
        </dl>
        <AgainButtons kind="User" id=id waits=waits changed=changed><div>{link}</div></AgainButtons>
    }
    .into_any()
}

/// "Retry now" while something waits, "Resync" always.
#[component]
pub fn AgainButtons(
    kind: &'static str,
    id: String,
    waits: bool,
    changed: Callback<()>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let host = Host::get();
    let id = StoredValue::new(id);
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let ask = Callback::new(move |what: Again| {
        busy.set(true);
        spawn_local(async move {
            let answer = api::again(host, what, kind, &id.get_value()).await;
            busy.try_set(false);
            if answer.is_ok() {
                host.notify_success(match what {
                    Again::Retry => "It is tried again now",
                    Again::Resync => "It is compared with Grafana now",
                });
            }
            if failed.try_set(answer.err().map(|error| error.message)).is_none() {
                changed.run(());
            }
        });
    });
    view! {
        {move || failed.get().map(|message| view! { <Alert severity=Severity::Error title="It was not done">{message}</Alert> })}
        <div class="rc-row">
            {waits.then(|| view! { <Button disabled=busy on_click=move |_| ask.run(Again::Retry)>"Retry now"</Button> })}
            <Button disabled=busy on_click=move |_| ask.run(Again::Resync)>"Resync"</Button>
            {children.map(|children| children())}
        </div>
    }
}
