//! "Test": what each credential can do, measured, before it is saved.

use admin_api::{CredentialTest, CredentialsTest};
use leptos::{prelude::*, task::spawn_local};

use super::draft::Draft;
use crate::{
    api::{self, ApiError},
    components::{Button, Tested},
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
        <Button disabled=busy on_click=test>"Test"</Button>
        <Tested busy=busy result=result testid="test-result" />
    }
}
