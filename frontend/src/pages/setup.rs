//! *Set-up*: which values go where, and did it work?
//!
//! Six steps in the identity provider's own words, each with its values to copy; the fourth watches for the first request, the fifth
//! tests what it would be answered, the sixth says how people sign in.
//! Start at [`SetupPage`].

mod callers;
mod connection;
mod provider;
mod token;

use std::time::Duration;

use admin_api::{Caller, ConnectionReport, Overview, SyncState, TestOutcome};
use leptos::prelude::*;

use self::{
    callers::WhoMayCall,
    connection::Connection,
    provider::{PROVIDERS, Provider},
    token::{NewToken, Tokens},
};
use crate::{
    api::{self, ApiError},
    components::{Ago, Answered, Checks, Choice, Clock, CopyField, Icon, IconName, RadioGroup},
    host::Host,
    loaded::{Loaded, poll},
    route::Route,
};

/// Anybody who has just pressed "Test connection" elsewhere looks here at once.
const PERIOD: Duration = Duration::from_secs(2);

/// The tab.
#[component]
pub fn SetupPage() -> impl IntoView {
    let host = Host::get();
    let clock = Clock::start();
    provide_context(clock);
    let overview = Loaded::<Overview>::new();
    poll(PERIOD, move || {
        overview.load(async move {
            let answer = api::overview(host).await?;
            clock.server_said(answer.now_ms);
            Ok(answer)
        });
    });
    let name = host.query("provider");
    let provider = Memo::new(move |_| Provider::named(name.get().as_deref()));
    let made = RwSignal::new(None::<NewToken>);
    let tested = RwSignal::new(None::<Result<ConnectionReport, ApiError>>);
    let sign_in = overview.list(|o| o.sign_in.clone());
    let url = overview.part(|o| o.scim_url.clone());
    let url = Signal::derive(move || url.get().unwrap_or_default());
    let arrived = overview.arrived();
    let choices = PROVIDERS
        .map(|provider| Choice {
            value: provider,
            text: provider.title(),
        })
        .to_vec();
    view! {
        <Answered error=overview.error() arrived=arrived failed="The set-up could not be loaded" columns=2>
            <section class="rcl-section">
                <h2 class="rcl-h" id="rcl-provider">"Which identity provider do you have?"</h2>
                <RadioGroup
                    name="provider" label="Identity provider" choices=choices.clone() value=Signal::derive(move || Some(provider.get()))
                    on_choose=move |provider: Provider| host.turn("provider", Some(provider.name()), true)
                />
            </section>
            <ol class="rcl-steps">
                <Writing overview=overview />
                <li>
                    <span class="rcl-steps__mark">"2"</span>
                    <div class="rcl-grow">
                        <h3 class="rcl-steps__title">"Make a token for your identity provider"</h3>
                        <Tokens provider=provider made=made />
                        <WhoMayCall />
                    </div>
                </li>
                <li>
                    <span class="rcl-steps__mark">"3"</span>
                    <div class="rcl-grow">
                        <h3 class="rcl-steps__title">{move || format!("Paste both into {}", provider.get().called())}</h3>
                        <p class="rcl-muted">{move || provider.get().place()}</p>
                        <CopyField label="Address for the identity provider" value=url />
                        <dl class="rcl-facts rcl-gap">
                            {move || provider.get().values().iter().map(|(field, value)| view! { <dt>{*field}</dt><dd>{*value}</dd> }).collect_view()}
                        </dl>
                        <p class="rcl-muted">{move || provider.get().after()}</p>
                    </div>
                </li>
                <Arrival overview=overview made=made />
                <li>
                    {move || mark(5, tested.with(|tested| matches!(tested, Some(Ok(report)) if report.ok)))}
                    <div class="rcl-grow">
                        <h3 class="rcl-steps__title">"Something does not work? Test it"</h3>
                        <Connection provider=provider result=tested />
                    </div>
                </li>
                <li>
                    {move || mark(6, sign_in.with(|checks| checks.iter().all(|check| check.outcome == TestOutcome::Ok)))}
                    <div class="rcl-grow">
                        <h3 class="rcl-steps__title">"Check how people sign in"</h3>
                        <p class="rcl-muted">"Whether those who are provisioned get in, and those who are closed stay out, by each sign-in method Grafana has."</p>
                        {move || view! { <Checks checks=sign_in.get() /> }}
                    </div>
                </li>
            </ol>
        </Answered>
    }
}

