//! Requests and failures, hour by hour.

use admin_api::{HourCount, Overview};
use leptos::prelude::*;

use crate::{format, host::Host, loaded::Loaded};

fn most(overview: &Overview) -> i64 {
    overview
        .chart
        .iter()
        .map(|hour| hour.requests)
        .max()
        .unwrap_or_default()
}

fn bars(overview: &Overview, of: fn(&HourCount) -> i64) -> String {
    let values: Vec<_> = overview.chart.iter().map(of).collect();
    format::bars(&values, most(overview))
}

/// The bars, their numbers in a sentence, and in a list for anybody who wants each hour.
// Everything is text before it is remembered: a type of its own in a memo costs more bytes than the chart.
#[component]
pub fn Chart(overview: Loaded<Overview>) -> impl IntoView {
    let host = Host::get();
    let all = overview.part(|o| bars(o, |hour| hour.requests));
    let failed = overview.part(|o| bars(o, |hour| hour.failed));
    let sentence = overview.part(|o| {
        format!(
            "{} in the last 24 hours, {} of them not served; {} in the busiest hour.",
            format::counted(o.chart.iter().map(|hour| hour.requests).sum(), "request", "requests"),
            o.chart.iter().map(|hour| hour.failed).sum::<i64>(),
            most(o)
        )
    });
    let hours = overview.list(move |o| {
        let busy = o.chart.iter().rev().filter(|hour| hour.requests > 0);
        busy.map(|hour| {
            format!(
                "From {}: {}, {} not served",
                host.exact_time(hour.from_ms),
                format::counted(hour.requests, "request", "requests"),
                hour.failed
            )
        })
        .collect()
    });
    view! {
        <section class="rcl-section" aria-labelledby="rcl-chart">
            <h2 class="rcl-h" id="rcl-chart">"Requests"</h2>
            <svg class="rcl-chart" viewBox="0 0 240 40" preserveAspectRatio="none" role="img" aria-label=sentence>
                <path class="rcl-chart__all" d=all />
                <path class="rcl-chart__failed" d=failed />
            </svg>
            <p class="rcl-muted rcl-gap-half">{sentence}</p>
            <details>
                <summary>"Hour by hour"</summary>
                <ul>{move || hours.get().into_iter().map(|hour| view! { <li>{hour}</li> }.into_any()).collect_view()}</ul>
            </details>
        </section>
    }
    .into_any()
}
