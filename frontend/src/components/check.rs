//! Findings: what was looked at, how it stands, and what to do.

use admin_api::{Check, CredentialTest, TestOutcome};
use leptos::prelude::*;

use super::{Alert, CopyLines, Icon, IconName, Severity, Tone};
use crate::{api::ApiError, host::Host, route::Location};

/// One line each; the words that are to be fixed on a page of ours lead there.
#[component]
pub fn Checks(checks: Vec<Check>) -> impl IntoView {
    let host = Host::get();
    let line = move |check: Check| {
        let (tone, icon, said) = match check.outcome {
            TestOutcome::Ok => (Tone::Good, IconName::Check, "works"),
            TestOutcome::Note => (Tone::Info, IconName::Info, "worth knowing"),
            TestOutcome::Warning => (Tone::Warning, IconName::Warning, "works, but"),
            TestOutcome::Failed => (Tone::Bad, IconName::Cross, "does not work"),
        };
        let what = if check.page.is_empty() {
            view! { <strong>{check.what}</strong> }.into_any()
        } else {
            view! { <a class="rcl-link" href=host.link(Location::parse(&check.page))>{check.what}</a> }.into_any()
        };
        let answer = check
            .status
            .map(|status| view! { <div class="rcl-mono">{check.request}" → "{status}</div> }.into_any());
        let lines = (!check.lines.is_empty()).then(|| view! { <CopyLines lines=check.lines /> }.into_any());
        view! {
            <li class="rcl-check">
                <span class=tone.class("tone")><Icon name=icon /></span>
                <div class="rcl-grow">
                    {what}<span class="rcl-sr">": "{said}</span>
                    {answer}
                    <div class="rcl-small rcl-muted">{check.detail}</div>
                    {lines}
                </div>
            </li>
        }
        .into_any()
    };
    view! { <ul class="rcl-checks">{checks.into_iter().map(line).collect_view()}</ul> }.into_any()
}

/// How a test is going, and what it found.
#[component]
pub fn Tested(
    busy: RwSignal<bool>,
    result: RwSignal<Option<Result<CredentialTest, ApiError>>>,
    /// For tests of the page.
    testid: &'static str,
) -> impl IntoView {
    let found = move || {
        result.get().map(|result| match result {
            Ok(test) => {
                let severity = if test.ok { Severity::Success } else { Severity::Error };
                view! { <Alert severity=severity title=test.message /><Checks checks=test.checks /> }.into_any()
            }
            Err(error) => {
                view! { <Alert severity=Severity::Error title="The test could not be made">{error.message}</Alert> }
                    .into_any()
            }
        })
    };
    view! {
        <span class="rcl-muted" role="status">{move || busy.get().then_some("Testing…")}</span>
        <div class="rcl-gap" aria-live="polite" data-testid=testid>{found}</div>
    }
    .into_any()
}
