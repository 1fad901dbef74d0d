//! The answer, and the three stations every change passes.

use admin_api::{Overview, SyncState};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::{Ago, Alert, Button, Clock, Icon, IconName, Severity, Tone},
    format,
    host::Host,
    loaded::Loaded,
    route::Route,
};

fn tone(state: SyncState) -> Tone {
    match state {
        SyncState::InSync => Tone::Good,
        SyncState::Syncing => Tone::Info,
        SyncState::NeedsAttention | SyncState::GrafanaAway | SyncState::SwitchedOff | SyncState::Held => Tone::Warning,
        SyncState::CredentialsRefused | SyncState::StoreFails | SyncState::StoreNotRecognised => Tone::Bad,
        SyncState::NotConfigured | SyncState::WaitingForFirstRequest | SyncState::Empty => Tone::Plain,
    }
}

/// "● In sync. 1,204 people and 38 teams match your identity provider. Checked 12 s ago [Check now]"
#[component]
pub fn Status(overview: Loaded<Overview>, refresh: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let host = Host::get();
    let state = overview.part(|o| o.sync);
    let summary = overview.part(|o| o.summary.clone());
    let checked = overview.part(|o| o.checked_ms);
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let check = move |_| {
        busy.set(true);
        spawn_local(async move {
            let answer = api::check_now(host).await;
            busy.try_set(false);
            if failed.try_set(answer.err().map(|error| error.message)).is_none() {
                refresh();
            }
        });
    };
    let fix = Memo::new(move |_| {
        matches!(
            state.get(),
            Some(SyncState::NotConfigured | SyncState::CredentialsRefused)
        )
    });
    let settings = host.link(Route::Settings);
    view! {
        {move || failed.get().map(|message| view! { <Alert severity=Severity::Error title="The check was not started">{message}</Alert> })}
        <section class="rcl-status" aria-label="Sync state">
            <span class=move || state.get().map(tone).unwrap_or(Tone::Plain).class("dot") aria-hidden="true"></span>
            <p class="rcl-status__text" aria-live="polite">
                <strong>{move || state.get().map(format::sync_title)}</strong>" "{move || summary.get()}
            </p>
            <span class="rcl-status__checked rcl-muted">
                {move || checked.get().flatten().map(|at_ms| view! { "Checked "<Ago at_ms=at_ms /> })}
            </span>
            <Show
                when=move || fix.get()
                fallback=move || view! {
                    <Button disabled=busy on_click=check><Icon name=IconName::Refresh />"Check now"</Button>
                }
            >
                <a class="rcl-btn rcl-btn--primary" href=settings.clone()>"Open settings"</a>
            </Show>
        </section>
    }
}

/// Identity provider → Rollcall → Grafana, each with its state and the reason.
#[component]
pub fn Chain(overview: Loaded<Overview>) -> impl IntoView {
    let clock = expect_context::<Clock>();
    let last = overview.part(|o| o.callers.first().cloned());
    let pending = overview.part(|o| o.pending);
    let version = overview.part(|o| o.version.clone());
    let grafana = overview.part(|o| o.grafana.clone());

    let provider = move || match last.get().flatten() {
        Some(caller) => station(
            Tone::Good,
            view! { "Last request "<Ago at_ms=caller.last_ms /> }.into_any(),
            caller.login,
        ),
        None => station(
            Tone::Plain,
            "No request yet".into_any(),
            "Waiting for its first call".to_owned(),
        ),
    };
    let rollcall = move || {
        let pending = pending.get().unwrap_or_default();
        let tone = if pending.count > 0 { Tone::Info } else { Tone::Good };
        let waits = move || match pending.oldest_ms {
            Some(at) if pending.count > 0 => {
                format!("{} pending, oldest {}", pending.count, format::span(clock.now() - at))
            }
            _ => "0 pending".to_owned(),
        };
        station(
            tone,
            waits.into_any(),
            format!("Version {}", version.get().unwrap_or_default()),
        )
    };
    let target = move || {
        let grafana = grafana.get().unwrap_or_default();
        let version = grafana.version.map(|version| format!("Grafana {version}"));
        let latency = grafana.latency_ms.map(|ms| format!("{ms} ms"));
        let evidence = [version, latency].into_iter().flatten().collect::<Vec<_>>().join(" · ");
        match (grafana.error, grafana.signed_in_as) {
            (Some(error), _) => station(Tone::Warning, error.into_any(), evidence),
            (None, Some(login)) => station(Tone::Good, format!("Signed in as {login}").into_any(), evidence),
            (None, None) => station(Tone::Plain, "Not signed in yet".into_any(), evidence),
        }
    };
    let arrow = || view! { <li class="rcl-chain__arrow" aria-hidden="true"><Icon name=IconName::Arrow /></li> };
    view! {
        <ol class="rcl-chain" aria-label="From identity provider to Grafana">
            <li class="rcl-chain__station"><h2 class="rcl-card__title">"Identity provider"</h2>{provider}</li>
            {arrow()}
            <li class="rcl-chain__station"><h2 class="rcl-card__title">"Rollcall"</h2>{rollcall}</li>
            {arrow()}
            <li class="rcl-chain__station"><h2 class="rcl-card__title">"Grafana"</h2>{target}</li>
        </ol>
    }
}

fn station(tone: Tone, state: AnyView, evidence: String) -> impl IntoView {
    let icon = match tone {
        Tone::Good => IconName::Check,
        Tone::Warning | Tone::Bad => IconName::Warning,
        Tone::Info | Tone::Plain => IconName::Waiting,
    };
    view! {
        <div class="rcl-chain__state"><span class=tone.class("tone")><Icon name=icon /></span><span>{state}</span></div>
        <div class="rcl-small rcl-muted">{evidence}</div>
    }
}
