//! Nothing yet: the three steps to the first provisioned person.

use admin_api::{Overview, SyncState};
use leptos::prelude::*;

use crate::{
    components::{CopyField, Icon, IconName},
    host::Host,
    loaded::Loaded,
    route::Route,
};

/// Shown until the first request has come.
#[component]
pub fn Steps(overview: Loaded<Overview>) -> impl IntoView {
    let host = Host::get();
    let url = overview.part(|o| o.scim_url.clone());
    let credentials = overview.part(|o| o.sync != SyncState::NotConfigured);
    let mark = move || match credentials.get() {
        Some(true) => view! { <span class="rc-tone--good"><Icon name=IconName::Check /></span> }.into_any(),
        _ => "1".into_any(),
    };
    view! {
        <section class="rc-card rc-steps" aria-labelledby="rc-steps">
            <h3 class="rc-h" id="rc-steps">"Three steps to the first person"</h3>
            <ol>
                <li>
                    <span class="rc-steps__mark">{mark}</span>
                    <div>
                        <strong>"Let Rollcall write to Grafana"</strong>
                        <p class="rc-muted">
                            "Give it a server admin's login and password in the "
                            <a class="rc-link" href=host.link(&Route::Settings)>"settings"</a>", and press Test there."
                        </p>
                    </div>
                </li>
                <li>
                    <span class="rc-steps__mark">"2"</span>
                    <div>
                        <strong>"Make a token for your identity provider"</strong>
                        <p class="rc-muted">
                            <a class="rc-link" href=host.grafana_link("/org/serviceaccounts/create")>"Add a service account"</a>
                            " with the role Admin, and a token for it. The token is shown once."
                        </p>
                    </div>
                </li>
                <li>
                    <span class="rc-steps__mark">"3"</span>
                    <div class="rc-grow">
                        <strong>"Paste both into your identity provider"</strong>
                        <p class="rc-muted">"The token, and this address (Okta: base URL; Entra ID: tenant URL). Its connection test shows up here by itself."</p>
                        <CopyField label="Address for the identity provider" value=Signal::derive(move || url.get().unwrap_or_default()) />
                    </div>
                </li>
            </ol>
        </section>
    }
}
