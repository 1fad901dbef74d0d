//! "Retry now" and "Resync", wherever one person, group or line is shown. Start at [`AgainButtons`].

use leptos::{prelude::*, task::spawn_local};

use crate::{
    api::{self, Again},
    components::{Button, failure},
    host::Host,
};

/// "Retry now" while something waits, "Resync" always.
#[component]
pub fn AgainButtons(
    kind: &'static str,
    id: String,
    waits: bool,
    changed: Callback<()>,
    #[prop(optional)] children: Option<Children>,
) -> impl IntoView {
    let host = Host::get();
    let id = StoredValue::new(id);
    let busy = RwSignal::new(false);
    let failed = RwSignal::new(None::<String>);
    let ask = Callback::new(move |what: Again| {
        busy.set(true);
        spawn_local(async move {
            let answer = api::again(host, what, kind, &id.get_value()).await;
            busy.try_set(false);
            if answer.is_ok() {
                host.notify_success(match what {
                    Again::Retry => "It is tried again now",
                    Again::Resync => "It is compared with Grafana now",
                });
            }
            if failed.try_set(answer.err().map(|error| error.message)).is_none() {
                changed.run(());
            }
        });
    });
    view! {
        {failure("It was not done", failed)}
        <div class="rcl-row">
            {waits.then(|| view! { <Button disabled=busy on_click=move |_| ask.run(Again::Retry)>"Retry now"</Button> })}
            <Button disabled=busy on_click=move |_| ask.run(Again::Resync)>"Resync"</Button>
            {children.map(|children| children())}
        </div>
    }
}
