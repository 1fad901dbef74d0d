//! The admin page: a client-rendered Leptos app that `shim/module.js` mounts below Grafana's own title and tabs.
//!
//! Owns: its root element and nothing outside of it. Must never read or write the URL itself (Grafana owns it: see [`route`]), call
//! `fetch` itself (see [`host`]) or name a colour (see `style/rollcall.css`).
//! Start at [`mount`], then [`app`], then `pages`.
#![warn(missing_docs)]

mod api;
mod app;
mod components;
mod crash;
mod format;
mod host;
mod loaded;
mod pages;
mod route;

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::{
    app::App,
    host::{Context, Host},
    route::Route,
};

/// A mounted page. Its owner, the shim, passes paths in and takes it away.
#[wasm_bindgen]
pub struct Handle {
    route: ArcRwSignal<Route>,
    mounted: Box<dyn std::any::Any>,
}

/// Puts the page into `root`. `context` is described at [`Context`].
#[wasm_bindgen]
pub fn mount(root: HtmlElement, context: Context) -> Handle {
    crash::show_panics_in(&root);
    let route = ArcRwSignal::new(Route::parse(&context.path()));
    let shown = route.clone();
    let mounted = leptos::mount::mount_to(root, move || {
        provide_context(Host::new(context));
        view! { <App route=shown /> }
    });
    Handle {
        route,
        mounted: Box::new(mounted),
    }
}

#[wasm_bindgen]
impl Handle {
    /// Grafana's location has changed: `path` is what follows the app's own base, e.g. `mappings`.
    pub fn set_path(&self, path: &str) {
        let next = Route::parse(path);
        if self.route.get_untracked() != next {
            self.route.set(next);
        }
    }

    /// Takes the page away: timers, listeners and elements.
    pub fn unmount(self) {
        drop(self.mounted);
    }
}
