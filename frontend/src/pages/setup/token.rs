//! A service account and its token, made with the admin's own rights through Grafana's API.
//!
//! Must never keep the token: it is on the screen until the page is left, and nowhere else.

use leptos::{prelude::*, task::spawn_local};

use super::Provider;
use crate::{
    api::{self, ApiError},
    components::{Alert, Button, ButtonLook, CopyField, Field, Severity},
    host::Host,
};

const DAY: u32 = 86_400;
/// Seconds, and in words. An expired token stops all provisioning, so no expiry is a choice too.
const LIFETIMES: [(u32, &str); 4] = [
    (365 * DAY, "1 year"),
    (180 * DAY, "180 days"),
    (90 * DAY, "90 days"),
    (0, "Does not expire"),
];

/// Told once.
#[derive(Clone, PartialEq, Eq)]
pub struct NewToken {
    /// By which the log calls who uses it.
    pub login: String,
    key: String,
}

async fn make(host: Host, name: &str, seconds: u32) -> Result<NewToken, ApiError> {
    let account = api::add_service_account(host, name).await?;
    api::decide_caller(host, account.id, "accept", Some(&account.login)).await?;
    let key = api::add_token(host, account.id, name, Some(seconds).filter(|s| *s > 0)).await?;
    Ok(NewToken {
        login: account.login,
        key,
    })
}

/// The form, and then the token.
#[component]
pub fn Tokens(provider: Memo<Provider>, made: RwSignal<Option<NewToken>>) -> impl IntoView {
    let host = Host::get();
    let typed = RwSignal::new(None::<String>);
    let name = Memo::new(move |_| typed.get().unwrap_or_else(|| format!("scim-{}", provider.get().name())));
    let seconds = RwSignal::new(LIFETIMES[0].0);
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let create = move |_| {
        let name = name.get_untracked();
        if name.trim().is_empty() {
            failed.set(Some("Give it a name.".to_owned()));
            return;
        }
        busy.set(true);
        failed.set(None);
        spawn_local(async move {
            let answer = make(host, name.trim(), seconds.get_untracked()).await;
            busy.try_set(false);
            match answer {
                Ok(token) => drop(made.try_set(Some(token))),
                Err(error) => drop(failed.try_set(Some(error.message))),
            }
        });
    };
    let accounts = host.grafana_link("/org/serviceaccounts");
    let elsewhere = accounts.clone();
    let form = move || {
        let lifetimes = LIFETIMES
            .into_iter()
            .map(|(value, text)| view! { <option value=value.to_string()>{text}</option> })
            .collect_view();
        let elsewhere = elsewhere.clone();
        view! {
            <div class="rcl-form">
                <Field id="rcl-token-name" label="Name of the service account" description="It gets the role Viewer and is accepted as a caller: it can call SCIM, and change nothing else in Grafana" error=failed>
                    <input class="rcl-input" id="rcl-token-name" type="text" autocomplete="off" aria-describedby="rcl-token-name-more"
                        prop:value=name on:input=move |event| typed.set(Some(event_target_value(&event))) />
                </Field>
                <Field id="rcl-token-life" label="The token is valid for" description="From that day on, your identity provider is refused until it has a new one">
                    <select class="rcl-input rcl-select" id="rcl-token-life" aria-describedby="rcl-token-life-more"
                        on:change=move |event| seconds.set(event_target_value(&event).parse().unwrap_or_default())>{lifetimes}</select>
                </Field>
                <Button look=ButtonLook::Primary disabled=busy on_click=create>"Create service account and token"</Button>
                <p class="rcl-muted rcl-gap-half">"You have one already? Go on with its token, or see "<a class="rcl-link" href=elsewhere>"all service accounts"</a>"."</p>
            </div>
        }
    };
    let shown = move |token: NewToken| {
        let accounts = accounts.clone();
        view! {
            <Alert severity=Severity::Success title="Copy the token now: it is shown this once">
                <p>"Service account "<strong>{token.login}</strong>". Anybody who has the token can change who gets in; take it away under "
                <a class="rcl-link" href=accounts>"service accounts"</a>"."</p>
                <CopyField label="Token" value=Signal::stored(token.key) />
            </Alert>
        }
    };
    view! {
        <div data-testid="token">
            {move || match made.get() {
                Some(token) => shown(token).into_any(),
                None => form().into_any(),
            }}
        </div>
    }
}
