//! How the access and the origin of an account look and read. Start at [`access_badge`].

use admin_api::{Access, AccountOrigin};
use leptos::prelude::*;

use crate::components::{Badge, Tone};

/// How an access looks and reads, everywhere.
pub fn access_badge(access: Access) -> AnyView {
    let (tone, text) = match access {
        Access::Active => (Tone::Good, "active"),
        Access::NotClosed => (Tone::Bad, "not closed yet"),
        Access::Closed => (Tone::Plain, "closed"),
        Access::ClosedMayReturn => (Tone::Warning, "closed, may return"),
        Access::Pending => (Tone::Info, "pending"),
        Access::NeedsAttention => (Tone::Warning, "needs you"),
        Access::WaitingForSignIn => (Tone::Info, "waiting for first sign-in"),
        Access::KeptOpen => (Tone::Warning, "kept open"),
        Access::Released => (Tone::Plain, "not managed"),
    };
    view! { <Badge tone=tone text=text /> }.into_any()
}

/// Where an account comes from.
pub fn origin_badge(origin: AccountOrigin) -> AnyView {
    let (tone, text, title) = match origin {
        AccountOrigin::Provisioned => (Tone::Info, "provisioned", "Rollcall made this account"),
        AccountOrigin::Claimed => (Tone::Plain, "claimed", "This account was there before"),
    };
    view! { <Badge tone=tone text=text title=title /> }.into_any()
}
