//! Alerts: what happened, and what to do, above the content it is about.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It worked.
    Success,
    /// It did not work.
    Error,
}

/// What did not work, as long as it says so.
pub fn failure(title: &'static str, failed: RwSignal<Option<String>>) -> AnyView {
    let alert = move || {
        let message = failed.get()?;
        Some(view! { <Alert severity=Severity::Error title=title>{message}</Alert> })
    };
    alert.into_any()
}

/// An alert. Errors interrupt a screen reader, the others wait.
#[component]
pub fn Alert(
    severity: Severity,
    #[prop(into)] title: String,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let (class, icon, role) = match severity {
        Severity::Info => ("rcl-alert rcl-alert--info", IconName::Info, "status"),
        Severity::Success => ("rcl-alert rcl-alert--success", IconName::Check, "status"),
        Severity::Error => ("rcl-alert rcl-alert--error", IconName::Warning, "alert"),
    };
    view! {
        <div class=class role=role>
            <div class="rcl-alert__icon"><Icon name=icon /></div>
            <div class="rcl-alert__body">
                <div class="rcl-alert__title">{title}</div>
                {children.map(|children| view! { <div class="rcl-alert__content">{children()}</div> })}
            </div>
        </div>
    }
}
