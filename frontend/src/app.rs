//! The frame around the pages: which one is shown. Their style (`style/rollcall.css`) is the shim's to put into the page.

use leptos::prelude::*;

use crate::{
    banner::Banner,
    components::EmptyState,
    host::Host,
    pages::{
        activity::ActivityPage, mappings::MappingsPage, overview::OverviewPage, plan::PlanPage, settings::SettingsPage,
        setup::SetupPage, users::UsersPage,
    },
    route::Route,
};

/// The whole app.
#[component]
pub fn App() -> impl IntoView {
    let location = Host::get().location();
    // A filter or a drawer is not another page.
    let route = Memo::new(move |_| location.with(|location| location.route.clone()));
    view! {
        <Banner />
        {move || match route.get() {
            Route::Overview => view! { <OverviewPage /> }.into_any(),
            Route::Users => view! { <UsersPage /> }.into_any(),
            Route::Activity => view! { <ActivityPage /> }.into_any(),
            Route::Setup => view! { <SetupPage /> }.into_any(),
            Route::Plan => view! { <PlanPage /> }.into_any(),
            Route::Mappings => view! { <MappingsPage /> }.into_any(),
            Route::Settings => view! { <SettingsPage /> }.into_any(),
            Route::Unknown(_) => {
                let overview = Host::get().link(Route::Overview);
                view! {
                    <EmptyState message="There is no such page">
                        <a class="rcl-link" href=overview>"Go to the overview"</a>
                    </EmptyState>
                }
                    .into_any()
            }
        }}
    }
}
