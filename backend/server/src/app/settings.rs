//! The settings in force, per organization, whatever source they came from.
//!
//! Owns: the four sources as last seen, and what they resolve to. Must never let a secret out but to the engine, and never send one
//! that a file gave to a URL that a page gave. Start at [`SettingsState::view`].

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use domain::{
    OrgId, Secret,
    operation::Mode,
    settings::{
        self, Effective, Kind, Origin, Resolved, Sources,
        reach::{FILE_ONLY, is_left_out_of_json, weaker},
    },
    wording,
};
use serde_json::Value;
use tokio::sync::watch;

use super::secret_binding::{self, Target};
use crate::{
    config::Config,
    http::{SecretOrigin, SettingsView},
    plugin::AppSettings,
};
use engine::{self, Credentials, OrgSettings};
use store::SecretBinding;

/// Settings that say where a secret is sent: where a file gives the secret, only a file gives these.
const BOUND_TO_SECRETS: [&str; 2] = ["grafana_url", "admin_user"];

/// What is known of one organization.
#[derive(Clone, Default)]
struct Org {
    /// Grafana's `[auth]` section.
    grafana_ini: BTreeMap<String, String>,
    /// `jsonData`.
    provisioned: BTreeMap<String, String>,
    /// Our page.
    page: BTreeMap<String, String>,
    /// `secureJsonData`.
    secrets: BTreeMap<&'static str, Secret>,
    /// Where each of those may be sent.
    bindings: BTreeMap<&'static str, SecretBinding>,
    /// Grafana's `root_url`, as its settings say.
    root_url: Option<String>,
    /// Grafana has sent this organization's settings since the process began.
    seen: bool,
    view: Option<Arc<SettingsView>>,
}

/// All organizations.
pub(super) struct SettingsState {
    plugin_ini: BTreeMap<String, String>,
    ini_secrets: BTreeMap<&'static str, Secret>,
    /// Organizations these serve.
    ini_orgs: BTreeSet<OrgId>,
    app_url: Option<String>,
    orgs: Mutex<BTreeMap<OrgId, Org>>,
    changes: watch::Sender<u64>,
}

impl SettingsState {
    pub(super) fn new(
        config: &Config,
        page: BTreeMap<OrgId, BTreeMap<String, String>>,
        known: BTreeSet<OrgId>,
        bindings: Vec<(OrgId, SecretBinding)>,
    ) -> Self {
        let mut orgs: BTreeMap<OrgId, Org> = known.into_iter().map(|id| (id, Org::default())).collect();
        for (org_id, page) in page {
            orgs.entry(org_id).or_default().page = page;
        }
        for (org_id, binding) in bindings {
            if let Some(key) = settings::key(&binding.name) {
                orgs.entry(org_id).or_default().bindings.insert(key.name, binding);
            }
        }
        Self {
            plugin_ini: config.plugin_ini.clone(),
            ini_secrets: config.secrets.clone(),
            ini_orgs: config.orgs.clone(),
            app_url: config.app_url.clone(),
            orgs: Mutex::new(orgs),
            changes: watch::Sender::new(0),
        }
    }

    fn orgs(&self) -> MutexGuard<'_, BTreeMap<OrgId, Org>> {
        // Whole after any panic: every change below is one assignment.
        self.orgs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Applies a change and tells the engine, if anything is different.
    fn change(&self, org_id: OrgId, apply: impl FnOnce(&mut Org)) {
        let different = {
            let mut orgs = self.orgs();
            let known = orgs.contains_key(&org_id);
            let org = orgs.entry(org_id).or_default();
            let before = org.clone();
            apply(org);
            let same = before.grafana_ini == org.grafana_ini
                && before.provisioned == org.provisioned
                && before.page == org.page
                && before.secrets == org.secrets
                && before.bindings == org.bindings
                && before.root_url == org.root_url
                && before.seen == org.seen;
            if !same {
                org.view = None;
            }
            !(known && same)
        };
        if different {
            self.changes.send_modify(|n| *n += 1);
        }
    }

