//! `POST admin/credentials/test`: can these credentials do what is needed?
//!
//! Owns: the handler. Must never keep or log what was typed. Start at [`test`].

use admin_api::{CredentialTest, CredentialsTest};
use axum::{Json, body::Bytes};
use domain::settings;

use super::{
    call::AdminCall,
    failure::{AdminFailure, Answer},
};

pub(in crate::http) async fn test(call: AdminCall, bytes: Bytes) -> Answer<Json<CredentialTest>> {
    // Not through `call::Body`: serde's words could quote a password.
    let mut wanted: CredentialsTest = serde_json::from_slice(&bytes)
        .map_err(|_| AdminFailure::new(axum::http::StatusCode::BAD_REQUEST, "The request cannot be read."))?;
    if let (Some(url), Some(key)) = (&wanted.grafana_url, settings::key("grafana_url")) {
        let url = settings::validate(key, url).map_err(|e| AdminFailure::invalid("grafana_url", e.to_string()))?;
        wanted.grafana_url = Some(url).filter(|url| !url.is_empty());
    }
    Ok(Json(call.api.control.test_credentials(call.org_id(), wanted).await))
}
