//! *Overview*: is everyone in who should be, and no one else?
//!
//! The answer first (one sentence), then the evidence (where requests come from, what waits, what needs a person), then what happened last.
//! Start at [`OverviewPage`].

mod chart;
mod findings;
mod recent;
mod setup;
mod status;
mod store;

use std::time::Duration;

use admin_api::{Attention, Caller, Counts, Overview, SyncState};
use leptos::prelude::*;

use self::{
    chart::Chart,
    findings::Findings,
    recent::Recent,
    setup::Steps,
    status::{Chain, Status},
    store::StoreQuestion,
};
use crate::{
    api,
    components::{Ago, Answered, Clock, CopyField, Icon, IconName, rows},
    format,
    host::Host,
    loaded::{Loaded, poll},
    route::{Location, Route},
};

/// Often enough to watch a sync, seldom enough to cost nothing.
const PERIOD: Duration = Duration::from_secs(5);

/// The first tab.
#[component]
pub fn OverviewPage() -> impl IntoView {
    let host = Host::get();
    let clock = Clock::start();
    provide_context(clock);
    let overview = Loaded::<Overview>::new();
    let refresh = move || {
        overview.load(async move {
            let answer = api::overview(host).await?;
            clock.server_said(answer.now_ms);
            Ok(answer)
        });
    };
    poll(PERIOD, refresh);

    // Before the first request, the way there is all there is to show.
    let blank = overview.part(|o| {
        let starting = matches!(
            o.sync,
            SyncState::NotConfigured | SyncState::WaitingForFirstRequest | SyncState::Empty
        );
        starting && o.counts.users == 0 && o.counts.groups == 0
    });
    let next = overview.list(|o| o.next.clone());
    let sign_in = overview.list(|o| o.sign_in.clone());
    let arrived = overview.arrived();
    view! {
        <Answered error=overview.error() arrived=arrived failed="The overview could not be loaded" columns=3>
            <Status overview=overview refresh=refresh />
            <StoreQuestion overview=overview refresh=refresh />
            <Chain overview=overview />
            <Show when=move || blank.get() == Some(true) fallback=move || view! {
                <NeedsYou overview=overview />
                <Findings id="rcl-next" title="What to do next" checks=next />
                <Numbers overview=overview />
                <Chart overview=overview />
                <Findings id="rcl-sign-in" title="How people sign in" checks=sign_in />
                <Connection overview=overview />
            }>
                <Steps />
            </Show>
            <Recent />
        </Answered>
    }
}

/// What only a person can fix: who, why, and one next step. Absent while there is nothing.
#[component]
fn NeedsYou(overview: Loaded<Overview>) -> impl IntoView {
    let items = overview.list(|o| o.attention.clone());
    let host = Host::get();
    let row = move |item: Attention| {
        let href = if item.kind == "User" {
            host.link(Location::from(Route::Users).with("user", Some(&item.id)))
        } else {
            host.link(Location::from(Route::Activity).with("target", Some(&item.id)))
        };
        view! {
            <tr>
                <td><a class="rcl-link" href=href>{item.name}</a><div class="rcl-small rcl-muted">{if item.kind == "User" { "person" } else { "group" }}</div></td>
                <td>{item.reason}</td>
                <td>{item.next_step}</td>
                <td class="rcl-nowrap rcl-muted"><Ago at_ms=item.since_ms /></td>
            </tr>
        }
    };
    view! {
        <Show when=move || !items.with(Vec::is_empty)>
            <section class="rcl-section" aria-labelledby="rcl-needs-you">
                <h2 class="rcl-h" id="rcl-needs-you">
                    <span class="rcl-tone--warning"><Icon name=IconName::Warning /></span>
                    {move || format!("Needs you ({})", items.with(Vec::len))}
                </h2>
                <div class="rcl-scroll">
                    <table class="rcl-table">
                        <thead><tr><th>"Who"</th><th>"What is wrong"</th><th>"Next step"</th><th>"Since"</th></tr></thead>
                        <tbody>{move || rows(items, row)}</tbody>
                    </table>
                </div>
            </section>
        </Show>
    }
}

