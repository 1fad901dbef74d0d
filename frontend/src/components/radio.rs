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
    /// What stands behind each: how many there are of it.
    #[prop(optional)]
    count: Option<Callback<T, String>>,
    on_choose: impl Fn(T) + Clone + 'static,
) -> impl IntoView
where
    T: Copy + PartialEq + Send + Sync + 'static,
{
    let (texts, values): (Vec<_>, Vec<_>) = choices.into_iter().map(|choice| (choice.text, choice.value)).unzip();
    let values = StoredValue::new(values);
    let at = move |at: usize| values.with_value(|values| values.get(at).copied());
    let chosen = Signal::derive(move || {
        let value = value.get()?;
        values.with_value(|values| values.iter().position(|known| *known == value))
    });
    let choose = Box::new(move |chosen| {
        if let Some(value) = at(chosen) {
            on_choose(value);
        }
    });
    let count = count.map(|count| Callback::new(move |of| at(of).map(|value| count.run(value)).unwrap_or_default()));
    radios(name, label, texts, chosen, disabled, count, choose)
}

/// Not generic in what is chosen, like [`super::button`].
fn radios(
    name: &'static str,
    label: &'static str,
    texts: Vec<&'static str>,
    value: Signal<Option<usize>>,
    disabled: Signal<bool>,
    count: Option<Callback<usize, String>>,
    on_choose: Box<dyn Fn(usize)>,
) -> AnyView {
    let on_choose = std::rc::Rc::new(on_choose);
    let radios = texts
        .into_iter()
        .enumerate()
        .map(|(at, text)| {
            let id = format!("rcl-{name}-{at}");
            let on_choose = on_choose.clone();
            let chosen = move || value.get() == Some(at);
            view! {
                <span class="rcl-radio__item">
                    <input
                        type="radio"
                        class="rcl-radio__input"
                        id=id.clone()
                        name=name
                        prop:checked=chosen
                        disabled=disabled
                        on:change=move |_| on_choose(at)
                    />
                    <label class="rcl-radio__label" for=id>
                        {text}
                        {count.map(|count| view! { " "<span class="rcl-radio__count">{move || count.run(at)}</span> })}
                    </label>
                </span>
            }
        })
        .collect_view();
    view! { <div class="rcl-radio" role="radiogroup" aria-label=label>{radios}</div> }.into_any()
}
