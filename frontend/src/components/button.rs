//! Buttons, in Grafana's sizes and looks.

use leptos::{ev::MouseEvent, prelude::*};

use super::icon::{Icon, IconName};

/// How loud it is. At most one primary on a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ButtonLook {
    /// What the page is for.
    Primary,
    /// Everything else.
    #[default]
    Secondary,
    /// Takes something away.
    Destructive,
}

impl ButtonLook {
    fn class(self) -> &'static str {
        match self {
            Self::Primary => "rcl-btn--primary",
            Self::Secondary => "rcl-btn--secondary",
            Self::Destructive => "rcl-btn--destructive",
        }
    }
}

/// A button with words in it.
#[component]
pub fn Button(
    /// Secondary, if not said.
    #[prop(optional)]
    look: ButtonLook,
    /// 24 px high, for tables.
    #[prop(optional)]
    small: bool,
    /// Stays in the tab order only while it can be pressed.
    #[prop(optional, into)]
    disabled: Signal<bool>,
    /// What a screen reader says, where the words alone do not tell which row this is.
    #[prop(optional, into)]
    label: Option<String>,
    on_click: impl Fn(MouseEvent) + 'static,
    children: Children,
) -> impl IntoView {
    let class = format!("rcl-btn {}{}", look.class(), if small { " rcl-btn--sm" } else { "" });
    button(class, disabled, label, Box::new(on_click), children)
}

/// Not generic: there are many buttons, and each kind of closure would bring its own copy of this.
fn button(
    class: String,
    disabled: Signal<bool>,
    label: Option<String>,
    on_click: Box<dyn Fn(MouseEvent)>,
    children: Children,
) -> AnyView {
    view! {
        <button type="button" class=class disabled=disabled aria-label=label on:click=on_click>
            {children()}
        </button>
    }
    .into_any()
}

/// A square button with an icon; `label` is its name and its tooltip.
#[component]
pub fn IconButton(
    icon: IconName,
    #[prop(into)] label: String,
    on_click: impl Fn(MouseEvent) + 'static,
) -> impl IntoView {
    icon_button(icon, label, Box::new(on_click))
}

fn icon_button(icon: IconName, label: String, on_click: Box<dyn Fn(MouseEvent)>) -> AnyView {
    view! {
        <button type="button" class="rcl-icon-btn" aria-label=label.clone() title=label on:click=on_click>
            <Icon name=icon />
        </button>
    }
    .into_any()
}
