//! Which service accounts may call SCIM, and which asked to.
//!
//! Must never decide by a name: an account is accepted by its id. Start at [`WhoMayCall`].

use std::time::Duration;

use admin_api::{CallerRow, CallerState, Callers};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::{Ago, Button, failure},
    host::Host,
    loaded::{Loaded, poll},
};

/// An account that has just been refused shows at once.
const PERIOD: Duration = Duration::from_secs(2);

fn said(state: CallerState) -> &'static str {
    match state {
        CallerState::Waiting => "waits to be accepted",
        CallerState::Accepted => "may call",
        CallerState::Dismissed => "is turned away",
        CallerState::File => "may call, by scim_callers in the file",
    }
}

/// Each that asked stands here until an admin says yes or no.
#[component]
pub fn WhoMayCall() -> impl IntoView {
    let host = Host::get();
    let callers = Loaded::<Callers>::new();
    poll(PERIOD, move || callers.load(api::callers(host)));
    let rows = callers.list(|answer| answer.rows.clone());
    let problems = callers.list(|answer| answer.problems.clone());
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let decide = move |id: i64, what: &'static str| {
        busy.set(true);
        spawn_local(async move {
            let answer = api::decide_caller(host, id, what, None).await;
            busy.try_set(false);
            match answer {
                Ok(now) => callers.set(now),
                Err(error) => drop(failed.try_set(Some(error.message))),
            }
        });
    };
    let row = move |row: CallerRow| {
        let id = row.id;
        let button = move |text: &'static str, what| view! { <Button disabled=busy on_click=move |_| decide(id, what)>{text}</Button> };
        let accept =
            matches!(row.state, CallerState::Waiting | CallerState::Dismissed).then(|| button("Accept", "accept"));
        let dismiss =
            matches!(row.state, CallerState::Waiting | CallerState::Accepted).then(|| button("Dismiss", "dismiss"));
        let name = if row.login.is_empty() {
            format!("id {id}")
        } else {
            row.login
        };
        view! {
            <li class="rcl-row" data-testid="caller">
                <span class="rcl-grow">
                    <strong>{name}</strong>" "{said(row.state)}
                    <span class="rcl-muted">" · id "{id}" · "{row.role}" · "<Ago at_ms=row.last_ms /></span>
                    {row.warning.map(|warning| view! { <br /><span class="rcl-tone--warning">{warning}</span> })}
                </span>
                {accept}
                {dismiss}
            </li>
        }
    };
    view! {
        <h4 class="rcl-gap">"Who may call"</h4>
        {failure("It was not done", failed)}
        {move || problems.get().into_iter().map(|problem| view! { <p class="rcl-tone--warning">{problem}</p> }).collect_view()}
        <ul>{move || rows.get().into_iter().map(row).collect_view()}</ul>
        {move || rows.with(Vec::is_empty).then(|| view! { <p class="rcl-muted">"Nobody yet. A service account that calls without being accepted shows here."</p> })}
    }
}
