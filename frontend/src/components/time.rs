//! Relative times that go on by themselves, with the exact one on hover.

use std::time::Duration;

use leptos::prelude::*;

use crate::{
    format,
    host::{self, Host},
};

/// The server's clock, as far as the last answer told it: what it stamped is compared with its own now, not with this browser's.
#[derive(Clone, Copy)]
pub struct Clock {
    browser: RwSignal<i64>,
    ahead: RwSignal<i64>,
}

impl Clock {
    /// Ticks once a second until the component that made it goes.
    pub fn start() -> Self {
        let clock = Self {
            browser: RwSignal::new(host::now_ms()),
            ahead: RwSignal::new(0),
        };
        let tick = move || {
            clock.browser.try_set(host::now_ms());
        };
        if let Ok(tick) = set_interval_with_handle(tick, Duration::from_secs(1)) {
            on_cleanup(move || tick.clear());
        }
        clock
    }

    /// An answer came which the server made at `now_ms`.
    pub fn server_said(self, now_ms: i64) {
        let browser = host::now_ms();
        self.browser.try_set(browser);
        self.ahead.try_set(now_ms - browser);
    }

    /// The server's now.
    pub fn now(self) -> i64 {
        self.browser.get() + self.ahead.get()
    }
}

/// "12 s ago".
#[component]
pub fn Ago(at_ms: i64) -> impl IntoView {
    let (host, clock) = (Host::get(), expect_context::<Clock>());
    let text = Memo::new(move |_| format::ago(clock.now(), at_ms));
    view! { <time datetime=host::iso_time(at_ms) title=host.exact_time(at_ms)>{text}</time> }
}
