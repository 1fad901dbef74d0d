//! Dialogs.
//!
//! A native `<dialog>` in the top layer: the page behind is inert, Esc and a click beside it close it, the focus stays inside and goes
//! back to where it was, and no ancestor's stacking or `transform` in any version of Grafana can get in the way.

use leptos::{html, prelude::*};

use super::{
    button::{Button, ButtonLook, IconButton},
    icon::IconName,
};

/// Open for as long as it is mounted. `on_close` must unmount it.
#[component]
pub fn Modal(
    #[prop(into)] title: Signal<String>,
    /// At the right edge and as high as the page, for what belongs to one row of a list.
    #[prop(optional)]
    drawer: bool,
    on_close: impl Fn() + Copy + Send + Sync + 'static,
    children: Children,
) -> impl IntoView {
    let on_close = Callback::new(move |()| on_close());
    dialog(
        title,
        if drawer { "rcl-modal rcl-drawer" } else { "rcl-modal" },
        on_close,
        children,
    )
}

fn dialog(title: Signal<String>, class: &'static str, on_close: Callback<()>, children: Children) -> AnyView {
    let dialog = NodeRef::<html::Dialog>::new();
    // A question may be asked above a drawer.
    let title_id = if class.ends_with("rcl-drawer") {
        "rcl-drawer-title"
    } else {
        "rcl-modal-title"
    };
    // An effect runs once the element is in the document, which `show_modal` needs.
    Effect::new(move || {
        if let Some(dialog) = dialog.get() {
            let _ = dialog.show_modal();
        }
    });
    // Taken away without this, it would not give the focus back.
    on_cleanup(move || {
        if let Some(dialog) = dialog.try_get_untracked().flatten() {
            dialog.close();
        }
    });
    view! {
        <dialog
            class=class
            aria-labelledby=title_id
            node_ref=dialog
            on:cancel=move |event: web_sys::Event| {
                event.prevent_default();
                on_close.run(());
            }
            // Grafana has a shortcut on Esc that keeps the browser from sending `cancel`. A question above a drawer closes alone.
            on:keydown=move |event| {
                if event.key() == "Escape" {
                    event.prevent_default();
                    event.stop_propagation();
                    on_close.run(());
                }
            }
            on:click=move |event| {
                if dialog.get_untracked().is_some_and(|dialog| is_beside(&dialog, &event)) {
                    event.stop_propagation();
                    on_close.run(());
                }
            }
        >
            <div class="rcl-modal__header">
                <h2 class="rcl-modal__title" id=title_id>{title}</h2>
                <IconButton icon=IconName::Cross label="Close" on_click=move |_| on_close.run(()) />
            </div>
            <div class="rcl-modal__content">{children()}</div>
        </dialog>
    }
    .into_any()
}

/// Whether a click is on the backdrop. Its target is the dialog then, as that of a click on the dialog's own padding.
fn is_beside(dialog: &web_sys::HtmlDialogElement, event: &leptos::ev::MouseEvent) -> bool {
    let on_it = event
        .target()
        .is_some_and(|target| &target == dialog.as_ref() as &web_sys::EventTarget);
    let area = dialog.get_bounding_client_rect();
    let (x, y) = (f64::from(event.client_x()), f64::from(event.client_y()));
    let inside = (area.left()..=area.right()).contains(&x) && (area.top()..=area.bottom()).contains(&y);
    on_it && !inside
}

/// Asks before something that has a consequence; `children` names it.
#[component]
pub fn Confirm(
    #[prop(into)] title: String,
    /// What the button does, as a verb.
    #[prop(into)]
    action: String,
    #[prop(optional)] destructive: bool,
    /// While the answer is on its way.
    #[prop(into)]
    busy: Signal<bool>,
    on_confirm: impl Fn() + Copy + Send + Sync + 'static,
    on_close: impl Fn() + Copy + Send + Sync + 'static,
    children: Children,
) -> impl IntoView {
    let (on_confirm, on_close) = (
        Callback::new(move |()| on_confirm()),
        Callback::new(move |()| on_close()),
    );
    confirm(title, action, destructive, busy, on_confirm, on_close, children)
}

fn confirm(
    title: String,
    action: String,
    destructive: bool,
    busy: Signal<bool>,
    on_confirm: Callback<()>,
    on_close: Callback<()>,
    children: Children,
) -> AnyView {
    let look = if destructive {
        ButtonLook::Destructive
    } else {
        ButtonLook::Primary
    };
    let body = move || {
        view! {
            {children()}
            <div class="rcl-modal__buttons">
                <Button on_click=move |_| on_close.run(())>"Cancel"</Button>
                <Button look=look disabled=busy on_click=move |_| on_confirm.run(())>{action}</Button>
            </div>
        }
        .into_any()
    };
    dialog(Signal::stored(title), "rcl-modal rcl-confirm", on_close, Box::new(body))
}
