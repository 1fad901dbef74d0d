//! Icons, drawn here: Grafana serves its own at addresses that differ from version to version.
//!
//! Owns: the drawings, 24 × 24, in the colour of the text around them. An icon never stands alone for a meaning: words go beside it.

use leptos::prelude::*;

/// The drawings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IconName {
    /// A tick.
    Check,
    /// A cross.
    Cross,
    /// A triangle with an exclamation mark.
    Warning,
    /// A circle with an i.
    Info,
    /// A circle of dashes: waiting.
    Waiting,
    /// A magnifying glass.
    Search,
    /// Two sheets.
    Copy,
    /// A bin.
    Trash,
    /// A padlock.
    Lock,
    /// To the right.
    Arrow,
    /// Two arrows in a circle.
    Refresh,
    /// A pencil.
    Edit,
}

impl IconName {
    fn path(self) -> &'static str {
        match self {
            Self::Check => "M5 12.5l4.5 4.5L19 7.5",
            Self::Cross => "M6.5 6.5l11 11M17.5 6.5l-11 11",
            Self::Warning => "M12 3.5L2.5 20h19L12 3.5zM12 10v4.5M12 17.2v.1",
            Self::Info => "M12 3a9 9 0 100 18 9 9 0 000-18zM12 11v5.5M12 7.6v.1",
            Self::Waiting => "M12 3a9 9 0 100 18 9 9 0 000-18zM12 7v5l3.5 2",
            Self::Search => "M10.5 3.5a7 7 0 100 14 7 7 0 000-14zM15.6 15.6L21 21",
            Self::Copy => "M9 8.5h11.5V21H9zM15 8.5V3H3.5v12.5H9",
            Self::Trash => "M4 6.5h16M9 6.5V3.5h6v3M6 6.5L7 21h10l1-14.5M10 10.5v6.5M14 10.5v6.5",
            Self::Lock => "M5.5 11h13v10h-13zM8 11V7.5a4 4 0 018 0V11",
            Self::Arrow => "M4 12h15M13 6l6 6-6 6",
            Self::Edit => "M4 20l1-4.5L16.5 4 20 7.5 8.5 19z",
            Self::Refresh => "M20 11a8 8 0 00-14.5-3.5L4 9.5M4 4.5v5h5M4 13a8 8 0 0014.5 3.5l1.5-2M20 19.5v-5h-5",
        }
    }
}

/// One icon, hidden from screen readers.
#[component]
pub fn Icon(name: IconName) -> impl IntoView {
    view! {
        <svg class="rcl-icon" viewBox="0 0 24 24" width="16" height="16" aria-hidden="true" focusable="false">
            <path d=name.path() />
        </svg>
    }
}
