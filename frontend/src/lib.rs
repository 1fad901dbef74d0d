//! The admin page: a client-rendered Leptos app that `shim/module.js` mounts below Grafana's own title and tabs.
//!
//! Owns: its root element and nothing outside of it. Must never read or write the URL itself (Grafana owns it: see [`route`]), call
//! `fetch` itself (see [`host`]) or name a colour (see `style/rollcall.css`).
//! Start at [`mount`], then [`app`], then `pages`.
#![warn(missing_docs)]

mod api;
mod app;
mod banner;
mod components;
mod crash;
mod format;
mod host;
mod loaded;
mod pages;
mod route;
mod sentence;

use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use web_sys::HtmlElement;

use crate::{
    app::App,
    host::{Context, Host},
    route::Location,
};

/// A mounted page. Its owner, the shim, passes paths in and takes it away.
#[wasm_bindgen]
pub struct Handle {
    location: ArcRwSignal<Location>,
    mounted: Box<dyn std::any::Any>,
}

/// Puts the page into `root`. `context` is described at [`Context`].
#[wasm_bindgen]
pub fn mount(root: HtmlElement, context: Context) -> Handle {
    crash::show_panics_in(&root);
    let location = ArcRwSignal::new(Location::parse(&context.path()));
    let shown = location.clone();
    let mounted = leptos::mount::mount_to(root, move || {
        provide_context(Host::new(context, shown.into()));
        view! { <App /> }
    });
    Handle {
        location,
        mounted: Box::new(mounted),
    }
}

#[wasm_bindgen]
impl Handle {
    /// Grafana's location has changed: `path` is what follows the app's own base, e.g. `users?access=closed`.
    pub fn set_path(&self, path: &str) {
        let next = Location::parse(path);
        if self.location.get_untracked() != next {
            self.location.set(next);
        }
    }

    /// Takes the page away: timers, listeners and elements.
    pub fn unmount(self) {
        drop(self.mounted);
    }
}
