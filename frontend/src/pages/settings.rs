//! *Settings*: what is set, where, and does it work?
//!
//! Every setting the backend names is shown, with its origin; one that a file sets is locked. Secrets go to Grafana, never to us
//! (`admin_api::settings`). Start at [`SettingsPage`].

mod draft;
mod setting;
mod test;

use std::collections::BTreeMap;

use admin_api::{Setting, Settings, SettingsUpdate};
use leptos::{ev, prelude::*, task::spawn_local};

use self::{draft::Draft, setting::SettingField, test::Test};
use crate::{
    api::{self, ApiError},
    components::{Alert, Answered, Button, ButtonLook, Severity, rows},
    format,
    host::Host,
    loaded::Loaded,
};

/// What can be seen to be wrong without asking the server.
fn wrong(key: &str, value: &str) -> Option<&'static str> {
    let url =
        key.ends_with("_url") && !value.is_empty() && !value.starts_with("http://") && !value.starts_with("https://");
    url.then_some("A URL starts with http:// or https://")
}

/// Which heading a setting stands under.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Group {
    Grafana,
    Teams,
    More,
}

fn group_of(key: &str) -> Group {
    match key {
        "grafana_url" | "admin_user" | "admin_password" | "service_account_token" => Group::Grafana,
        "team_sync_mode" | "mapping_mode" => Group::Teams,
        _ => Group::More,
    }
}

/// The last tab.
#[component]
pub fn SettingsPage() -> impl IntoView {
    let host = Host::get();
    let settings = Loaded::<Settings>::new();
    settings.load(api::settings(host));
    let draft = Draft::new();
    let arrived = settings.arrived();
    let guard = window_event_listener(ev::beforeunload, move |event| {
        if draft.typed.try_with_untracked(|typed| !typed.is_empty()) == Some(true) {
            event.prevent_default();
        }
    });
    on_cleanup(move || guard.remove());
    // …and the same for a link inside Grafana, and for "back".
    let unsaved = Memo::new(move |_| draft.typed.with(|typed| !typed.is_empty()));
    Effect::new(move || {
        host.guard(if unsaved.get() {
            "You have unsaved settings. Leave without saving them?"
        } else {
            ""
        })
    });
    on_cleanup(move || host.guard(""));

    let fields = move |group: Group| {
        let of_group = settings.list(move |answer| {
            answer
                .settings
                .iter()
                .filter(|s| group_of(&s.key) == group)
                .cloned()
                .collect()
        });
        rows(
            of_group,
            move |setting: Setting| view! { <SettingField setting=setting draft=draft /> },
        )
    };
    let has_more = settings.part(|answer| answer.settings.iter().any(|s| group_of(&s.key) == Group::More));
    view! {
        <Answered error=settings.error() arrived=arrived failed="The settings could not be loaded" columns=2>
            <div class="rcl-form">
                <section class="rcl-section" aria-labelledby="rcl-settings-grafana">
                    <h2 class="rcl-h" id="rcl-settings-grafana">"Connection to Grafana"</h2>
                    <p class="rcl-muted">
                        "Grafana lets only a server admin create and disable users. A service account token is used for teams where there is one."
                    </p>
                    {fields(Group::Grafana)}
                    <Test draft=draft />
                </section>
                <section class="rcl-section" aria-labelledby="rcl-settings-teams">
                    <h2 class="rcl-h" id="rcl-settings-teams">"Teams"</h2>
                    {fields(Group::Teams)}
                </section>
                <Show when=move || has_more.get() == Some(true)>
                    <section class="rcl-section" aria-labelledby="rcl-settings-more">
                        <h2 class="rcl-h" id="rcl-settings-more">"More"</h2>
                        {fields(Group::More)}
                    </section>
                </Show>
                <SaveBar settings=settings draft=draft />
            </div>
        </Answered>
    }
}

/// "2 unsaved changes  [Discard] [Save]"
#[component]
fn SaveBar(settings: Loaded<Settings>, draft: Draft) -> impl IntoView {
    let host = Host::get();
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let secrets = settings.list(|answer| {
        answer
            .settings
            .iter()
            .filter(|setting| setting.secret_set.is_some())
            .map(|setting| setting.key.clone())
            .collect()
    });
    let changes = Memo::new(move |_| draft.typed.with(BTreeMap::len) as i64);

    let save = move |_| {
        failed.set(None);
        let typed = draft.typed.get_untracked();
        let errors: BTreeMap<_, _> = typed
            .iter()
            .filter_map(|(key, value)| wrong(key, value).map(|error| (key.clone(), error.to_owned())))
            .collect();
        let fine = errors.is_empty();
        draft.errors.set(errors);
        if !fine {
            return;
        }
        let (secret, open): (Vec<_>, Vec<_>) = typed
            .into_iter()
            .partition(|(key, _)| secrets.with_untracked(|secrets| secrets.contains(key)));
        busy.set(true);
        spawn_local(async move {
            let saved = save_all(host, draft, open, secret).await;
            busy.try_set(false);
            match saved {
                Ok(()) => host.notify_success("Settings saved"),
                Err(ApiError {
                    message,
                    field: Some(field),
                }) => {
                    draft.errors.try_update(|errors| errors.insert(field, message));
                }
                Err(error) => drop(failed.try_set(Some(error.message))),
            }
            settings.load(api::settings(host));
        });
    };
    view! {
        {move || failed.get().map(|message| view! { <Alert severity=Severity::Error title="The settings were not saved">{message}</Alert> })}
        <div class="rcl-savebar" class:rcl-savebar--sticky=move || changes.get() != 0>
            <Button look=ButtonLook::Primary disabled=Signal::derive(move || busy.get() || changes.get() == 0) on_click=save>"Save"</Button>
            <Button disabled=Signal::derive(move || busy.get() || changes.get() == 0) on_click=move |_| draft.clear()>"Discard"</Button>
            <span class="rcl-muted" role="status">
                {move || (changes.get() > 0).then(|| format::counted(changes.get(), "unsaved change", "unsaved changes"))}
            </span>
        </div>
    }
}

/// What was saved leaves the draft at once, so that a failure half-way is told with only the rest still unsaved.
async fn save_all(
    host: Host,
    draft: Draft,
    open: Vec<(String, String)>,
    secret: Vec<(String, String)>,
) -> Result<(), ApiError> {
    if !open.is_empty() {
        let settings = open
            .iter()
            .map(|(key, value)| (key.clone(), Some(value.clone()).filter(|value| !value.is_empty())));
        api::save_settings(
            host,
            &SettingsUpdate {
                settings: settings.collect(),
            },
        )
        .await?;
        draft
            .typed
            .try_update(|typed| typed.retain(|key, _| !open.iter().any(|(saved, _)| saved == key)));
    }
    let secret: Vec<_> = secret.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    if !secret.is_empty() {
        api::save_secrets(host, &secret).await?;
    }
    draft.typed.try_update(BTreeMap::clear);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::wrong;

    #[test]
    fn a_url_without_a_scheme_is_refused_before_it_is_sent() {
        assert!(wrong("grafana_url", "grafana.acme.com").is_some());
        assert!(wrong("grafana_url", "https://grafana.acme.com").is_none());
    }

    #[test]
    fn an_empty_url_goes_back_to_the_default() {
        assert!(wrong("grafana_url", "").is_none());
    }
}
