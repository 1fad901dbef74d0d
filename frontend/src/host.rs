//! What Grafana gives this page: who is asking, the way to its API, its history, its notifications.
//!
//! Owns: the typed view of the `ctx` object that `shim/module.js` makes (the two must say the same). Must never know what is asked:
//! that is [`crate::api`]. Start at [`Context`].

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

use crate::route::Location;

#[wasm_bindgen]
extern "C" {
    /// The shim's `ctx`.
    #[derive(Clone)]
    pub type Context;

    /// This plugin's id.
    #[wasm_bindgen(method, getter, js_name = pluginId)]
    pub fn plugin_id(this: &Context) -> String;
    /// Where this app lives, e.g. `/grafana/a/rollcall-scim-app`.
    #[wasm_bindgen(method, getter)]
    pub fn base(this: &Context) -> String;
    /// Where Grafana lives: empty or a sub-path.
    #[wasm_bindgen(method, getter, js_name = appUrl)]
    pub fn app_url(this: &Context) -> String;
    /// The app's own path at the time of mounting.
    #[wasm_bindgen(method, getter)]
    pub fn path(this: &Context) -> String;
    #[wasm_bindgen(method, getter)]
    fn locale(this: &Context) -> String;
    #[wasm_bindgen(method, getter)]
    fn timezone(this: &Context) -> String;
    #[wasm_bindgen(method)]
    fn call(this: &Context, method: &str, path: &str, json_body: Option<String>) -> js_sys::Promise;
    #[wasm_bindgen(method)]
    fn grafana(this: &Context, method: &str, path: &str, json_body: Option<String>) -> js_sys::Promise;
    #[wasm_bindgen(method)]
    fn notify(this: &Context, kind: &str, title: &str, text: &str);
    #[wasm_bindgen(method)]
    fn copy(this: &Context, text: &str) -> js_sys::Promise;
    #[wasm_bindgen(method)]
    fn navigate(this: &Context, path: &str, replace: bool);
    #[wasm_bindgen(method)]
    fn download(this: &Context, name: &str, media_type: &str, text: &str);
    #[wasm_bindgen(method)]
    fn guard(this: &Context, question: &str);
}

/// The context, for every component: `Host::get()`.
#[derive(Clone, Copy)]
pub struct Host(StoredValue<Context, LocalStorage>, RwSignal<Location>);

impl Host {
    /// For the root only.
    pub fn new(context: Context, location: RwSignal<Location>) -> Self {
        Self(StoredValue::new_local(context), location)
    }

    /// The one of this page.
    pub fn get() -> Self {
        expect_context()
    }

    /// This plugin's id.
    pub fn plugin_id(self) -> String {
        self.0.with_value(Context::plugin_id)
    }

    /// Where Grafana's location is, as far as it is ours.
    pub fn location(self) -> ReadSignal<Location> {
        self.1.read_only()
    }

    /// What the URL says for `key`.
    pub fn query(self, key: &'static str) -> Memo<Option<String>> {
        let location = self.1;
        Memo::new(move |_| location.with(|location| location.get(key).map(str::to_owned)))
    }

    /// A link to a page of this app.
    pub fn link(self, to: impl Into<Location>) -> String {
        let (base, path) = (self.0.with_value(Context::base), to.into().to_path());
        if path.is_empty() {
            base
        } else {
            format!("{base}/{path}")
        }
    }

    /// A link to this page with `key` set.
    pub fn link_with(self, key: &str, value: &str) -> String {
        self.link(self.1.with(|location| location.with(key, Some(value))))
    }

    /// This page with `key` set or taken away: a step of its own in the browser's history, unless it is only a filter.
    pub fn turn(self, key: &str, value: Option<&str>, replace: bool) {
        let path = self.1.with_untracked(|location| location.with(key, value).to_path());
        let _ = self.0.try_with_value(|context| context.navigate(&path, replace));
    }

    /// Hands a file to the browser.
    pub fn download(self, name: &str, media_type: &str, text: &str) {
        let _ = self
            .0
            .try_with_value(|context| context.download(name, media_type, text));
    }

    /// Asks `question` before Grafana leaves this page; nothing is asked any more after an empty one.
    pub fn guard(self, question: &str) {
        let _ = self.0.try_with_value(|context| context.guard(question));
    }

    /// A link to a page of Grafana's own, e.g. `/org/serviceaccounts`.
    pub fn grafana_link(self, path: &str) -> String {
        format!("{}{path}", self.0.with_value(Context::app_url))
    }

    /// Calls the plugin's backend; `path` starts with `admin/`. Resolves to JSON `{status, body}`, always.
    pub async fn call(self, method: &str, path: &str, json_body: Option<String>) -> String {
        match self.0.try_with_value(|context| context.call(method, path, json_body)) {
            Some(promise) => text_of(promise).await,
            None => String::new(),
        }
    }

    /// Calls Grafana's own API; `path` starts with `/api/`.
    pub async fn grafana(self, method: &str, path: &str, json_body: Option<String>) -> String {
        match self
            .0
            .try_with_value(|context| context.grafana(method, path, json_body))
        {
            Some(promise) => text_of(promise).await,
            None => String::new(),
        }
    }

    /// Grafana's own green toast.
    pub fn notify_success(self, title: &str) {
        let _ = self
            .0
            .try_with_value(|context| context.notify("alertSuccess", title, ""));
    }

    /// Whether `text` is in the clipboard now.
    pub async fn copy(self, text: &str) -> bool {
        match self.0.try_with_value(|context| context.copy(text)) {
            Some(promise) => JsFuture::from(promise).await.is_ok_and(|done| done.is_truthy()),
            None => false,
        }
    }

    /// The exact time, in the reader's language and zone.
    pub fn exact_time(self, at_ms: i64) -> String {
        let options = js_sys::Object::new();
        for (name, value) in [
            ("dateStyle", JsValue::from("medium")),
            ("timeStyle", JsValue::from("medium")),
            ("timeZone", JsValue::from(self.0.with_value(Context::timezone))),
        ] {
            let _ = js_sys::Reflect::set(&options, &name.into(), &value);
        }
        let locale = self.0.with_value(Context::locale);
        date(at_ms).to_locale_string(&locale, &options).into()
    }

    /// `1204` as the reader writes it.
    pub fn number(self, n: i64) -> String {
        js_sys::Number::from(n as f64)
            .to_locale_string(&self.0.with_value(Context::locale))
            .into()
    }
}

fn date(at_ms: i64) -> js_sys::Date {
    js_sys::Date::new(&JsValue::from_f64(at_ms as f64))
}

/// RFC 3339, for machines (`<time datetime>`).
pub fn iso_time(at_ms: i64) -> String {
    date(at_ms).to_iso_string().into()
}

/// The browser's clock.
pub fn now_ms() -> i64 {
    js_sys::Date::now() as i64
}

/// Whether the tab is in the background, where asking again is a waste.
pub fn document_hidden() -> bool {
    document().hidden()
}

async fn text_of(promise: js_sys::Promise) -> String {
    JsFuture::from(promise)
        .await
        .ok()
        .and_then(|answer| answer.as_string())
        .unwrap_or_default()
}
