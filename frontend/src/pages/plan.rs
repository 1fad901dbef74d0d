//! *Plan*: what would be done, what waits for a yes, and whether anything is written at all.
//!
//! Start at [`PlanPage`].

mod held;
mod operation;
mod table;

use leptos::prelude::*;

use self::{held::HeldThings, operation::Switch, table::Table};
use crate::components::Clock;

/// The tab.
#[component]
pub fn PlanPage() -> impl IntoView {
    provide_context(Clock::start());
    view! {
        <Switch />
        <HeldThings />
        <Table />
    }
}
