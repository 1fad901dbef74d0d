//! What an admin sees when this page itself has a bug.
//!
//! Owns: the panic hook. Must never use the app's own state, which is broken when this runs: plain DOM calls only.
//! Start at [`show_panics_in`].

use std::{cell::RefCell, sync::Once};

use wasm_bindgen::{JsCast, closure::Closure};
use web_sys::{Document, Element, HtmlElement};

thread_local! {
    static ROOT: RefCell<Option<HtmlElement>> = const { RefCell::new(None) };
}

/// From now on a panic replaces the content of `root` by a message and a way out.
pub fn show_panics_in(root: &HtmlElement) {
    ROOT.with_borrow_mut(|slot| *slot = Some(root.clone()));
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        std::panic::set_hook(Box::new(|panic| {
            console_error_panic_hook::hook(panic);
            let what = panic.to_string();
            // The borrow fails only if the panic came from this very function.
            let root = ROOT.with(|slot| slot.try_borrow().ok().and_then(|root| root.clone()));
            if let Some(root) = root {
                replace_by_message(&root, &what);
            }
        }));
    });
}

/// Errors are dropped: there is nobody left to tell.
fn replace_by_message(root: &HtmlElement, what: &str) -> Option<()> {
    let document = root.owner_document()?;
    let message = element(&document, "div", "rcl-alert rcl-alert--error", "")?;
    message.set_attribute("role", "alert").ok()?;
    let body = element(&document, "div", "rcl-alert__body", "")?;
    let title = element(&document, "div", "rcl-alert__title", "This page has crashed")?;
    let text =
        "Provisioning itself goes on: it does not run in this page. Reload, and if it happens again, report this:";
    let text = element(&document, "p", "", text)?;
    let detail = element(&document, "pre", "rcl-pre", what)?;
    let reload = element(&document, "button", "rcl-btn rcl-btn--secondary", "Reload")?;
    let on_click = Closure::<dyn Fn()>::new(|| {
        if let Some(window) = web_sys::window() {
            let _ = window.location().reload();
        }
    });
    reload
        .add_event_listener_with_callback("click", on_click.as_ref().unchecked_ref())
        .ok()?;
    on_click.forget();
    for part in [title, text, detail, reload] {
        body.append_child(&part).ok()?;
    }
    message.append_child(&body).ok()?;
    root.set_text_content(None);
    root.append_child(&message).ok()?;
    Some(())
}

fn element(document: &Document, tag: &str, class: &str, text: &str) -> Option<Element> {
    let element = document.create_element(tag).ok()?;
    element.set_class_name(class);
    element.set_text_content(Some(text));
    Some(element)
}
