//! "Test": what each credential can do, measured, before it is saved.

use admin_api::{CredentialTest, CredentialsTest, TestOutcome};
use leptos::{prelude::*, task::spawn_local};

use super::Draft;
use crate::{
    api::{self, ApiError},
    components::{Alert, Button, Icon, IconName, Severity, Tone},
    host::Host,
};

/// Button and result. What is typed is tried; what is not typed is tried as it is set.
#[component]
pub fn Test(draft: Draft) -> impl IntoView {
    let host = Host::get();
    let busy = RwSignal::new(false);
    let result = RwSignal::new(None::<Result<CredentialTest, ApiError>>);
    // A result speaks of what was typed then.
    Effect::new(move |before: Option<()>| {
        draft.typed.track();
        if before.is_some() {
            result.set(None);
        }
    });
    let test = move |_| {
        busy.set(true);
        result.set(None);
        let typed = |key: &str| {
            draft
                .typed
                .with_untracked(|typed| typed.get(key).filter(|value| !value.is_empty()).cloned())
        };
        let test = CredentialsTest {
            grafana_url: typed("grafana_url"),
            admin_user: typed("admin_user"),
            admin_password: typed("admin_password"),
            service_account_token: typed("service_account_token"),
        };
        spawn_local(async move {
            let answer = api::test_credentials(host, &test).await;
            busy.try_set(false);
            result.try_set(Some(answer));
        });
    };
    view! {
        <div class="rc-row">
            <Button disabled=busy on_click=test>"Test"</Button>
            <span class="rc-muted" role="status">{move || busy.get().then_some("Asking Grafana…")}</span>
        </div>
        <div class="rc-gap" aria-live="polite" data-testid="test-result">
            {move || result.get().map(|result| match result {
                Ok(test) => view! { <Checks test=test /> }.into_any(),
                Err(error) => view! { <Alert severity=Severity::Error title="The test could not be made">{error.message}</Alert> }.into_any(),
            })}
        </div>
    }
}

#[component]
fn Checks(test: CredentialTest) -> impl IntoView {
    let severity = if test.ok { Severity::Success } else { Severity::Error };
    let checks = test
        .checks
        .into_iter()
        .map(|check| {
            let (tone, icon, said) = match check.outcome {
                TestOutcome::Ok => (Tone::Good, IconName::Check, "works"),
                TestOutcome::Warning => (Tone::Warning, IconName::Warning, "works, but"),
                TestOutcome::Failed => (Tone::Bad, IconName::Cross, "does not work"),
            };
            view! {
                <li class="rc-check">
                    <span class=tone.class("tone")><Icon name=icon /></span>
                    <div>
                        <strong>{check.what}</strong><span class="rc-sr">": "{said}</span>
                        <div class="rc-small rc-muted">{check.detail}</div>
                    </div>
                </li>
            }
        })
        .collect_view();
    view! {
        <Alert severity=severity title=test.message>
            <ul class="rc-checks">{checks}</ul>
        </Alert>
    }
}