    /// What came with a request.
    ///
    /// Returns the bindings that are new: they are in force, and have to be written down.
    pub(super) fn seen(&self, settings: AppSettings) -> Vec<SecretBinding> {
        let provisioned = json_data(&settings.json_data);
        let given = |key: &&settings::Key| key.kind == Kind::Secret;
        let secrets: BTreeMap<&'static str, Secret> = settings::KEYS
            .iter()
            .filter(given)
            .filter_map(|key| Some((key.name, filled(settings.secrets.get(key.json)?)?)))
            .collect();
        let org_id = settings.org_id;
        let before = self.orgs().get(&org_id).cloned().unwrap_or_default();
        let now = Org {
            provisioned: provisioned.clone(),
            ..before.clone()
        };
        let targets = self.targets(org_id, &now);
        let mut bindings = before.bindings.clone();
        // Slow on purpose, so only for a secret that this process has not seen.
        for (name, secret) in secrets
            .iter()
            .filter(|(name, secret)| before.secrets.get(*name) != Some(*secret))
        {
            let binding = secret_binding::bound(name, secret, bindings.get(name), &targets(name), salt);
            bindings.insert(name, binding);
        }
        let new = bindings
            .iter()
            .filter(|(name, binding)| before.bindings.get(*name) != Some(*binding))
            .map(|(_, binding)| binding.clone())
            .collect();
        if before.seen && before.provisioned != provisioned {
            // Grafana's own route to the app's settings has no log of ours.
            for setting in weaker(&self.resolved(org_id, &before), &self.resolved(org_id, &now)) {
                tracing::warn!(
                    org = org_id.get(),
                    setting,
                    "the app's settings in Grafana were changed so that this one protects less"
                );
            }
        }
        self.change(org_id, |org| {
            org.provisioned = provisioned;
            org.secrets = secrets;
            org.bindings = bindings;
            org.seen = true;
        });
        new
    }

    /// Where each secret would go.
    fn targets(&self, org_id: OrgId, org: &Org) -> impl Fn(&str) -> Target + use<> {
        let effective = settings::effective(&self.resolved(org_id, org));
        move |name: &str| Target::of(name, &effective.grafana_url, effective.admin_user.as_deref())
    }