/// Three cards of counts. A number that counts a list on another page links to it.
#[component]
fn Numbers(overview: Loaded<Overview>) -> impl IntoView {
    let host = Host::get();
    let clock = expect_context::<Clock>();
    let counts = overview.part(|o| o.counts);
    let count = move |of: fn(&Counts) -> i64| move || host.number(counts.get().as_ref().map(of).unwrap_or_default());
    let pending = overview.part(|o| o.pending);
    let mappings = host.link(Route::Mappings);
    let people = host.link(Route::Users);
    let with = move |access| host.link(Location::from(Route::Users).with("access", Some(access)));
    let waiting = with("pending");
    let age = move || match pending.get() {
        Some(pending) if pending.count > 0 => {
            let age = pending
                .oldest_ms
                .map(|at| format::span(clock.now() - at))
                .unwrap_or_default();
            format!("oldest waits {age}")
        }
        _ => "nothing waits".to_owned(),
    };
    let closing = move || {
        pending
            .get()
            .filter(|pending| pending.closing > 0)
            .map(|pending| view! { <li><a class="rcl-figure-link" href=with("not_closed")><b>{host.number(pending.closing)}</b>" to be closed, first in line"</a></li> })
    };
    let may_return = move || {
        counts
            .get()
            .filter(|counts| counts.closed_may_return > 0)
            .map(|counts| view! { <li><a class="rcl-figure-link rcl-tone--warning" href=with("closed_may_return")><b>{host.number(counts.closed_may_return)}</b>" closed, can come back"</a></li> })
    };
    let unmanaged = move || {
        counts
            .get()
            .and_then(|counts| counts.unmanaged)
            .map(|people| view! { <li><b>{host.number(people)}</b>" not managed by a provider"</li> })
    };
    view! {
        <section class="rcl-cards" aria-label="Counts">
            <div class="rcl-card">
                <h2 class="rcl-card__title">"People"</h2>
                <ul class="rcl-figures">
                    <li><a class="rcl-figure-link" href=people><b class="rcl-figure">{count(|c| c.users_active)}</b>" active"</a></li>
                    <li><a class="rcl-figure-link" href=with("closed")><b>{count(|c| c.closed)}</b>" closed"</a></li>
                    {may_return}
                    <li><b>{count(|c| c.provisioned)}</b>" provisioned, "<b>{count(|c| c.claimed)}</b>" claimed"</li>
                    {unmanaged}
                </ul>
            </div>
            <div class="rcl-card">
                <h2 class="rcl-card__title">"Groups"</h2>
                <ul class="rcl-figures">
                    <li><a class="rcl-figure-link" href=mappings.clone()><b class="rcl-figure">{count(|c| c.groups_mapped)}</b>" mapped"</a></li>
                    <li><a class="rcl-figure-link" href=mappings.clone()><b>{count(|c| c.groups_unmapped)}</b>" not mapped"</a></li>
                    <li><b>{count(|c| c.groups)}</b>" in all"</li>
                </ul>
            </div>
            <div class="rcl-card">
                <h2 class="rcl-card__title">"Waiting for Grafana"</h2>
                <ul class="rcl-figures">
                    <li><a class="rcl-figure-link" href=waiting><b class="rcl-figure">{move || host.number(pending.get().map(|p| p.count).unwrap_or_default())}</b>" pending"</a></li>
                    <li>{age}</li>
                    {closing}
                </ul>
            </div>
        </section>
    }
}

/// The address to give to an identity provider, and who has used it.
#[component]
fn Connection(overview: Loaded<Overview>) -> impl IntoView {
    let host = Host::get();
    let url = overview.part(|o| o.scim_url.clone());
    let callers = overview.list(|o| o.callers.clone());
    let row = move |caller: Caller| {
        let theirs = host.link(Location::from(Route::Activity).with("actor", Some(&caller.login)));
        view! {
            <tr>
                <td><a class="rcl-link" href=theirs>{caller.login}</a></td>
                <td class="rcl-mono">{caller.last_request}</td>
                <td class="rcl-nowrap"><Ago at_ms=caller.last_ms /></td>
                <td class="rcl-number">{host.number(caller.requests)}</td>
                <td class="rcl-number">{host.number(caller.failed)}</td>
            </tr>
        }
    };
    view! {
        <section class="rcl-section" aria-labelledby="rcl-connection">
            <h2 class="rcl-h" id="rcl-connection">"Identity provider"</h2>
            <p class="rcl-muted">"SCIM endpoint. Your identity provider calls it with the token of a service account that was accepted on Set-up."</p>
            <CopyField label="SCIM endpoint" value=Signal::derive(move || url.get().unwrap_or_default()) />
            <Show
                when=move || !callers.with(Vec::is_empty)
                fallback=|| view! { <p class="rcl-muted rcl-gap">"Nobody has called it yet."</p> }
            >
                <div class="rcl-scroll rcl-gap">
                    <table class="rcl-table">
                        <thead><tr>
                            <th>"Caller"</th><th>"Last request"</th><th>"When"</th>
                            <th class="rcl-number">"Requests"</th><th class="rcl-number">"Failed"</th>
                        </tr></thead>
                        <tbody>{move || rows(callers, row)}</tbody>
                    </table>
                </div>
            </Show>
        </section>
    }
}
