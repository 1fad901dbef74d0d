//! The question which store is the right one: asked only where Grafana knows another one.

use admin_api::Overview;
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::{Alert, Button, Severity, failure},
    host::Host,
    loaded::Loaded,
};

/// Why it is asked, and the two answers.
#[component]
pub fn StoreQuestion(overview: Loaded<Overview>, refresh: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let host = Host::get();
    let question = overview.part(|o| o.store_question.clone());
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let decide = move |decision: &'static str| {
        busy.set(true);
        spawn_local(async move {
            let answer = api::decide_store(host, decision).await;
            busy.try_set(false);
            if failed.try_set(answer.err().map(|error| error.message)).is_none() {
                refresh();
            }
        });
    };
    move || {
        let why = question.get().flatten()?;
        Some(view! {
            {failure("The answer was not taken", failed)}
            <Alert severity=Severity::Error title="Which store is the right one?">
                <p>{why}</p>
                <Button disabled=busy on_click=move |_| decide("right_store")>"This is the right store now"</Button>
                " "
                <Button disabled=busy on_click=move |_| decide("start_over")>"The other is lost: start over"</Button>
            </Alert>
        })
    }
}
