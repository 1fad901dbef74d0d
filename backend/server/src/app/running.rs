//! Everything that is there once the store is open.
//!
//! Owns: nothing but holding it together. Must never be made before the store is open. Start at [`Running`].

use std::sync::Arc;

use axum::Router;
use domain::Clock;
use tokio_util::sync::CancellationToken;

use super::{control, settings::SettingsState, store_watch::StoreWatch};
use crate::{http::Api, plugin::AppSettings};
use engine::Engine;
use store::Store;

/// The application at work.
pub(super) struct Running {
    pub(super) api: Api,
    pub(super) watch: Arc<StoreWatch>,
    /// Ends the watch.
    pub(super) stop: CancellationToken,
    pub(super) store: Store,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) settings: Arc<SettingsState>,
    pub(super) engine: Engine,
    pub(super) router: Router,
}

impl Running {
    /// What is new of where a secret may go is in force at once, and written down behind the request.
    pub(super) fn settings_seen(&self, seen: AppSettings) {
        let org_id = seen.org_id;
        let new = self.settings.seen(seen);
        if !new.is_empty() {
            let store = self.store.clone();
            tokio::spawn(async move { control::write_down(&store, org_id, &new).await });
        }
    }
}