/// Step 1: nothing can be provisioned while we cannot write.
#[component]
fn Writing(overview: Loaded<Overview>) -> impl IntoView {
    let host = Host::get();
    let state = overview.part(|o| (o.sync, o.grafana.signed_in_as.clone()));
    let settings = host.link(Route::Settings);
    let body = move || {
        let link = view! { <a class="rcl-link" href=settings.clone()>"settings"</a> };
        match state.get() {
            Some((SyncState::NotConfigured, _)) | None => {
                view! { <p>"Give it a server admin's login and password in the "{link}", and press Test there."</p> }.into_any()
            }
            Some((SyncState::CredentialsRefused, _)) => {
                view! { <p>"Grafana refused the credentials. Correct them in the "{link}"."</p> }.into_any()
            }
            Some((_, Some(login))) => view! { <p>"Signed in to Grafana as "<strong>{login}</strong>"."</p> }.into_any(),
            Some(_) => {
                view! { <p>"The credentials are set. Whether they work shows with the first request, or with Test in the "{link}"."</p> }
                    .into_any()
            }
        }
    };
    let done = move || {
        state
            .get()
            .is_some_and(|(sync, _)| !matches!(sync, SyncState::NotConfigured | SyncState::CredentialsRefused))
    };
    view! {
        <li>
            {move || mark(1, done())}
            <div class="rcl-grow"><h3 class="rcl-steps__title">"Let Rollcall write to Grafana"</h3>{body}</div>
        </li>
    }
}

/// A number, or a tick.
fn mark(number: u8, done: bool) -> AnyView {
    if done {
        view! { <span class="rcl-steps__mark rcl-tone--good"><Icon name=IconName::Check /><span class="rcl-sr">"done"</span></span> }.into_any()
    } else {
        view! { <span class="rcl-steps__mark">{number}</span> }.into_any()
    }
}

/// Step 4: of the token made here, if one was; else of anybody.
#[component]
fn Arrival(overview: Loaded<Overview>, made: RwSignal<Option<NewToken>>) -> impl IntoView {
    let host = Host::get();
    let callers = overview.list(|o| o.callers.clone());
    let arrived = Memo::new(move |_| {
        let login = made.with(|made| made.as_ref().map(|made| made.login.clone()));
        let ours = |caller: &&Caller| login.as_deref().is_none_or(|login| caller.login == login);
        callers.with(|callers| callers.iter().find(ours).cloned())
    });
    let log = host.link(Route::Activity);
    let mappings = host.link(Route::Mappings);
    let body = move || {
        match arrived.get() {
        None => view! {
            <p class="rcl-row"><span class="rcl-tone--info rcl-waiting"><Icon name=IconName::Waiting /></span>"Waiting for the first request…"</p>
            <p class="rcl-muted">"Press the connection test of your identity provider; it shows here by itself. If it does not, your identity provider cannot reach the address above."</p>
        }
        .into_any(),
        Some(caller) => {
            let refused = (caller.failed > 0).then(|| {
                let log = log.clone();
                view! { <p>{host.number(caller.failed)}" of its requests were refused: "<a class="rcl-link" href=log>"see why"</a>"."</p> }
            });
            let mappings = mappings.clone();
            view! {
                <p class="rcl-row">
                    <span class="rcl-tone--good"><Icon name=IconName::Check /></span>
                    <span>"Received from "<strong>{caller.login}</strong>": "<span class="rcl-mono">{caller.last_request}</span>", "<Ago at_ms=caller.last_ms /></span>
                </p>
                {refused}
                <p class="rcl-muted">"Assign people and groups there; then choose which groups become teams in "<a class="rcl-link" href=mappings>"Team mappings"</a>"."</p>
            }
            .into_any()
        }
    }
    };
    view! {
        <li>
            {move || mark(4, arrived.with(Option::is_some))}
            <div class="rcl-grow">
                <h3 class="rcl-steps__title">"See it arrive"</h3>
                <div aria-live="polite" data-testid="arrival">{body}</div>
            </div>
        </li>
    }
}
