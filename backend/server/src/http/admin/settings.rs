//! `admin/settings`: every setting with its origin.
//!
//! Owns: the handlers. Must never take or give a secret: Grafana keeps those. Start at [`read`].

use std::collections::BTreeMap;

use admin_api::{Setting, SettingOrigin, Settings, SettingsUpdate};
use axum::{Json, http::StatusCode};
use domain::{
    settings::{
        self, Invalid, Kind, Name, Origin,
        reach::{FILE_ONLY, reaches_beyond, weaker},
    },
    status::EngineState,
};

use super::{
    call::{AdminCall, Body},
    failure::{AdminFailure, Answer},
    server_admin,
};
use crate::http::control::SettingsView;
use store::{Action, TargetKind};

fn origin(origin: Origin) -> SettingOrigin {
    match origin {
        Origin::GrafanaIni => SettingOrigin::GrafanaIni,
        Origin::PluginIni => SettingOrigin::PluginIni,
        Origin::Provisioned => SettingOrigin::Provisioned,
        Origin::Page => SettingOrigin::Page,
        Origin::Default => SettingOrigin::Default,
    }
}

fn choices(kind: Kind) -> Vec<String> {
    match kind {
        Kind::Choice(words) | Kind::FileChoice(words) => words.iter().map(|w| (*w).to_owned()).collect(),
        _ => Vec::new(),
    }
}

fn setting(key: &settings::Key, view: &SettingsView) -> Setting {
    if key.kind == Kind::Secret {
        let given = view.secrets.iter().find(|s| s.name == key.name).and_then(|s| s.origin);
        return Setting {
            key: key.name.to_owned(),
            value: None,
            secret_set: Some(given.is_some()),
            // What Grafana keeps in secureJsonData can be replaced on the page.
            locked: given == Some(Origin::PluginIni),
            origin: given.map_or(SettingOrigin::Default, origin),
            choices: Vec::new(),
            problem: None,
        };
    }
    let resolved = view.resolved.iter().find(|r| r.name == key.name);
    let from = resolved.map_or(Origin::Default, |r| r.origin);
    Setting {
        key: key.name.to_owned(),
        value: resolved.map(|r| r.value.clone()).filter(|v| !v.is_empty()),
        secret_set: None,
        origin: origin(from),
        locked: from < Origin::Page || key.name == FILE_ONLY || matches!(key.kind, Kind::FileChoice(_)),
        choices: choices(key.kind),
        problem: resolved.and_then(|r| r.problem.clone()),
    }
}

pub(super) fn answer(view: &SettingsView) -> Json<Settings> {
    Json(Settings {
        settings: settings::KEYS.iter().map(|key| setting(key, view)).collect(),
    })
}

pub(in crate::http) async fn read(call: AdminCall) -> Json<Settings> {
    answer(&call.api.control.settings(call.org_id()))
}

fn value_of<'a>(view: &'a SettingsView, name: &str) -> &'a str {
    let row = view.resolved.iter().find(|row| row.name == name);
    row.map_or("", |row| row.value.as_str())
}

/// What reaches beyond the organization is for a Grafana server admin, in whichever direction it is changed.
async fn permitted(call: &AdminCall, view: &SettingsView, name: &str, after: Option<&str>) -> Answer<()> {
    let Some(key) = settings::key(name) else {
        return Ok(());
    };
    let after = after.unwrap_or(key.default);
    if after == value_of(view, name) || !reaches_beyond(key.setting, after) {
        return Ok(());
    }
    let is_place = matches!(key.setting, Name::GrafanaUrl | Name::AdminUser);
    let works = call.api.control.engine(call.org_id()).state == EngineState::Running;
    // Where Rollcall is not signed in, nobody could be asked who somebody is, and no secret is sent to a place it was not given for.
    if is_place && !works {
        return Ok(());
    }
    server_admin::needed(call, name)
        .await
        .map_err(|refusal| refusal.at(key.name))
}

/// A page can prune its own log, and not Grafana's. No value is in it: it may be an e-mail.
fn warn_of_weaker(call: &AdminCall, before: &SettingsView) {
    let now = call.api.control.settings(call.org_id());
    for setting in weaker(&before.resolved, &now.resolved) {
        tracing::warn!(
            org = call.org_id().get(),
            setting,
            correlation = call.context.correlation,
            "an admin changed a setting so that it protects less"
        );
    }
}

/// Everything is checked before anything is written: one wrong value changes nothing.
pub(in crate::http) async fn change(call: AdminCall, Body(update): Body<SettingsUpdate>) -> Answer<Json<Settings>> {
    let (api, org_id) = (&call.api, call.org_id());
    let view = api.control.settings(org_id);
    let mut changes: BTreeMap<String, Option<String>> = BTreeMap::new();
    for (name, value) in update.settings {
        let Some(key) = settings::key(&name) else {
            return Err(AdminFailure::new(
                StatusCode::BAD_REQUEST,
                Invalid::UnknownKey(name).to_string(),
            ));
        };
        if view
            .resolved
            .iter()
            .any(|r| r.name == key.name && r.origin < Origin::Page)
        {
            let refusal = AdminFailure::conflict(format!("A file sets {name}: change it there."));
            return Err(refusal.at(key.name));
        }
        if key.name == FILE_ONLY {
            let said = "scim_callers is a line of [plugin.rollcall-scim-app]. Here, callers are accepted one by one, on Set-up.";
            return Err(AdminFailure::conflict(said).at(key.name));
        }
        let invalid = |e: Invalid| AdminFailure::invalid(key.name, e.to_string());
        let value = value
            .as_deref()
            .map(|v| settings::validate_outside_file(key, v))
            .transpose()
            .map_err(invalid)?;
        changes.insert(name, value.filter(|v| !v.is_empty()));
    }
    for (name, after) in &changes {
        permitted(&call, &view, name, after.as_deref()).await?;
    }
    api.store.set_page_settings(org_id, &changes).await?;
    api.control.page_settings_changed(org_id).await;
    warn_of_weaker(&call, &view);
    for (name, value) in &changes {
        let reason = value
            .as_ref()
            .map_or_else(|| "back to the default".to_owned(), |v| format!("to {v}"));
        call.log(Action::SettingChange, (TargetKind::Setting, name, name), reason)
            .await;
    }
    Ok(answer(&api.control.settings(org_id)))
}
