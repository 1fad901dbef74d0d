//! *Users*: why does (or doesn't) this person have access?
//!
//! Everybody the identity provider has sent, by search and by access; one person in a drawer that has its own URL.
//! Start at [`UsersPage`].

mod badges;
mod decisions;
mod person;
mod selection;

use std::time::Duration;

use admin_api::{People, Person};
use leptos::prelude::*;

pub use self::badges::access_badge;
use self::{badges::origin_badge, person::PersonDrawer, selection::Selection};
use crate::{
    api,
    components::{self, Ago, Answered, Choice, Clock, EmptyState, Pager, RadioGroup, SearchInput},
    host::Host,
    loaded::{Loaded, poll},
    route::Route,
};

const PAGE: u32 = 25;
const PERIOD: Duration = Duration::from_secs(5);
/// More group names than this in a cell are counted, not listed.
const GROUPS_SHOWN: usize = 3;

/// Names in the API, and in words.
const FILTERS: [(&str, &str); 10] = [
    ("", "All people"),
    ("active", "Active"),
    ("not_closed", "Not closed yet"),
    ("closed", "Closed"),
    ("closed_may_return", "May return"),
    ("pending", "Pending"),
    ("needs_attention", "Needs you"),
    ("waiting_for_sign_in", "First sign-in"),
    ("released", "Not managed"),
    ("kept_open", "Kept open"),
];

/// The tab.
#[component]
pub fn UsersPage() -> impl IntoView {
    let host = Host::get();
    provide_context(Clock::start());
    let people = Loaded::<People>::new();
    let query = RwSignal::new(String::new());
    let access = host.query("access");
    let open = host.query("user");
    // Where each page we came through starts. Paging is by key: there are no page numbers to jump to.
    let pages = RwSignal::new(Vec::<String>::new());
    let refresh = move || {
        let filter = [
            ("query", Some(query.get_untracked())),
            ("access", access.get_untracked()),
            ("after", pages.with_untracked(|pages| pages.last().cloned())),
        ];
        people.load(async move { api::people(host, PAGE, &filter).await });
    };
    poll(PERIOD, refresh);
    let search = move |text: String| {
        query.set(text);
        pages.set(Vec::new());
        refresh();
    };
    let selection = Selection::new();
    // The filter is in the URL, so that "back" and a link bring it back.
    Effect::watch(
        move || access.get(),
        move |_, _, _| {
            pages.set(Vec::new());
            selection.clear();
            refresh();
        },
        false,
    );

    let rows = people.list(|answer| answer.users.clone());
    // Only there several wait for an answer of the same kind.
    let asks = Memo::new(move |_| access.get().as_deref() == Some("needs_attention"));
    let total = people.part(|answer| answer.total);
    let next = people.part(|answer| answer.next.clone());
    let turn = move |forward: bool| {
        if !forward {
            pages.update(|pages| drop(pages.pop()));
        } else if let Some(after) = next.get_untracked().flatten() {
            pages.update(|pages| pages.push(after));
        }
        refresh();
    };
    let range = range(host, pages, rows, total);
    let arrived = people.arrived();
    view! {
        <div class="rcl-filters">
            <SearchInput label="Search people by login, name or e-mail" on_search=search />
            {chips(host, people, access)}
        </div>
        <Answered error=people.error() arrived=arrived failed="The people could not be loaded" columns=7>
            <Show when=move || !rows.with(Vec::is_empty) fallback=move || nobody(host, query.with(String::is_empty) && access.with(Option::is_none))>
                {move || asks.get().then(|| selection.answers(rows, Callback::new(move |()| refresh())))}
                <div class="rcl-scroll" tabindex="0" role="region" aria-label="People">
                    <table class="rcl-table" data-testid="people">
                        <thead><tr>
                            {move || asks.get().then(|| selection.head(rows))}
                            <th>"Login"</th><th>"Name"</th><th>"Email"</th><th>"Access"</th><th>"Origin"</th><th>"Groups"</th><th>"Changed"</th>
                        </tr></thead>
                        <tbody>{move || {
                            let asks = asks.get();
                            components::rows(rows, move |person| row(person, asks.then_some(selection)))
                        }}</tbody>
                    </table>
                </div>
                <Pager
                    label="Pages of people" range=range
                    first=Signal::derive(move || pages.with(Vec::is_empty)) last=Signal::derive(move || next.get().flatten().is_none())
                    turn=Callback::new(turn)
                />
            </Show>
        </Answered>
        {move || open.get().map(|id| view! { <PersonDrawer id=id /> })}
    }
}

