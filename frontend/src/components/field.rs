//! Form fields: label, description, the control, and what is wrong with its value, tied together for screen readers.

use leptos::prelude::*;

use super::icon::{Icon, IconName};

/// A field. The control inside must have the id `id`, and `aria-describedby` = `{id}-more`.
#[component]
pub fn Field(
    #[prop(into)] id: String,
    #[prop(into)] label: String,
    #[prop(optional, into)] description: Option<String>,
    #[prop(optional, into)] error: Signal<Option<String>>,
    children: Children,
) -> impl IntoView {
    let more = format!("{id}-more");
    view! {
        <div class="rcl-field">
            <label class="rcl-label" for=id>
                {label}
                {description.map(|text| view! { <span class="rcl-label__description">{text}</span> })}
            </label>
            {children()}
            <div id=more>
                {move || error.get().map(|text| view! {
                    <div class="rcl-field__error" role="alert"><Icon name=IconName::Warning />{text}</div>
                })}
            </div>
        </div>
    }
}
