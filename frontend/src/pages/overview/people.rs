//! The people: who has access, and why (not).

use std::time::Duration;

use admin_api::{Access, AccountOrigin, People as Answer, Person};
use leptos::prelude::*;

use crate::{
    api,
    components::{Ago, Alert, Badge, Button, EmptyState, SearchInput, Severity, SkeletonRows, Tone},
    host::Host,
    loaded::{Loaded, poll, row_key},
};

const PAGE: u32 = 25;
const PERIOD: Duration = Duration::from_secs(5);
/// More group names than this in a cell are counted, not listed.
const GROUPS_SHOWN: usize = 3;

/// Table with search and paging.
#[component]
pub fn People() -> impl IntoView {
    let host = Host::get();
    let people = Loaded::<Answer>::new();
    let query = RwSignal::new(String::new());
    // Where each page we came through starts. Paging is by key: there are no page numbers to jump to.
    let pages = RwSignal::new(Vec::<String>::new());
    let refresh = move || {
        let (query, after) = (
            query.get_untracked(),
            pages.with_untracked(|pages| pages.last().cloned()),
        );
        people.load(async move { api::people(host, &query, after.as_deref(), PAGE).await });
    };
    poll(PERIOD, refresh);
    let search = move |text: String| {
        query.set(text);
        pages.set(Vec::new());
        refresh();
    };

    let rows = people.list(|answer| answer.users.clone());
    let total = people.part(|answer| answer.total);
    let next = people.part(|answer| answer.next.clone());
    let forward = move |_| {
        if let Some(after) = next.get_untracked().flatten() {
            pages.update(|pages| pages.push(after));
            refresh();
        }
    };
    let back = move |_| {
        pages.update(|pages| drop(pages.pop()));
        refresh();
    };
    let range = move || {
        let before = pages.with(Vec::len) as i64 * i64::from(PAGE);
        let shown = rows.with(Vec::len) as i64;
        let total = host.number(total.get().unwrap_or_default());
        format!(
            "{}–{} of {total}",
            host.number(before + shown.min(1)),
            host.number(before + shown)
        )
    };
    let nobody = move || {
        let message = if query.with(String::is_empty) {
            "No people yet"
        } else {
            "No person matches your search"
        };
        view! { <EmptyState message=message /> }
    };
    let arrived = people.arrived();
    view! {
        <section class="rc-section" aria-labelledby="rc-people">
            <h3 class="rc-h" id="rc-people">"People"</h3>
            <SearchInput label="Search people by login, name or e-mail" on_search=search />
            {move || people.error().get().map(|message| view! { <Alert severity=Severity::Error title="The people could not be loaded">{message}</Alert> })}
            <Show when=move || arrived.get() fallback=move || people.error().get().is_none().then(|| view! { <SkeletonRows columns=6 /> })>
                <Show when=move || !rows.with(Vec::is_empty) fallback=nobody>
                    <div class="rc-scroll">
                        <table class="rc-table" data-testid="people">
                            <thead><tr>
                                <th>"Login"</th><th>"Name"</th><th>"Email"</th><th>"Access"</th><th>"Origin"</th><th>"Groups"</th><th>"Changed"</th>
                            </tr></thead>
                            <tbody><For each=move || rows.get() key=row_key children=row /></tbody>
                        </table>
                    </div>
                    <nav class="rc-pager" aria-label="Pages of people">
                        <span class="rc-muted" aria-live="polite">{range}</span>
                        <Button small=true disabled=Signal::derive(move || pages.with(Vec::is_empty)) on_click=back>"Previous"</Button>
                        <Button small=true disabled=Signal::derive(move || next.get().flatten().is_none()) on_click=forward>"Next"</Button>
                    </nav>
                </Show>
            </Show>
        </section>
    }
}

fn row(person: Person) -> impl IntoView {
    let (tone, access) = match person.access {
        Access::Active => (Tone::Good, "active"),
        Access::Closed => (Tone::Plain, "closed"),
        Access::ClosedMayReturn => (Tone::Warning, "closed, may return"),
        Access::Pending => (Tone::Info, "pending"),
        Access::NeedsAttention => (Tone::Warning, "needs you"),
    };
    let origin = person.origin.map(|origin| match origin {
        AccountOrigin::Provisioned => {
            view! { <Badge tone=Tone::Info text="provisioned" title="Rollcall made this account" /> }
        }
        AccountOrigin::Claimed => {
            view! { <Badge tone=Tone::Plain text="claimed" title="This account was there before" /> }
        }
    });
    let more = person.groups.len().saturating_sub(GROUPS_SHOWN);
    let all_groups = person.groups.join(", ");
    let mut groups = person
        .groups
        .into_iter()
        .take(GROUPS_SHOWN)
        .collect::<Vec<_>>()
        .join(", ");
    if more > 0 {
        groups.push_str(&format!(" +{more}"));
    }
    view! {
        <tr>
            <td>{person.user_name}</td>
            <td>{person.name}</td>
            <td class="rc-muted">{person.email}</td>
            <td>
                <Badge tone=tone text=access />
                {person.note.map(|note| view! { <div class="rc-small rc-muted">{note}</div> })}
            </td>
            <td>{origin}</td>
            <td title=all_groups>{groups}</td>
            <td class="rc-nowrap rc-muted"><Ago at_ms=person.modified_ms /></td>
        </tr>
    }
}
