//! Requests and failures, hour by hour.

use admin_api::{HourCount, Overview};
use leptos::prelude::*;

use crate::{format, host::Host, loaded::Loaded};

/// The bars, their numbers in a sentence, and as a table for whoever wants each.
#[component]
pub fn Chart(overview: Loaded<Overview>) -> impl IntoView {
    let host = Host::get();
    let hours = overview.list(|o| o.chart.clone());
    let most = move || hours.with(|hours| hours.iter().map(|hour| hour.requests).max().unwrap_or_default());
    let all = move |of: fn(&HourCount) -> i64| hours.with(|hours| hours.iter().map(of).sum::<i64>());
    let bars = move |of: fn(&HourCount) -> i64| {
        hours.with(|hours| format::bars(&hours.iter().map(of).collect::<Vec<_>>(), most()))
    };
    let sentence = move || {
        format!(
            "{} in the last 24 hours, {} of them not served; {} in the busiest hour.",
            format::counted(all(|hour| hour.requests), "request", "requests"),
            all(|hour| hour.failed),
            most()
        )
    };
    let row = move |hour: HourCount| {
        view! {
            <tr>
                <td>{host.exact_time(hour.from_ms)}</td>
                <td class="rc-number">{host.number(hour.requests)}</td>
                <td class="rc-number">{host.number(hour.failed)}</td>
            </tr>
        }
        .into_any()
    };
    let rows = move || {
        let busy = hours.get().into_iter().rev().filter(|hour| hour.requests > 0);
        busy.map(row).collect_view()
    };
    view! {
        <section class="rc-section" aria-labelledby="rc-chart">
            <h2 class="rc-h" id="rc-chart">"Requests"</h2>
            <svg class="rc-chart" viewBox="0 0 240 40" preserveAspectRatio="none" role="img" aria-label=sentence>
                <path class="rc-chart__all" d=move || bars(|hour| hour.requests) />
                <path class="rc-chart__failed" d=move || bars(|hour| hour.failed) />
            </svg>
            <p class="rc-muted rc-gap-half">{sentence}</p>
            <details>
                <summary>"As a table"</summary>
                <table class="rc-table">
                    <thead><tr><th>"Hour from"</th><th class="rc-number">"Requests"</th><th class="rc-number">"Not served"</th></tr></thead>
                    <tbody>{rows}</tbody>
                </table>
            </details>
        </section>
    }
    .into_any()
}
