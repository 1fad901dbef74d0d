//! What would be done, by person and team: searchable, and as a file.
//!
//! Must never plan: the backend does, with the planners that also act. Start at [`Table`].

use std::time::Duration;

use admin_api::{Plan, PlanRow};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::{Ago, Button, SearchInput, failure, rows},
    format,
    host::Host,
    loaded::{Loaded, poll},
};

const PERIOD: Duration = Duration::from_secs(5);
/// More than anybody reads; a search or a file shows the rest.
const SHOWN: u32 = 200;

/// The plan.
#[component]
pub fn Table() -> impl IntoView {
    let host = Host::get();
    let plan = Loaded::<Plan>::new();
    let query = RwSignal::new(String::new());
    let refresh = move || {
        let text = query.get_untracked();
        plan.load(async move { api::plan(host, &text, Some(SHOWN)).await });
    };
    poll(PERIOD, refresh);
    let failed = RwSignal::new(None::<String>);
    let export = move |csv: bool| {
        let text = query.get_untracked();
        spawn_local(async move {
            match api::plan(host, &text, None).await {
                Ok(plan) if csv => host.download("plan.csv", "text/csv", &format::plan_csv(&plan.rows)),
                Ok(plan) => {
                    let text = serde_json::to_string(&plan.rows).unwrap_or_default();
                    host.download("plan.json", "application/json", &text);
                }
                Err(error) => drop(failed.try_set(Some(error.message))),
            }
        });
    };
    let found = plan.list(|plan| plan.rows.clone());
    let total = plan.part(|plan| plan.total);
    let at = plan.part(|plan| plan.at_ms);
    let count = move || {
        total
            .get()
            .map(|total| format::counted(total, "person or team", "people and teams"))
    };
    let row = move |row: PlanRow| {
        view! {
            <tr data-testid="planned">
                <td>{row.name}<div class="rcl-small rcl-muted">{row.kind}</div></td>
                <td>{row.steps.into_iter().map(|step| view! { <div>{step}</div> }).collect_view()}</td>
                <td class="rcl-muted">{row.why}</td>
            </tr>
        }
    };
    view! {
        <section class="rcl-section" aria-labelledby="rcl-plan">
            <h2 class="rcl-h" id="rcl-plan">"What would be done"</h2>
            {failure("The plan was not loaded", failed)}
            <p class="rcl-muted">
                {count}
                {move || at.get().flatten().map(|at_ms| view! { ", compared with Grafana "<Ago at_ms=at_ms /> })}
            </p>
            <div class="rcl-row">
                <SearchInput label="Search the plan" on_search=move |text| { query.set(text); refresh() } />
                <Button on_click=move |_| export(true)>"Export CSV"</Button>
                <Button on_click=move |_| export(false)>"Export JSON"</Button>
            </div>
            <Show
                when=move || !found.with(Vec::is_empty)
                fallback=|| view! { <p class="rcl-muted rcl-gap">"Nothing: Grafana matches, or was not compared yet."</p> }
            >
                <div class="rcl-scroll rcl-gap">
                    <table class="rcl-table">
                        <thead><tr><th>"Who"</th><th>"What"</th><th>"Why"</th></tr></thead>
                        <tbody>{move || rows(found, row)}</tbody>
                    </table>
                </div>
            </Show>
        </section>
    }
    .into_any()
}
