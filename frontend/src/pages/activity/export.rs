//! What the filter matches, as a file: page by page, because there may be a lot.

use admin_api::ActivityEntry;
use leptos::{prelude::*, task::spawn_local};

use super::filter::filter;
use crate::{
    api::{self, ApiError},
    components::Button,
    format,
    host::{self, Host},
};

/// As many as the API gives at once.
const AT_ONCE: u32 = 200;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Csv,
    Json,
}

/// How many lines have come; `None` where nothing is being exported.
type Progress = RwSignal<Option<i64>>;

async fn every(host: Host, progress: Progress) -> Result<Option<Vec<ActivityEntry>>, ApiError> {
    let mut filter = filter(host);
    filter.push(("after", None));
    let mut all = Vec::new();
    loop {
        let page = api::activity(host, AT_ONCE, &filter).await?;
        all.extend(page.entries);
        // Stopped, or the page has gone.
        if progress.try_get_untracked().flatten().is_none() {
            return Ok(None);
        }
        progress.try_set(Some(all.len() as i64));
        let Some(next) = page.next else {
            return Ok(Some(all));
        };
        if let Some(after) = filter.last_mut() {
            after.1 = Some(next.to_string());
        }
    }
}

/// "Export CSV", "Export JSON"; while it runs, how far it is and "Stop".
#[component]
pub fn Export() -> impl IntoView {
    let host = Host::get();
    let progress: Progress = RwSignal::new(None);
    let said = RwSignal::new(String::new());
    let run = Callback::new(move |format: Format| {
        progress.set(Some(0));
        said.set(String::new());
        spawn_local(async move {
            let all = every(host, progress).await;
            progress.try_set(None);
            match all {
                Ok(None) => drop(said.try_set("Stopped".to_owned())),
                Err(error) => drop(said.try_set(error.message)),
                Ok(Some(all)) => {
                    let (name, media_type, text) = match format {
                        Format::Csv => ("activity.csv", "text/csv", format::activity_csv(&all, host::iso_time)),
                        Format::Json => (
                            "activity.json",
                            "application/json",
                            serde_json::to_string(&all).unwrap_or_default(),
                        ),
                    };
                    host.download(name, media_type, &text);
                    said.try_set(format::counted(all.len() as i64, "line exported", "lines exported"));
                }
            }
        });
    });
    let text = move || match progress.get() {
        Some(lines) => format!("{} so far", format::counted(lines, "line", "lines")),
        None => said.get(),
    };
    let idle = move || progress.with(Option::is_none);
    view! {
        <span class="rcl-muted" role="status">{text}</span>
        <Show when=idle fallback=move || view! { <Button on_click=move |_| progress.set(None)>"Stop"</Button> }>
            <Button on_click=move |_| run.run(Format::Csv)>"Export CSV"</Button>
            <Button on_click=move |_| run.run(Format::Json)>"Export JSON"</Button>
        </Show>
    }
}