    /// An admin typed secrets again. One that is what Grafana keeps may go where the settings say now; `None`: one is not.
    pub(super) fn given_again(&self, org_id: OrgId, typed: &[(&'static str, Secret)]) -> Option<Vec<SecretBinding>> {
        let org = self.orgs().get(&org_id).cloned().unwrap_or_default();
        let targets = self.targets(org_id, &org);
        let kept_back = |name: &str| {
            org.bindings
                .get(name)
                .is_some_and(|binding| !targets(name).is_of(binding))
        };
        let mut new = Vec::new();
        for (name, secret) in typed.iter().filter(|(name, _)| kept_back(name)) {
            if org.secrets.get(name) != Some(secret) {
                return None;
            }
            new.push((*name, secret_binding::again_to(name, secret, &targets(name), salt())));
        }
        self.change(org_id, |org| org.bindings.extend(new.iter().cloned()));
        Some(new.into_iter().map(|(_, binding)| binding).collect())
    }

    /// What the page has stored now.
    pub(super) fn page(&self, org_id: OrgId, page: BTreeMap<String, String>) {
        self.change(org_id, |org| org.page = page);
    }

    /// The settings in force. Cheap: computed once per change.
    pub(super) fn view(&self, org_id: OrgId) -> Arc<SettingsView> {
        let mut orgs = self.orgs();
        match orgs.get_mut(&org_id) {
            Some(org) => {
                let view = org.view.take().unwrap_or_else(|| Arc::new(self.resolve(org_id, org)));
                org.view = Some(view.clone());
                view
            }
            // A stranger's organization does not become known by being asked about.
            None => Arc::new(self.resolve(org_id, &Org::default())),
        }
    }

    /// Every setting that is not a secret.
    fn resolved(&self, org_id: OrgId, org: &Org) -> Vec<Resolved> {
        let mut sources = Sources {
            grafana_ini: org.grafana_ini.clone(),
            plugin_ini: self.plugin_ini.clone(),
            provisioned: org.provisioned.clone(),
            page: org.page.clone(),
        };
        // An Admin of an organization must not learn the server admin's password by having it sent to a server of theirs.
        let bound = self.is_bound(org_id);
        if bound {
            for name in BOUND_TO_SECRETS {
                sources.provisioned.remove(name);
                sources.page.remove(name);
            }
        }
        if !self.ini_orgs.contains(&org_id) {
            // Its name goes with the password, which is not for this organization.
            sources.plugin_ini.remove("admin_user");
        }
        // Who wrote these is not known: the file says such things, or a server admin on the page.
        let mut left_out = BTreeMap::new();
        sources.provisioned.retain(|name, value| {
            let out = settings::key(name).is_some_and(|key| is_left_out_of_json(key.setting, value));
            if out {
                left_out.insert(name.clone(), value.clone());
            }
            !out
        });
        sources.page.remove(FILE_ONLY);
        let mut resolved = settings::resolve(&sources);
        for row in &mut resolved {
            if left_out.get(row.name).is_some_and(|value| *value != row.value) {
                row.problem = Some(wording::left_out_of_json(row.name));
            }
        }
        for row in resolved
            .iter_mut()
            .filter(|row| bound && BOUND_TO_SECRETS.contains(&row.name))
        {
            row.origin = Origin::PluginIni;
            if row.name == "admin_user" && row.value.is_empty() && self.ini_secrets.contains_key("admin_password") {
                row.problem = Some(
                    "admin_password is set in [plugin.rollcall-scim-app], so admin_user has to be set there too."
                        .into(),
                );
            }
        }
        resolved
    }

    fn resolve(&self, org_id: OrgId, org: &Org) -> SettingsView {
        let mut resolved = self.resolved(org_id, org);
        let bound = self.is_bound(org_id);
        let kept_back = self.kept_back(org_id, org, &settings::effective(&resolved));
        for (name, said) in &kept_back {
            let effective = settings::effective(&resolved);
            let same_url = org.bindings.get(name).is_some_and(|b| b.url == effective.grafana_url);
            let at = if same_url { "admin_user" } else { "grafana_url" };
            if let Some(row) = resolved.iter_mut().find(|row| row.name == at) {
                row.problem = Some(said.clone());
            }
        }
        let secret = |key: &settings::Key| SecretOrigin {
            name: key.name,
            origin: if bound && self.ini_secrets.contains_key(key.name) {
                Some(Origin::PluginIni)
            } else {
                org.secrets.get(key.name).map(|_| Origin::Provisioned)
            },
        };
        SettingsView {
            effective: settings::effective(&resolved),
            secrets: settings::KEYS
                .iter()
                .filter(|k| k.kind == Kind::Secret)
                .map(secret)
                .collect(),
            kept_back: kept_back.into_iter().map(|(_, said)| said).collect(),
            resolved,
        }
    }

    /// Whether the file gives secrets for this organization.
    fn is_bound(&self, org_id: OrgId) -> bool {
        !self.ini_secrets.is_empty() && self.ini_orgs.contains(&org_id)
    }

    /// The secrets Grafana keeps that would go elsewhere than they were given for, and why they do not.
    fn kept_back(&self, org_id: OrgId, org: &Org, effective: &Effective) -> Vec<(&'static str, String)> {
        let goes_elsewhere = |name: &&'static str| {
            let target = Target::of(name, &effective.grafana_url, effective.admin_user.as_deref());
            let of_file = self.is_bound(org_id) && self.ini_secrets.contains_key(name);
            !of_file && org.bindings.get(name).is_some_and(|binding| !target.is_of(binding))
        };
        let said = |name: &'static str| {
            let binding = org.bindings.get(name)?;
            let said = wording::secret_kept_back(name, &binding.url, &binding.login, &effective.grafana_url);
            Some((name, said))
        };
        org.secrets
            .keys()
            .copied()
            .filter(goes_elsewhere)
            .filter_map(said)
            .collect()
    }

