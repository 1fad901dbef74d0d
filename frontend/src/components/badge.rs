//! Badges: a state in one or two words. The words carry the meaning; the colour only helps.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// What the state means to an admin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// On its way, or worth knowing.
    Info,
    /// Look at this.
    Warning,
    /// Broken.
    Bad,
    /// No judgement.
    Plain,
}

impl Tone {
    /// `rcl-badge--good` and so on, for whatever comes in tones.
    pub fn class(self, of: &str) -> String {
        let tone = match self {
            Self::Good => "good",
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Bad => "bad",
            Self::Plain => "plain",
        };
        format!("rcl-{of} rcl-{of}--{tone}")
    }
}

/// A badge; `title` is the why, on hover.
#[component]
pub fn Badge(
    tone: Tone,
    #[prop(into)] text: String,
    #[prop(optional)] icon: Option<IconName>,
    #[prop(optional, into)] title: Option<String>,
) -> impl IntoView {
    view! {
        <span class=tone.class("badge") title=title>
            {icon.map(|name| view! { <Icon name=name /> })}
            {text}
        </span>
    }
}
