//! The pages: Grafana's index page around an app, its sign-in page, and their files.
//!
//! Owns: what the page host of `tests/browser/host.tsx` is told through `window.grafanaBootData`, `__rigMeta` and `__rig`, who is let
//! to which page, and static files. Must never know an app.

use std::path::{Path, PathBuf};

use http::header;
use serde_json::{Value, json};

use super::{
    answer::Answer,
    files::{content_type, inside},
    identity::Identity,
    plugins::Plugin,
    world::{Role, World, random},
};

/// The host's files, and what this Grafana is called from outside.
pub(super) struct Pages {
    /// `host.js`, `host.css` and `public/`, as `tests/browser/build.mjs` leaves them.
    pub(super) host_assets: Option<PathBuf>,
    pub(super) root_url: String,
    /// `/grafana`, or nothing.
    pub(super) sub_path: String,
    /// The template of the policy, where `content_security_policy` is on.
    pub(super) security_policy: Option<String>,
}

impl Pages {
    /// A file of the host. Lines of Grafana differ in `public/build/` and `public/`.
    pub(super) fn asset(&self, path: &str) -> Answer {
        let path = path.replacen("public/build/", "public/", 1);
        let file = self.host_assets.as_ref().and_then(|root| inside(root, &path));
        match file.and_then(|file| Some((std::fs::read(&file).ok()?, file))) {
            Some((bytes, file)) => Answer::new(200, content_type(&file), bytes),
            None => Answer::message(404, "Not found"),
        }
    }

    /// Sent to sign in first, and away from pages that ask for more than their role (`middleware/auth.go` `RoleAppPluginAuth`: paths that
    /// no `includes` entry names are open to everybody).
    pub(super) fn page(
        &self,
        path: &str,
        query: &str,
        who: Option<&Identity>,
        world: &World,
        plugins: &[Plugin],
    ) -> Answer {
        let Some(who) = who else {
            let target = format!("{}{path}", self.sub_path)
                .replace('%', "%25")
                .replace(';', "%3B");
            let cookie = format!("redirect_to={target}; Path=/; HttpOnly; SameSite=Lax");
            return Answer::redirect(&format!("{}/login", self.sub_path)).with(header::SET_COOKIE, &cookie);
        };
        let app = path.strip_prefix("/a/").or_else(|| path.strip_prefix("/plugins/"));
        let id = app.and_then(|rest| rest.split('/').next());
        let plugin = plugins.iter().find(|plugin| Some(plugin.id.as_str()) == id);
        if let Some(plugin) = plugin
            && !may_open(plugin, path, who)
        {
            return Answer::redirect(&format!("{}/", self.sub_path));
        }
        let theme = if query.split('&').any(|pair| pair == "theme=light") {
            "light"
        } else {
            "dark"
        };
        self.index(theme, who, world, plugin.or(plugins.first()))
    }

