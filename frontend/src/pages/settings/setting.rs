//! One setting: its words, its control, where its value comes from.

use admin_api::Setting;
use leptos::prelude::*;

use super::draft::Draft;
use crate::{
    components::{Button, Field, Icon, IconName},
    format,
};

/// Title and explanation. A setting this version of the page does not know still gets a title from its key.
fn words(key: &str) -> (String, Option<&'static str>) {
    let (title, description) = match key {
        "grafana_url" => ("Grafana URL", "As this plugin reaches it, usually on the same machine"),
        "admin_user" => (
            "Server admin login",
            "A user of Grafana with the role Grafana Admin, kept for Rollcall alone",
        ),
        "admin_password" => ("Server admin password", "Grafana keeps it encrypted"),
        "service_account_token" => (
            "Service account token",
            "For teams. Without it the server admin makes them, and leaves them again",
        ),
        "team_sync_mode" => ("Team sync", "Whether groups become teams at all"),
        "mapping_mode" => ("Mapping mode", "Which groups become teams"),
        "claim_policy" => (
            "Accounts that exist already",
            "Which account of Grafana a new person takes over",
        ),
        "sign_in" => (
            "How people sign in",
            "The provider of Grafana by which the people of this identity provider sign in. It proves whose an account is",
        ),
        "claim_password" => (
            "Password of an account taken over",
            "Somebody else may know the password of a local account",
        ),
        "return_days" => (
            "Return",
            "For how many days a person deleted at the provider may come back to the account, with roles and teams",
        ),
        "linking" => ("When accounts are made", "Before the first sign-in, or by it"),
        "deprovision" => (
            "Closing an account",
            "How far it may go. Up to suspend, the account and all they made stay",
        ),
        "team_claim" => (
            "Teams that exist already",
            "In mode create: whether a group fills a team that somebody made, with the rights it has",
        ),
        "team_removal" => (
            "When a group is deleted",
            "In mode create: what happens to its team. People added by hand are kept in any case",
        ),
        "break_glass" => (
            "Never touched",
            "Logins or e-mails, separated by commas. Put an Admin here who does not sign in through the provider",
        ),
        "scim_callers" => (
            "Further callers",
            "Service accounts that the file lets call SCIM. Here, accept them one by one on Set-up",
        ),
        "activity_days" => ("Activity log", "For how many days a line is kept"),
        "public_url" => (
            "Public URL",
            "Grafana as your identity provider reaches it; only for the address that is shown",
        ),
        _ => match of_rails(key) {
            Some(words) => words,
            None => return (format::title_of_key(key), None),
        },
    };
    (title.to_owned(), Some(description))
}

/// The same of the safety rails.
fn of_rails(key: &str) -> Option<(&'static str, &'static str)> {
    Some(match key {
        "operation" => (
            "Operation",
            "Whether anything is written to Grafana. Plan shows what would be done",
        ),
        "paused_closings" => (
            "Closings while paused",
            "Whether access that has to end ends all the same",
        ),
        "brake_minutes" => (
            "Brake: minutes",
            "Over how long is counted what the identity provider takes away",
        ),
        "brake_least" => (
            "Brake: at least",
            "So many people may lose something in that time in any case",
        ),
        "brake_percent" => ("Brake: percent", "So many percent of the active people may…"),
        "brake_most" => (
            "Brake: at most",
            "…but no more than so many. What is over it is held on Plan",
        ),
        _ => return None,
    })
}

/// A choice in words; the value itself stays visible, because files and guides name it.
fn choice(key: &str, value: &str) -> String {
    let words = match (key, value) {
        ("mapping_mode", "strict") => "only groups you map",
        ("mapping_mode", "create") => "a team for every group",
        ("claim_policy", "linked") => {
            "one that the provider under “How people sign in” made; you are asked about others"
        }
        ("claim_policy", "login") => "the one with the same login, even if its owner chose that",
        ("claim_policy", "email") => "the same login, else the same e-mail, even if its owner chose that",
        ("claim_policy", "never") => "none",
        ("sign_in", "none") => "not named",
        ("claim_password", "renew") => "becomes random, and sessions end",
        ("claim_password", "keep") => "stays",
        ("operation", "enforce") => "what the provider says is done",
        ("operation", "observe") => "it is taken and planned, and nothing is done",
        ("operation", "paused") => "it is taken, and waits",
        ("paused_closings", "wait") => "they wait too",
        ("paused_closings", "run") => "they go on",
        ("claim_policy", "ask") => "none until you allow it",
        ("linking", "pre_create") => "by Rollcall",
        ("linking", "first_login") => "by the sign-in",
        ("team_claim", "use") => "the team that has the group's name",
        ("team_claim", "ask") => "none until you map the group to it",
        ("team_removal", "archive") => "its members leave, and it is renamed",
        ("team_removal", "remove") => "the team is deleted",
        ("team_removal", "keep") => "its members leave",
        ("team_sync_mode", "scim_sync") => "groups become teams",
        ("team_sync_mode", _) => "users only",
        ("deprovision", "disable") => "nothing but Grafana's own “disabled”; single sign-on users stay open",
        ("deprovision", "suspend") => "single sign-on users leave every organization, and keep their account",
        ("deprovision", "recreate") => {
            "single sign-on users are deleted and made again, disabled: id, stars and preferences are lost"
        }
        ("deprovision", "delete") => "accounts are deleted: id, stars and preferences are lost",
        _ => return value.to_owned(),
    };
    format!("{value}: {words}")
}