/// “26–50 of 1,204”.
fn range(
    host: Host,
    pages: RwSignal<Vec<String>>,
    rows: Memo<Vec<Person>>,
    total: Memo<Option<i64>>,
) -> Signal<String> {
    Signal::derive(move || {
        let before = pages.with(Vec::len) as i64 * i64::from(PAGE);
        let shown = rows.with(Vec::len) as i64;
        let total = host.number(total.get().unwrap_or_default());
        format!(
            "{}–{} of {total}",
            host.number(before + shown.min(1)),
            host.number(before + shown)
        )
    })
}

/// The accesses to choose from, each with how many people have it.
fn chips(host: Host, people: Loaded<People>, access: Memo<Option<String>>) -> impl IntoView {
    let chosen = Signal::derive(move || {
        let access = access.get().unwrap_or_default();
        FILTERS.iter().map(|(name, _)| *name).find(|name| *name == access)
    });
    let counts = people.list(|answer| {
        let count = |name: &str| {
            answer
                .counts
                .iter()
                .filter(|(of, _)| name.is_empty() || of == name)
                .map(|(_, n)| n)
                .sum()
        };
        FILTERS.iter().map(|(name, _)| count(name)).collect::<Vec<i64>>()
    });
    let of = move |access: &str| {
        let at = FILTERS.iter().position(|(name, _)| *name == access)?;
        counts.with(|counts| counts.get(at).copied())
    };
    let count = move |access: &'static str| of(access).map(|n| host.number(n)).unwrap_or_default();
    // Few ever wait for a first sign-in, or stop managing anybody; and who must be out is, as a rule.
    let rare = Memo::new(move |_| {
        ["not_closed", "waiting_for_sign_in", "released", "kept_open"]
            .map(|name| chosen.get() == Some(name) || of(name) > Some(0))
    });
    move || {
        let [open, waiting, released, kept] = rare.get();
        let shown = |(name, _): &(&str, &str)| match *name {
            "not_closed" => open,
            "waiting_for_sign_in" => waiting,
            "released" => released,
            "kept_open" => kept,
            _ => true,
        };
        let choices = FILTERS
            .into_iter()
            .filter(shown)
            .map(|(value, text)| Choice { value, text });
        view! {
            <RadioGroup name="access" label="Access" choices=choices.collect() value=chosen count=Callback::new(count)
                on_choose=move |name: &'static str| host.turn("access", Some(name), true) />
        }
    }
}

/// Said where there is nobody; `all` where nothing narrows the list.
fn nobody(host: Host, all: bool) -> AnyView {
    if all {
        let setup = host.link(Route::Setup);
        view! {
            <EmptyState message="No people yet">
                "They appear here as soon as your identity provider sends them. "
                <a class="rcl-link" href=setup>"Set it up"</a>
            </EmptyState>
        }
        .into_any()
    } else {
        view! { <EmptyState message="No person matches">"Try another search, or look at all people."</EmptyState> }
            .into_any()
    }
}

fn row(person: Person, selection: Option<Selection>) -> AnyView {
    let host = Host::get();
    let tick = selection.map(|selection| selection.cell(&person));
    let id = person.id;
    let href = move || host.link_with("user", &id);
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
            {tick}
            <td><a class="rcl-link" href=href>{person.user_name}</a></td>
            <td>{person.name}</td>
            <td class="rcl-muted">{person.email}</td>
            <td class="rcl-note">
                {access_badge(person.access)}
                {person.note.map(|note| view! { <div class="rcl-small rcl-muted">{note}</div> })}
            </td>
            <td>{person.origin.map(origin_badge)}</td>
            <td title=all_groups>{groups}</td>
            <td class="rcl-nowrap rcl-muted"><Ago at_ms=person.modified_ms /></td>
        </tr>
    }
    .into_any()
}