    fn index(&self, theme: &str, who: &Identity, world: &World, plugin: Option<&Plugin>) -> Answer {
        let sub = &self.sub_path;
        let version = self.line();
        let boot = json!({
            "user": {
                "id": who.id, "isSignedIn": !who.anonymous, "login": who.login, "email": who.email, "name": who.name, "orgId": who.org,
                "orgName": who.org.and_then(|org| world.orgs.get(&org)), "orgRole": who.role.name(), "isGrafanaAdmin": who.server_admin,
                "theme": theme, "lightTheme": theme == "light", "language": "en-US", "locale": "en-US", "timezone": "browser",
                "permissions": {},
            },
            "settings": {
                "appSubUrl": sub, "appUrl": self.root_url, "buildInfo": { "version": version, "commit": "stand-in", "env": "production" },
                "featureToggles": {}, "panels": {}, "datasources": {}, "apps": {}, "pluginsCDNBaseURL": "",
            },
            "navTree": [], "assets": { "dark": "", "light": "" },
        });
        let meta = plugin.map_or(Value::Null, |plugin| {
            let mut meta = plugin.settings(world, who);
            for size in ["small", "large"] {
                if let Some(logo) = meta["info"]["logos"][size].as_str() {
                    meta["info"]["logos"][size] = json!(format!("{sub}/{logo}"));
                }
            }
            meta
        });
        let rig = json!({ "load": "script", "gv": version });
        // `<` escaped: a name in the data must not end the script.
        let inline = |value: &Value| value.to_string().replace('<', "\\u003c");
        let nonce = random(22);
        let html = format!(
            r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><base href="{sub}/"><title>Grafana</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="{sub}/host.css"><style>body{{margin:0}}</style>
<script nonce="{nonce}">window.grafanaBootData={boot};window.__grafana_public_path__='public/';window.__rigMeta={meta};window.__rig={rig};</script></head>
<body><div id="reactRoot"></div><script nonce="{nonce}" src="{sub}/host.js"></script></body></html>
"#,
            boot = inline(&boot),
            meta = inline(&meta),
            rig = inline(&rig),
        );
        let answer =
            Answer::new(200, "text/html; charset=UTF-8", html.into_bytes()).with(header::CACHE_CONTROL, "no-store");
        match &self.security_policy {
            Some(template) => answer.with(header::CONTENT_SECURITY_POLICY, &self.policy(template, &nonce)),
            None => answer,
        }
    }

    /// `middleware/csp.go` `ReplacePolicyVariables`.
    fn policy(&self, template: &str, nonce: &str) -> String {
        let address = self.root_url.split_once("//").map_or("", |(_, address)| address);
        template
            .replace("$NONCE", &format!("'nonce-{nonce}'"))
            .replace("$ROOT_PATH", address)
    }

    /// Which Grafana the host is made of: its files lie in `.cache/<line>/dist`.
    fn line(&self) -> String {
        let folder = self.host_assets.as_deref().and_then(Path::parent);
        let line = folder.and_then(Path::file_name).map(|name| name.to_string_lossy());
        let line = line.filter(|name| name.starts_with(|first: char| first.is_ascii_digit()));
        format!("{}.0", line.as_deref().unwrap_or("13.2"))
    }

    /// For people; tests send `POST /login`.
    pub(super) fn sign_in(&self) -> Answer {
        let html = r#"<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Sign in</title><link rel="icon" href="data:,">
<style>body{font:14px system-ui;background:#111217;color:#ccccdc;display:grid;place-items:center;height:100vh;margin:0}
form{display:grid;gap:12px;width:260px}input,button{font:inherit;padding:8px}</style></head>
<body><form><h1>Stand-in Grafana</h1><label>User <input name="user" autocomplete="username" autofocus required></label>
<label>Password <input name="password" type="password" autocomplete="current-password" required></label><button>Sign in</button><output></output></form>
<script>document.forms[0].onsubmit=async event=>{event.preventDefault();const form=event.target;
const answer=await fetch('SUB/login',{method:'POST',headers:{'Content-Type':'application/json'},body:JSON.stringify(Object.fromEntries(new FormData(form)))});
const said=await answer.json();if(answer.ok)location.href=said.redirectUrl;else form.querySelector('output').textContent=said.message};</script></body></html>
"#;
        let html = html.replace("SUB", &self.sub_path);
        Answer::new(200, "text/html; charset=UTF-8", html.into_bytes())
    }
}

fn may_open(plugin: &Plugin, path: &str, who: &Identity) -> bool {
    let path = path.trim_matches('/');
    let includes = plugin.manifest["includes"].as_array().into_iter().flatten();
    includes
        .filter(|include| include["type"] == "page")
        .filter(|include| {
            include["path"]
                .as_str()
                .is_some_and(|own| own.trim_matches('/') == path)
        })
        .all(|include| {
            let wanted = include["role"].as_str().and_then(Role::of).unwrap_or(Role::Viewer);
            who.role >= wanted
        })
}
