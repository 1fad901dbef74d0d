//! Wakes the engine after a request that changed something.
//!
//! Owns: when that is. Must never be left to a handler, which could forget it. Start at [`wake`].

use axum::{
    extract::{Request, State},
    middleware::Next,
    response::Response,
};

use super::api::Api;

/// Routes, then wakes: what was answered with success is on disk.
pub(super) async fn wake(State(api): State<Api>, request: Request, next: Next) -> Response {
    let reads = request.method().is_safe();
    let response = next.run(request).await;
    if !reads && response.status().is_success() {
        api.control.wake();
    }
    response
}
