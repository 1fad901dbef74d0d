//! How a group's status looks and reads. Start at [`status_badge`].

use admin_api::GroupStatus;
use leptos::prelude::*;

use crate::components::{Badge, Tone};

/// How a group stands, everywhere.
pub fn status_badge(status: GroupStatus) -> AnyView {
    let (tone, text) = match status {
        GroupStatus::InSync => (Tone::Good, "in sync"),
        GroupStatus::Pending => (Tone::Info, "pending"),
        GroupStatus::NotMapped => (Tone::Plain, "not mapped"),
        GroupStatus::NeedsAttention => (Tone::Warning, "needs you"),
    };
    view! { <Badge tone=tone text=text /> }.into_any()
}
