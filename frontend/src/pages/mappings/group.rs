//! One group: how it stands, and who is in it.

use admin_api::{GroupRow, Groups, People, Person};
use leptos::prelude::*;

use super::status::status_badge;
use crate::{
    api,
    components::{Answered, CopyField, EmptyState, Modal, Pager},
    host::Host,
    loaded::Loaded,
    pages::{again::AgainButtons, users::access_badge},
    route::{Location, Route},
};

const PAGE: u32 = 25;

/// Open while the URL says `group=`.
#[component]
pub fn GroupDrawer(id: String, groups: Loaded<Groups>, changed: Callback<()>) -> impl IntoView {
    let host = Host::get();
    let members = Loaded::<People>::new();
    let key = StoredValue::new(id);
    let pages = RwSignal::new(Vec::<String>::new());
    let refresh = move || {
        let after = pages.with_untracked(|pages| pages.last().cloned());
        let filter = [("group", Some(key.get_value())), ("after", after)];
        members.load(async move { api::people(host, PAGE, &filter).await });
    };
    // One, or none.
    let group = groups.list(move |answer| {
        let found = |group: &&GroupRow| key.with_value(|id| group.id == *id);
        answer.groups.iter().filter(found).cloned().collect()
    });
    let known = groups.arrived();
    // With the list behind it: what changed there may have changed here.
    Effect::new(move || {
        group.track();
        refresh();
    });
    let arrived = members.arrived();
    let rows = members.list(|answer| answer.users.clone());
    let next = members.part(|answer| answer.next.clone());
    let total = members.part(|answer| answer.total);
    let turn = move |forward: bool| {
        if !forward {
            pages.update(|pages| drop(pages.pop()));
        } else if let Some(after) = next.get_untracked().flatten() {
            pages.update(|pages| pages.push(after));
        }
        refresh();
    };
    let title = Signal::derive(move || match group.get().pop() {
        Some(group) => group.display_name,
        None if known.get() => "No longer provisioned".to_owned(),
        None => "Loading".to_owned(),
    });
    let all = host.link(Location::from(Route::Activity).with("target", Some(&key.get_value())));
    let body = move || {
        match group.get().pop() {
        Some(group) => details(group, changed),
        None => view! { <EmptyState message="There is no such group">"The identity provider has deleted it, or the link is wrong."</EmptyState> }
            .into_any(),
    }
    };
    view! {
        <Modal title=title drawer=true on_close=move || host.turn("group", None, false)>
            {body}
            <h3 class="rcl-h rcl-gap">"Members"</h3>
            <Answered error=members.error() arrived=arrived failed="The members could not be loaded" columns=2>
                <Show when=move || !rows.with(Vec::is_empty) fallback=|| view! { <EmptyState message="Nobody is in this group" /> }>
                    <table class="rcl-table" data-testid="members">
                        <thead><tr><th>"Login"</th><th>"Access"</th></tr></thead>
                        <tbody>{move || rows.get().into_iter().map(member).collect_view()}</tbody>
                    </table>
                    <Pager
                        label="Pages of members" range=Signal::derive(move || format!("{} in all", host.number(total.get().unwrap_or_default())))
                        first=Signal::derive(move || pages.with(Vec::is_empty)) last=Signal::derive(move || next.get().flatten().is_none())
                        turn=Callback::new(turn)
                    />
                </Show>
            </Answered>
            <p class="rcl-gap-half"><a class="rcl-link" href=all>"All activity of this group"</a></p>
        </Modal>
    }
}

fn details(group: GroupRow, changed: Callback<()>) -> AnyView {
    let teams = group.mappings.iter().map(|mapping| mapping.team_name.as_str());
    let teams = match teams.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "none".to_owned(),
        teams => teams,
    };
    let id = group.id.clone();
    view! {
        <p>{status_badge(group.status)}</p>
        {group.note.map(|note| view! { <p class="rcl-consequence">{note}</p> })}
        <dl class="rcl-facts">
            <dt>"Teams"</dt><dd>{teams}</dd>
            <dt>"SCIM id"</dt><dd><CopyField label="SCIM id" value=Signal::stored(group.id) /></dd>
        </dl>
        <AgainButtons kind="Group" id=id waits=false changed=changed />
    }
    .into_any()
}

fn member(person: Person) -> AnyView {
    let host = Host::get();
    let href = host.link(Location::from(Route::Users).with("user", Some(&person.id)));
    view! {
        <tr>
            <td><a class="rcl-link" href=href>{person.user_name}</a></td>
            <td>
                {access_badge(person.access)}
                {person.note.map(|note| view! { <div class="rcl-small rcl-muted">{note}</div> })}
            </td>
        </tr>
    }
    .into_any()
}
