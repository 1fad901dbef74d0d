//! What narrows the list: read from the URL, in the words of the API. Start at [`filter`].

use leptos::prelude::*;

use crate::host::{self, Host};

/// What of the URL narrows the list, by its name in the API.
const KEYS: [&str; 5] = ["outcome", "source", "target", "correlation", "actor"];

/// What the URL asks for.
pub fn filter(host: Host) -> Vec<(&'static str, Option<String>)> {
    host.location().with_untracked(|at| {
        let mut filter: Vec<_> = KEYS
            .into_iter()
            .map(|key| (key, at.get(key).map(str::to_owned)))
            .collect();
        // Counted in hours back from now, so that a link means the same tomorrow.
        let hours = at.get("hours").and_then(|hours| hours.parse::<i64>().ok());
        let since = hours.map(|hours| host::now_ms() - hours.clamp(1, 24 * 366) * 3_600_000);
        filter.push(("since", since.map(|since| since.to_string())));
        filter
    })
}
