//! Several people of the list, to answer the same question about them at once.
//!
//! Owns: which rows are ticked, and the answers they can be given. Must never act on a row that the list no longer shows.
//! Start at [`Selection`].

use admin_api::Person;
use leptos::prelude::*;

use super::decisions::{Asked, Decision, decision_button, decisions};

/// The SCIM ids of the ticked rows.
#[derive(Clone, Copy)]
pub struct Selection(RwSignal<Vec<String>>);

impl Selection {
    /// Nobody is ticked.
    pub fn new() -> Self {
        Self(RwSignal::new(Vec::new()))
    }

    /// Unticks every row.
    pub fn clear(self) {
        self.0.set(Vec::new());
    }

    /// A row's first cell.
    pub fn cell(self, person: &Person) -> AnyView {
        let (id, label) = (person.id.clone(), format!("Select {}", person.user_name));
        let ticked = {
            let id = id.clone();
            Signal::derive(move || self.0.with(|ids| ids.contains(&id)))
        };
        let tick = Callback::new(move |on: bool| {
            self.0.update(|ids| {
                ids.retain(|other| *other != id);
                if on {
                    ids.push(id.clone());
                }
            });
        });
        view! { <td>{checkbox(label, ticked, tick)}</td> }.into_any()
    }

    /// The head of that column: ticks every row of the page, or none.
    pub fn head(self, rows: Memo<Vec<Person>>) -> AnyView {
        let all = Signal::derive(move || {
            let count = rows.with(Vec::len);
            count > 0 && self.people(rows).len() == count
        });
        let tick = Callback::new(move |on: bool| {
            let ids = || rows.with_untracked(|rows| rows.iter().map(|person| person.id.clone()).collect());
            self.0.set(if on { ids() } else { Vec::new() });
        });
        view! { <th>{checkbox("Select everybody on this page".to_owned(), all, tick)}</th> }.into_any()
    }

    fn people(self, rows: Memo<Vec<Person>>) -> Vec<Person> {
        let ids = self.0.get();
        rows.with(|rows| rows.iter().filter(|person| ids.contains(&person.id)).cloned().collect())
    }

    /// The answers that somebody ticked can be given, each with the people it would be about.
    pub fn answers(self, rows: Memo<Vec<Person>>, changed: Callback<()>) -> AnyView {
        let choices = Memo::new(move |_| {
            let mut choices: Vec<(&'static Decision, Vec<Asked>)> = Vec::new();
            for person in self.people(rows) {
                let asked = Asked {
                    id: person.id.clone(),
                    name: person.user_name.clone(),
                };
                for decision in decisions(&person) {
                    match choices.iter_mut().find(|(other, _)| *other == decision) {
                        Some((_, people)) => people.push(asked.clone()),
                        None => choices.push((decision, vec![asked.clone()])),
                    }
                }
            }
            choices
        });
        let buttons = move || {
            let choices = choices.get();
            if choices.is_empty() {
                return view! { <p class="rcl-muted">"Select people to answer for several at once."</p> }.into_any();
            }
            let buttons = choices
                .into_iter()
                .map(|(decision, people)| decision_button(decision, people, changed))
                .collect_view();
            view! { <div class="rcl-row">{buttons}</div> }.into_any()
        };
        view! { <div class="rcl-gap-half" data-testid="answers">{buttons}</div> }.into_any()
    }
}

fn checkbox(label: String, ticked: Signal<bool>, tick: Callback<bool>) -> AnyView {
    view! {
        <input type="checkbox" aria-label=label prop:checked=ticked on:change=move |event| tick.run(event_target_checked(&event)) />
    }
    .into_any()
}