    /// Grafana's public URL: an admin's word, else Grafana's own settings, else what Grafana told the process.
    pub(super) fn public_url(&self, org_id: OrgId) -> Option<String> {
        let said = self.view(org_id).effective.public_url.clone();
        let of_grafana = || {
            let root_url = self.orgs().get(&org_id).and_then(|org| org.root_url.clone());
            settings::public_form(&root_url.or_else(|| self.app_url.clone())?)
        };
        said.or_else(of_grafana)
    }

    fn secret(&self, org_id: OrgId, org: Option<&Org>, name: &str) -> Option<Secret> {
        let given = self.ini_secrets.get(name).filter(|_| self.ini_orgs.contains(&org_id));
        given.or_else(|| org.and_then(|org| org.secrets.get(name))).cloned()
    }

    fn credentials(&self, org_id: OrgId, org: Option<&Org>, effective: &Effective) -> Credentials {
        let kept_back = org.map_or_else(Vec::new, |org| self.kept_back(org_id, org, effective));
        let usable = |name: &str| {
            let secret = self.secret(org_id, org, name);
            secret.filter(|_| !kept_back.iter().any(|(kept, _)| *kept == name))
        };
        Credentials {
            url: effective.grafana_url.clone(),
            admin_user: effective.admin_user.clone(),
            admin_password: usable("admin_password"),
            service_account_token: usable("service_account_token"),
        }
    }
}

impl engine::Settings for SettingsState {
    fn orgs(&self) -> Vec<OrgId> {
        self.orgs().keys().copied().collect()
    }

    fn of(&self, org_id: OrgId) -> OrgSettings {
        let effective = self.view(org_id).effective.clone();
        let orgs = self.orgs();
        let org = orgs.get(&org_id);
        let credentials = self.credentials(org_id, org, &effective);
        OrgSettings {
            org_id,
            // Grafana may hold a secret that it has not sent yet.
            waiting_for_first_request: credentials.admin_password.is_none() && org.is_none_or(|org| !org.seen),
            credentials,
            effective,
        }
    }

    fn operation(&self, org_id: OrgId) -> (Mode, bool) {
        let view = self.view(org_id);
        (view.effective.operation, view.effective.paused_closings)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn grafana_seen(&self, org_id: OrgId, auth_section: BTreeMap<String, String>, public_url: Option<String>) {
        let in_auth = |name: &str| settings::key(name).is_some_and(|key| key.in_auth_section);
        let grafana_ini = auth_section.into_iter().filter(|(name, _)| in_auth(name)).collect();
        self.change(org_id, |org| {
            org.grafana_ini = grafana_ini;
            org.root_url = public_url;
        });
    }
}

/// What two equal secrets differ by in the store.
#[expect(clippy::disallowed_methods, reason = "this is the door")]
fn salt() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn filled(secret: &Secret) -> Option<Secret> {
    Some(secret.clone()).filter(|secret| !secret.is_empty() && !is_unset_variable(secret.expose()))
}

/// `$NAME` in a provisioning file whose variable nobody set (Grafana leaves some of them as they stand).
fn is_unset_variable(value: &str) -> bool {
    value.strip_prefix('$').is_some_and(|name| {
        !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    })
}

/// `jsonData` by our own names. Lists become commas, so that YAML's natural form works.
fn json_data(json: &Value) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::String(text) if !is_unset_variable(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        Value::Array(items) => Some(items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(",")),
        _ => None,
    };
    let not_secret = |key: &&settings::Key| key.kind != Kind::Secret;
    settings::KEYS
        .iter()
        .filter(not_secret)
        .filter_map(|key| Some((key.name.to_owned(), text(json.get(key.json)?)?)))
        .collect()
}

