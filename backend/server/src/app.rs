//! Placeholder until the application is merged: the seam `gpx_rollcall` is written against.

use std::{collections::HashMap, convert::Infallible};

use crate::plugin::{AppSettings, Application, Health};

/// The application. To be replaced; `start` and `Application` are all the process needs.
#[derive(Clone)]
pub struct App;

impl App {
    /// Opens what the application needs. `environment` is the process's, read once in `main`.
    ///
    /// # Errors
    /// None yet.
    pub async fn start(_environment: &HashMap<String, String>) -> Result<Self, Infallible> {
        Ok(Self)
    }
}

impl Application for App {
    fn router(&self) -> axum::Router {
        axum::Router::new()
    }
    fn settings_seen(&self, settings: AppSettings) {
        tracing::trace!(?settings, "settings seen");
    }
    async fn health(&self, _: i64) -> Health {
        Health {
            ok: false,
            message: "not built yet".into(),
            details: serde_json::json!({}),
        }
    }
    async fn metrics(&self) -> String {
        String::new()
    }
    async fn stop(&self) {}
}
