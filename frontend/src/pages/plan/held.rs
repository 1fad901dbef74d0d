//! What the brake holds: each named, with the request that asks for it, and the answers.
//!
//! Must never be shown while nothing is held or kept. Start at [`HeldThings`].

use std::time::Duration;

use admin_api::{Held, HeldAnswer, HeldList};
use leptos::{prelude::*, task::spawn_local};

use crate::{
    api,
    components::{Ago, Button, Confirm, failure, rows},
    format,
    host::Host,
    loaded::{Loaded, poll},
    route::{Location, Route},
};

const PERIOD: Duration = Duration::from_secs(3);

/// Which, and whether it is a yes.
type Asked = Option<(Vec<i64>, bool)>;

/// The list, above the plan.
#[component]
pub fn HeldThings() -> impl IntoView {
    let host = Host::get();
    let list = Loaded::<HeldList>::new();
    let refresh = move || list.load(api::held(host));
    poll(PERIOD, refresh);
    let held = list.list(|list| list.held.clone());
    let kept = list.list(|list| list.rejected.clone());
    let asked = RwSignal::new(None::<(Vec<i64>, bool)>);
    view! {
        <Show when=move || !held.with(Vec::is_empty)>
            <section class="rcl-section" aria-labelledby="rcl-held">
                <h2 class="rcl-h" id="rcl-held">{move || format!("Held ({})", held.with(Vec::len))}</h2>
                <p>"The identity provider took more away within a short time than the limit allows. What is over the limit waits for you."</p>
                <Button on_click=move |_| asked.set(Some((held.with(|all| all.iter().map(|one| one.id).collect()), true)))>"Approve all"</Button>" "
                <Button on_click=move |_| asked.set(Some((held.with(|all| all.iter().map(|one| one.id).collect()), false)))>"Reject all"</Button>
                <div class="rcl-scroll rcl-gap">
                    <table class="rcl-table">
                        <thead><tr><th>"Who"</th><th>"What is asked"</th><th>"By"</th><th>"Since"</th><th></th></tr></thead>
                        <tbody>{move || rows(held, move |one: Held| row(host, one, Some(asked)))}</tbody>
                    </table>
                </div>
            </section>
        </Show>
        <Show when=move || !kept.with(Vec::is_empty)>
            <section class="rcl-section" aria-labelledby="rcl-kept">
                <h2 class="rcl-h" id="rcl-kept">{move || format!("Kept as it is ({})", kept.with(Vec::len))}</h2>
                <p class="rcl-muted">"Until the identity provider asks for it again."</p>
                <div class="rcl-scroll rcl-gap">
                    <table class="rcl-table">
                        <thead><tr><th>"Who"</th><th>"What was asked"</th><th>"By"</th><th>"Since"</th><th>"Now"</th></tr></thead>
                        <tbody>{move || rows(kept, move |one: Held| row(host, one, None))}</tbody>
                    </table>
                </div>
            </section>
        </Show>
        <Show when=move || asked.with(Option::is_some)>
            <Question asked=asked refresh=refresh />
        </Show>
    }
    .into_any()
}

fn row(host: Host, one: Held, asked: Option<RwSignal<Asked>>) -> AnyView {
    let id = one.id;
    let by = host.link(Location::from(Route::Activity).with("correlation", Some(&one.correlation)));
    let request = if one.request.is_empty() {
        "a request".to_owned()
    } else {
        one.request
    };
    let answers = asked.map(|asked| {
        view! {
            <Button on_click=move |_| asked.set(Some((vec![id], true)))>"Approve"</Button>" "
            <Button on_click=move |_| asked.set(Some((vec![id], false)))>"Reject"</Button>
        }
    });
    view! {
        <tr data-testid="held">
            <td>{one.name}</td>
            <td>{one.what}</td>
            <td><a class="rcl-link" href=by>{request}</a></td>
            <td class="rcl-nowrap rcl-muted"><Ago at_ms=one.since_ms /></td>
            <td class="rcl-nowrap">{answers}{one.decided}</td>
        </tr>
    }
    .into_any()
}

/// Both answers are asked about: one closes people, the other keeps them in.
#[component]
fn Question(asked: RwSignal<Asked>, refresh: impl Fn() + Copy + Send + Sync + 'static) -> impl IntoView {
    let host = Host::get();
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let Some((ids, approve)) = asked.get_untracked() else {
        return ().into_any();
    };
    let many = format::counted(ids.len() as i64, "thing", "things");
    let ids = StoredValue::new(ids);
    let confirm = move || {
        busy.set(true);
        spawn_local(async move {
            let answer = HeldAnswer {
                ids: ids.get_value(),
                approve,
            };
            match api::decide_held(host, &answer).await {
                Ok(()) => {
                    asked.try_set(None);
                    refresh();
                }
                Err(error) => {
                    busy.try_set(false);
                    failed.try_set(Some(error.message));
                }
            }
        });
    };
    let (title, action, means) = if approve {
        ("Approve?", "Approve", "is done at once, as the identity provider asks.")
    } else {
        (
            "Reject?",
            "Reject",
            "is not done. People stay in until the identity provider says it again.",
        )
    };
    view! {
        <Confirm title=title action=action destructive=approve busy=busy on_confirm=confirm on_close=move || asked.set(None)>
            {failure("It was not done", failed)}
            <p class="rcl-consequence">{many}" "{means}</p>
        </Confirm>
    }
    .into_any()
}