/// Which secrets a test of credentials may use that nobody typed: only those that go where they go anyway.
pub(super) fn completed(state: &SettingsState, org_id: OrgId, typed: admin_api::CredentialsTest) -> Credentials {
    let now = engine::Settings::of(state, org_id).credentials;
    let url = typed.grafana_url.unwrap_or_else(|| now.url.clone());
    let elsewhere = url != now.url;
    let admin_user = typed
        .admin_user
        .filter(|u| !u.trim().is_empty())
        .or_else(|| now.admin_user.clone());
    let other_user = admin_user != now.admin_user;
    let given = |text: Option<String>| text.filter(|t| !t.is_empty()).map(Secret::new);
    Credentials {
        admin_password: given(typed.admin_password).or(now.admin_password.filter(|_| !elsewhere && !other_user)),
        service_account_token: given(typed.service_account_token).or(now.service_account_token.filter(|_| !elsewhere)),
        admin_user,
        url,
    }
}

/// What is wrong with values that files give.
pub(super) fn problems(view: &SettingsView) -> Vec<&str> {
    view.resolved.iter().filter_map(|row| row.problem.as_deref()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use serde_json::json;

    use super::*;
    use engine::Settings as _;

    fn state(ini: &[(&'static str, &str)]) -> SettingsState {
        let secret = |name: &str| settings::key(name).is_some_and(|k| k.kind == Kind::Secret);
        let config = Config {
            data_dir: "/nowhere".into(),
            plugin_ini: ini
                .iter()
                .filter(|(n, _)| !secret(n))
                .map(|(n, v)| ((*n).to_owned(), (*v).to_owned()))
                .collect(),
            secrets: ini
                .iter()
                .filter(|(n, _)| secret(n))
                .map(|(n, v)| (*n, Secret::new(*v)))
                .collect(),
            orgs: BTreeSet::from([OrgId::new(1)]),
            app_url: None,
            #[cfg(debug_assertions)]
            faults: crate::faults::Faults::default(),
        };
        SettingsState::new(&config, BTreeMap::new(), BTreeSet::from([OrgId::new(1)]), Vec::new())
    }

    fn from_grafana(json_data: Value, secrets: &[(&str, &str)]) -> AppSettings {
        AppSettings {
            org_id: OrgId::new(1),
            json_data,
            secrets: secrets
                .iter()
                .map(|(n, v)| ((*n).to_owned(), Secret::new(*v)))
                .collect::<HashMap<_, _>>(),
            updated_ms: 1,
        }
    }

    #[test]
    fn a_password_of_the_ini_file_never_goes_to_a_url_of_the_page() {
        let state = state(&[("admin_user", "root"), ("admin_password", "hunter2")]);
        state.page(
            OrgId::new(1),
            BTreeMap::from([("grafana_url".into(), "http://evil.example".into())]),
        );
        state.seen(from_grafana(json!({ "grafanaUrl": "http://evil.example" }), &[]));
        assert_eq!(state.of(OrgId::new(1)).credentials.url, "http://localhost:3000");
        let view = state.view(OrgId::new(1));
        let url = view.resolved.iter().find(|r| r.name == "grafana_url").unwrap();
        assert_eq!(url.origin, Origin::PluginIni, "the page shows it as set by a file");
    }

    #[test]
    fn another_organization_gets_no_credentials_of_the_ini_file() {
        let state = state(&[("admin_user", "root"), ("admin_password", "hunter2")]);
        state.seen(AppSettings {
            org_id: OrgId::new(2),
            ..from_grafana(json!({}), &[])
        });
        assert_eq!(state.of(OrgId::new(2)).credentials.admin_password, None);
        assert!(state.of(OrgId::new(1)).credentials.admin_password.is_some());
        // Its own secret serves it, and goes where its own Admins say.
        state.seen(AppSettings {
            org_id: OrgId::new(2),
            ..from_grafana(json!({ "grafanaUrl": "http://two:3000" }), &[("adminPassword", "own")])
        });
        let own = state.of(OrgId::new(2)).credentials;
        assert_eq!(
            (own.url.as_str(), own.admin_password),
            ("http://two:3000", Some(Secret::new("own")))
        );
    }

    #[test]
    fn a_test_sends_a_stored_password_only_where_it_goes_anyway() {
        let state = state(&[]);
        state.seen(from_grafana(
            json!({ "adminUser": "root" }),
            &[("adminPassword", "hunter2")],
        ));
        let typed = |url: Option<&str>, user: Option<&str>| admin_api::CredentialsTest {
            grafana_url: url.map(str::to_owned),
            admin_user: user.map(str::to_owned),
            ..Default::default()
        };
        assert!(
            completed(&state, OrgId::new(1), typed(None, None))
                .admin_password
                .is_some()
        );
        assert!(
            completed(&state, OrgId::new(1), typed(Some("http://evil.example"), None))
                .admin_password
                .is_none()
        );
        assert!(
            completed(&state, OrgId::new(1), typed(None, Some("other")))
                .admin_password
                .is_none()
        );
    }

    #[test]
    fn secrets_that_grafana_keeps_come_with_the_first_request() {
        let state = state(&[]);
        assert!(state.of(OrgId::new(1)).waiting_for_first_request);
        let changes = state.changes();
        state.seen(from_grafana(
            json!({ "adminUser": "root" }),
            &[("adminPassword", "hunter2")],
        ));
        assert!(changes.has_changed().unwrap());
        let settings = state.of(OrgId::new(1));
        assert!(!settings.waiting_for_first_request);
        assert_eq!(settings.credentials.admin_password, Some(Secret::new("hunter2")));
    }

    #[test]
    fn the_same_settings_again_are_no_change() {
        let state = state(&[]);
        state.seen(from_grafana(json!({}), &[]));
        let changes = state.changes();
        state.seen(from_grafana(json!({}), &[]));
        assert!(!changes.has_changed().unwrap());
    }

    #[test]
    fn an_unset_variable_in_a_provisioning_file_counts_as_not_set() {
        let state = state(&[]);
        state.seen(from_grafana(
            json!({ "mappingMode": "$ROLLCALL_MAPPING_MODE", "breakGlass": ["ann", "bob"], "claimPolicy": "ask" }),
            &[("adminPassword", "$ROLLCALL_ADMIN_PASSWORD")],
        ));
        let view = state.view(OrgId::new(1));
        let mode = view.resolved.iter().find(|r| r.name == "mapping_mode").unwrap();
        assert_eq!((mode.origin, &mode.problem), (Origin::Default, &None));
        assert_eq!(view.effective.claim_policy, settings::ClaimPolicy::Ask);
        assert_eq!(state.of(OrgId::new(1)).credentials.admin_password, None);
    }

    #[test]
    fn the_lines_of_the_auth_section_arrive_through_grafana() {
        let state = state(&[("mapping_mode", "strict")]);
        let auth = BTreeMap::from([
            ("mapping_mode".to_owned(), "create".to_owned()),
            ("grafana_url".to_owned(), "http://evil.example".to_owned()),
        ]);
        state.grafana_seen(OrgId::new(1), auth, Some("https://grafana.example/".into()));
        assert_eq!(
            state.view(OrgId::new(1)).effective.mapping_mode,
            settings::MappingMode::Create
        );
        assert_eq!(state.of(OrgId::new(1)).credentials.url, "http://localhost:3000");
        assert_eq!(
            state.public_url(OrgId::new(1)).as_deref(),
            Some("https://grafana.example")
        );
    }
}
