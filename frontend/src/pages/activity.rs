//! *Activity*: what happened to X, and why?
//!
//! The log as sentences, by outcome, source, time and target; one line in a drawer that has its own URL; the whole as a file.
//! Start at [`ActivityPage`].

mod export;
mod filter;
mod line;

use std::time::Duration;

use admin_api::{Activity, ActivityEntry};
use leptos::prelude::*;

pub use self::line::Lines;
use self::{export::Export, filter::filter, line::LineDrawer};
use crate::{
    api,
    components::{Answered, Button, Choice, Clock, EmptyState, Pager, RadioGroup, Select},
    host::Host,
    loaded::{Loaded, poll},
};

const PAGE: u32 = 50;
const PERIOD: Duration = Duration::from_secs(5);

/// Names in the API, and in words.
const OUTCOMES: [(&str, &str); 5] = [
    ("", "Everything"),
    ("done", "Done"),
    ("refused", "Refused"),
    ("retry", "Tried again"),
    ("attention", "Needs you"),
];

const SOURCES: [(&str, &str); 4] = [
    ("", "From anywhere"),
    ("scim", "Identity provider"),
    ("grafana", "Changes in Grafana"),
    ("admin", "Admins"),
];

const TIMES: [(&str, &str); 4] = [
    ("", "Any time"),
    ("1", "Last hour"),
    ("24", "Last 24 hours"),
    ("168", "Last 7 days"),
];

/// What the URL narrows the list to.
#[derive(Clone, Copy)]
struct Narrowing {
    outcome: Memo<Option<String>>,
    target: Memo<Option<String>>,
    source: Memo<Option<String>>,
    hours: Memo<Option<String>>,
    correlation: Memo<Option<String>>,
    actor: Memo<Option<String>>,
}

impl Narrowing {
    fn of(host: Host) -> Self {
        Self {
            outcome: host.query("outcome"),
            target: host.query("target"),
            source: host.query("source"),
            hours: host.query("hours"),
            correlation: host.query("correlation"),
            actor: host.query("actor"),
        }
    }

    /// Another one when any of them is.
    fn all(self) -> Memo<[Option<String>; 6]> {
        Memo::new(move |_| {
            [
                self.outcome.get(),
                self.target.get(),
                self.source.get(),
                self.hours.get(),
                self.correlation.get(),
                self.actor.get(),
            ]
        })
    }
}

/// The tab.
#[component]
pub fn ActivityPage() -> impl IntoView {
    let host = Host::get();
    provide_context(Clock::start());
    let activity = Loaded::<Activity>::new();
    let narrowing = Narrowing::of(host);
    let open = host.query("line");
    let pages = RwSignal::new(Vec::<i64>::new());
    let refresh = move || {
        let mut filter = filter(host);
        let after = pages.with_untracked(|pages| pages.last().map(i64::to_string));
        filter.push(("after", after));
        activity.load(async move { api::activity(host, PAGE, &filter).await });
    };
    poll(PERIOD, refresh);
    let narrowed = narrowing.all();
    Effect::watch(
        move || narrowed.get(),
        move |_, _, _| {
            pages.set(Vec::new());
            refresh();
        },
        false,
    );

    let lines = activity.list(|answer| answer.entries.clone());
    let next = activity.part(|answer| answer.next);
    let turn = move |forward: bool| {
        if !forward {
            pages.update(|pages| {
                pages.pop();
            });
        } else if let Some(after) = next.get_untracked().flatten() {
            pages.update(|pages| pages.push(after));
        }
        refresh();
    };
    let range = Signal::derive(move || match pages.with(Vec::len) {
        0 => "Newest first".to_owned(),
        page => format!("Page {}", host.number(page as i64 + 1)),
    });
    let arrived = activity.arrived();
    view! {
        {filters(host, activity, narrowing)}
        {move || followed(host, narrowing.target, lines)}
        {move || one_request(host, narrowing.correlation)}
        <Answered error=activity.error() arrived=arrived failed="The activity could not be loaded" columns=2>
            <Show when=move || !lines.with(Vec::is_empty) fallback=move || nothing(narrowed)>
                <Lines lines=lines nothing="" />
                <Pager
                    label="Pages of activity" range=range
                    first=Signal::derive(move || pages.with(Vec::is_empty)) last=Signal::derive(move || next.get().flatten().is_none())
                    turn=Callback::new(turn)
                />
            </Show>
        </Answered>
        {move || open.get().and_then(|id| id.parse().ok()).map(|id: i64| view! { <LineDrawer id=id /> })}
    }
}

