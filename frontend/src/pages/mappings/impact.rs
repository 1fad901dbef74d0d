//! What a change would do, by name, before it is made; and the question whether to make it.
//!
//! The words come from the backend, which asks the planner that the engine asks. Start at [`impact`].

use admin_api::{MappingMode, Preview, TeamPreview};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{self, ApiError, Change},
    components::{Ago, Alert, Confirm, Severity, failure},
    host::Host,
};

/// Asked for again whenever `change` ([`Change::preview`]) is another one; `told` is set once it is said.
pub fn impact(change: Memo<Option<String>>, told: RwSignal<bool>) -> AnyView {
    let body = move || {
        told.set(false);
        change.get().map(|change| of(change, told))
    };
    view! { <div class="rcl-impact" aria-live="polite" data-testid="preview">{body}</div> }.into_any()
}

fn of(change: String, told: RwSignal<bool>) -> AnyView {
    let host = Host::get();
    let answer = StoredValue::new(None::<Result<Preview, ApiError>>);
    let arrived = RwSignal::new(false);
    spawn_local(async move {
        let preview = api::preview(host, change).await;
        answer.try_set_value(Some(preview));
        // A change that came meanwhile has taken this one's place. A preview that cannot be had must not keep anybody from what is to be done.
        if arrived.try_set(true).is_none() {
            told.try_set(true);
        }
    });
    let body = move || {
        arrived.track();
        match answer.try_update_value(Option::take).flatten() {
            None => view! { <p class="rcl-consequence rcl-muted">"Looking who would join and who would leave…"</p> }
                .into_any(),
            Some(Ok(preview)) => said(preview),
            Some(Err(error)) => {
                view! { <Alert severity=Severity::Error title="What would change is not known">{error.message}</Alert> }
                    .into_any()
            }
        }
    };
    body.into_any()
}

fn said(preview: Preview) -> AnyView {
    let host = Host::get();
    let team = |team: TeamPreview| {
        let lines = team
            .lines
            .into_iter()
            .map(|line| view! { <li>{line}</li> })
            .collect_view();
        view! { <dt>{team.team_name}</dt><dd><ul>{lines}</ul></dd> }
    };
    // More than a dialog has room for can be scrolled by keyboard too.
    let scrolls = (preview.teams.len() > 3).then_some("0");
    let teams = preview.teams.into_iter().map(team).collect_view();
    let more = (preview.more > 0).then(|| view! { <p>{format!("and {} more teams", host.number(preview.more))}</p> });
    let seen = preview
        .as_of_ms
        .map(|at| view! { <p class="rcl-small rcl-muted">"As Grafana had it "<Ago at_ms=at /></p> });
    view! {
        <div class="rcl-consequence">
            <p><strong>{preview.summary}</strong></p>
            <dl tabindex=scrolls>{teams}</dl>
            {more}
            {seen}
        </div>
    }
    .into_any()
}

/// Something to be asked before it is done.
#[derive(Clone, PartialEq)]
pub struct Question {
    /// As a question.
    pub title: String,
    /// What the button does.
    pub action: &'static str,
    /// What else follows, or does not.
    pub rest: &'static str,
    /// What is said once it is done.
    pub done: String,
    /// What is done.
    pub change: Change,
    /// Takes something away.
    pub destructive: bool,
    /// The mode it would bring.
    pub mode: Option<MappingMode>,
}

/// The question, with what would follow.
#[component]
pub fn Ask(
    question: Question,
    on_done: impl Fn() + Copy + Send + Sync + 'static,
    on_close: impl Fn() + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let host = Host::get();
    let (busy, told) = (RwSignal::new(false), RwSignal::new(false));
    let failed = RwSignal::new(None::<String>);
    let preview = question.change.preview.clone();
    let preview = Memo::new(move |_| Some(preview.clone()));
    let what = StoredValue::new((question.change, question.done));
    let confirm = move || {
        busy.set(true);
        spawn_local(async move {
            let (change, done) = what.get_value();
            match api::apply(host, change).await {
                Ok(()) => {
                    host.notify_success(&done);
                    on_done();
                }
                Err(error) => {
                    busy.try_set(false);
                    failed.try_set(Some(error.message));
                }
            }
        });
    };
    let waits = Signal::derive(move || busy.get() || !told.get());
    view! {
        <Confirm title=question.title action=question.action destructive=question.destructive busy=waits on_confirm=confirm on_close=on_close>
            {failure("Nothing was changed", failed)}
            {impact(preview, told)}
            <p class="rcl-muted">{question.rest}</p>
        </Confirm>
    }
}
