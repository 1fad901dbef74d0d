//! Step 5: the provider's requests, played in a sandbox, or what it sent, looked at.
//!
//! Must never keep what was pasted beyond this page.

use admin_api::{ConnectionReport, ConnectionTest, IdentityProvider};
use leptos::{prelude::*, task::spawn_local};

use super::Provider;
use crate::{
    api::{self, ApiError},
    components::{Button, Field, Tested},
    host::Host,
};

/// `result` is shared with the mark of the step.
#[component]
pub fn Connection(
    provider: Memo<Provider>,
    result: RwSignal<Option<Result<ConnectionReport, ApiError>>>,
) -> impl IntoView {
    let host = Host::get();
    let busy = RwSignal::new(false);
    let pasted = RwSignal::new(String::new());
    let run = move |sample: Option<String>| {
        busy.set(true);
        result.set(None);
        let provider = match provider.get_untracked() {
            Provider::Okta => IdentityProvider::Okta,
            Provider::Entra => IdentityProvider::Entra,
            Provider::Other => IdentityProvider::Other,
        };
        spawn_local(async move {
            let answer = api::test_connection(host, &ConnectionTest { provider, sample }).await;
            busy.try_set(false);
            result.try_set(Some(answer));
        });
    };
    let empty = Signal::derive(move || busy.get() || pasted.with(|text| text.trim().is_empty()));
    view! {
        <p class="rcl-muted">"The settings that often go wrong are looked at, and the requests are played on a copy that is thrown away. Nothing is changed, and Grafana is not called."</p>
        <Button disabled=busy on_click=move |_| run(None)>{move || format!("Play the requests of {}", provider.get().called())}</Button>
        <div class="rcl-gap rcl-form">
            <Field
                id="rcl-sample" label="Or paste what is in its log"
                description="A request it sent, an answer it got, or its attribute mappings. It is tried on a copy and not kept; leave the token out"
            >
                <textarea
                    class="rcl-input rcl-mono" id="rcl-sample" rows="5" spellcheck="false" autocomplete="off" aria-describedby="rcl-sample-more"
                    prop:value=pasted on:input=move |event| pasted.set(event_target_value(&event))
                ></textarea>
            </Field>
            <Button disabled=empty on_click=move |_| run(Some(pasted.get_untracked()))>"Look at it"</Button>
        </div>
        <Tested busy=busy result=result testid="connection" />
    }
    .into_any()
}
