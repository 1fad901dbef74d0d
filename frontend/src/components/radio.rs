//! A choice among few, all visible: Grafana's segmented radio buttons. Real radio inputs, so the arrow keys work by themselves.

use leptos::prelude::*;

/// One choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice<T> {
    /// What it stands for.
    pub value: T,
    /// What it says.
    pub text: &'static str,
}

/// The group. It shows `value` and reports a wish through `on_choose`; who owns the value decides.
#[component]
pub fn RadioGroup<T>(
    /// Unique on the page: it ties the inputs together.
    name: &'static str,
    /// What is being chosen.
    label: &'static str,
    choices: Vec<Choice<T>>,
    #[prop(into)] value: Signal<Option<T>>,
    #[prop(optional, into)] disabled: Signal<bool>,
    on_choose: impl Fn(T) + Clone + 'static,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let radios = choices
        .into_iter()
        .enumerate()
        .map(|(at, choice)| {
            let id = format!("rc-{name}-{at}");
            let on_choose = on_choose.clone();
            let chosen = move || value.get() == Some(choice.value);
            view! {
                <span class="rc-radio__item">
                    <input
                        type="radio"
                        class="rc-radio__input"
                        id=id.clone()
                        name=name
                        prop:checked=chosen
                        disabled=disabled
                        on:change=move |_| on_choose(choice.value)
                    />
                    <label class="rc-radio__label" for=id>{choice.text}</label>
                </span>
            }
        })
        .collect_view();
    view! { <div class="rc-radio" role="radiogroup" aria-label=label>{radios}</div> }
}