/// What narrows the list, and *Export*.
fn filters(host: Host, activity: Loaded<Activity>, narrowing: Narrowing) -> impl IntoView {
    let Narrowing {
        outcome,
        source,
        hours,
        actor,
        ..
    } = narrowing;
    let choose = move |key| Callback::new(move |value: String| host.turn(key, Some(&value), true));
    let chosen = Signal::derive(move || {
        let outcome = outcome.get().unwrap_or_default();
        OUTCOMES.iter().map(|(name, _)| *name).find(|name| *name == outcome)
    });
    let named = activity.list(|answer| answer.callers.clone());
    // What the URL names may have called long ago; and later pages name nobody.
    let callers = Memo::new(move |before: Option<&Vec<String>>| {
        let mut callers = named.get();
        if callers.is_empty() {
            callers = before.cloned().unwrap_or_default();
        }
        callers.extend(actor.get().filter(|actor| !callers.contains(actor)));
        callers
    });
    let caller = move |login: String| {
        let (value, this) = (login.clone(), login.clone());
        view! { <option value=value prop:selected=move || actor.get().as_ref() == Some(&this)>{login}</option> }
            .into_any()
    };
    let choices = OUTCOMES.map(|(value, text)| Choice { value, text }).to_vec();
    view! {
        <div class="rcl-filters">
            <RadioGroup name="outcome" label="Outcome" choices=choices value=chosen on_choose=move |name: &'static str| host.turn("outcome", Some(name), true) />
            <Select label="Source" options=&SOURCES value=source on_choose=choose("source") />
            <select class="rcl-input rcl-select" aria-label="Who" on:change=move |event| host.turn("actor", Some(&event_target_value(&event)), true)>
                <option value="" prop:selected=move || actor.get().is_none()>"By anybody"</option>
                {move || callers.get().into_iter().map(caller).collect_view()}
            </select>
            <Select label="Time" options=&TIMES value=hours on_choose=choose("hours") />
            <span class="rcl-grow"></span>
            <Export />
        </div>
    }
}

/// What the list follows. The name is in the lines themselves.
fn followed(host: Host, target: Memo<Option<String>>, lines: Memo<Vec<ActivityEntry>>) -> Option<impl IntoView> {
    target.get().map(|id| {
        let name = lines.with(|lines| {
            lines
                .iter()
                .find(|line| line.target_id == id)
                .map(|line| line.target_name.clone())
        });
        let name = name.filter(|name| !name.is_empty()).unwrap_or(id);
        view! {
            <p class="rcl-row" role="status">
                <span>"Only what happened to "<strong>{name}</strong></span>
                <Button small=true on_click=move |_| host.turn("target", None, false)>"Show everything"</Button>
            </p>
        }
    })
}

/// Said while the list shows what one request led to.
fn one_request(host: Host, correlation: Memo<Option<String>>) -> Option<impl IntoView> {
    correlation.get().map(|_| {
        view! {
            <p class="rcl-row" role="status">
                <span>"Only one request, and what it led to"</span>
                <Button small=true on_click=move |_| host.turn("correlation", None, false)>"Show everything"</Button>
            </p>
        }
    })
}

/// Said where there is no line.
fn nothing(narrowed: Memo<[Option<String>; 6]>) -> impl IntoView {
    if narrowed.with(|keys| keys.iter().all(Option::is_none)) {
        view! {
            <EmptyState message="Nothing has happened yet">
                "Each request of your identity provider that changes something or is refused has a line here, and so has each change in Grafana."
            </EmptyState>
        }
    } else {
        view! { <EmptyState message="No line matches">"Choose another outcome, or show everything."</EmptyState> }
    }
}