/// The field.
#[component]
pub fn SettingField(setting: Setting, draft: Draft) -> impl IntoView {
    let (title, description) = words(&setting.key);
    let key = StoredValue::new(setting.key.clone());
    let problem = setting.problem.clone();
    let error = Signal::derive(move || draft.error(&key.get_value()).or_else(|| problem.clone()));
    let origin = format::origin(setting.origin);
    let locked = setting.locked;
    let secret = setting.secret_set.is_some();
    let id = format!("rcl-setting-{}", setting.key);
    // Nothing is "set" by default where a secret is simply not there.
    let origin = if setting.secret_set == Some(false) {
        "Not set"
    } else {
        origin
    };
    let control = if secret {
        view! { <SecretInput setting=setting draft=draft id=id.clone() /> }.into_any()
    } else if setting.choices.is_empty() {
        view! { <TextInput setting=setting draft=draft id=id.clone() /> }.into_any()
    } else {
        view! { <ChoiceInput setting=setting draft=draft id=id.clone() /> }.into_any()
    };
    view! {
        <Field id=id label=title description=description.unwrap_or_default() error=error>
            {control}
            <div class="rcl-origin rcl-small rcl-muted">
                {locked.then(|| view! { <Icon name=IconName::Lock /> })}
                {origin}
            </div>
        </Field>
    }
}

#[component]
fn TextInput(setting: Setting, draft: Draft, id: String) -> impl IntoView {
    let before = setting.value.unwrap_or_default();
    let key = StoredValue::new(setting.key);
    let kept = StoredValue::new(before);
    view! {
        <input
            class="rcl-input"
            type="text"
            autocomplete="off"
            spellcheck="false"
            aria-describedby=format!("{id}-more")
            id=id
            disabled=setting.locked
            aria-invalid=move || draft.error(&key.get_value()).is_some().to_string()
            prop:value=move || draft.get(&key.get_value()).unwrap_or_else(|| kept.get_value())
            on:input=move |event| draft.type_in(&key.get_value(), event_target_value(&event), Some(&kept.get_value()))
        />
    }
}

#[component]
fn ChoiceInput(setting: Setting, draft: Draft, id: String) -> impl IntoView {
    let kept = StoredValue::new(setting.value.unwrap_or_default());
    let key = StoredValue::new(setting.key);
    let now = Signal::derive(move || draft.get(&key.get_value()).unwrap_or_else(|| kept.get_value()));
    let options = setting
        .choices
        .into_iter()
        .map(|value| {
            let text = choice(&key.get_value(), &value);
            let this = value.clone();
            view! { <option value=value prop:selected=move || now.get() == this>{text}</option> }
        })
        .collect_view();
    view! {
        <select
            class="rcl-input rcl-select"
            aria-describedby=format!("{id}-more")
            id=id
            disabled=setting.locked
            on:change=move |event| draft.type_in(&key.get_value(), event_target_value(&event), Some(&kept.get_value()))
        >
            {options}
        </select>
    }
}

/// A secret never comes back: it is set or not, and can be replaced.
#[component]
fn SecretInput(setting: Setting, draft: Draft, id: String) -> impl IntoView {
    let is_set = setting.secret_set == Some(true);
    let locked = setting.locked;
    let key = StoredValue::new(setting.key);
    let id = StoredValue::new(id);
    let typing = Memo::new(move |_| !locked && (!is_set || draft.get(&key.get_value()).is_some()));
    let title = words(&key.get_value()).0;
    let replace = format!("Replace: {title}");
    let keep = format!("Keep the current: {title}");
    let input = move || {
        view! {
            <input
                class="rcl-input"
                type="password"
                autocomplete="new-password"
                id=id.get_value()
                aria-describedby=format!("{}-more", id.get_value())
                aria-invalid=move || draft.error(&key.get_value()).is_some().to_string()
                prop:value=move || draft.get(&key.get_value()).unwrap_or_default()
                // Where nothing is set, an emptied field is no change; where something is, it is a replacement not typed yet.
                on:input=move |event| draft.type_in(&key.get_value(), event_target_value(&event), (!is_set).then_some(""))
            />
        }
    };
    view! {
        <div class="rcl-row">
            <Show
                when=move || typing.get()
                fallback=move || view! {
                    <input class="rcl-input" type="text" id=id.get_value() aria-describedby=format!("{}-more", id.get_value()) disabled value=if is_set { "configured" } else { "" } />
                }
            >
                {input()}
            </Show>
            <Show when=move || is_set && !locked>
                {
                    let (replace, keep) = (replace.clone(), keep.clone());
                    move || if typing.get() {
                        view! { <Button label=keep.clone() on_click=move |_| draft.forget(&key.get_value())>"Keep"</Button> }.into_any()
                    } else {
                        view! { <Button label=replace.clone() on_click=move |_| draft.type_in(&key.get_value(), String::new(), None)>"Replace"</Button> }.into_any()
                    }
                }
            </Show>
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::{choice, words};

    #[test]
    fn a_choice_keeps_the_value_that_files_and_guides_name() {
        assert_eq!(choice("mapping_mode", "strict"), "strict: only groups you map");
        assert_eq!(choice("claim", "by_login"), "by_login");
    }

    #[test]
    fn a_setting_of_a_newer_backend_is_shown_too() {
        assert_eq!(words("break_glass_logins"), ("Break glass logins".to_owned(), None));
    }
}
