//! `POST admin/credentials/test`: can these credentials do what is needed?
//!
//! Owns: the handler. Must never keep or log what was typed. Start at [`test`].

use admin_api::{CredentialTest, CredentialsTest};
use axum::{Extension, Json, body::Bytes, extract::State};
use domain::settings;

use super::{AdminFailure, Answer};
use crate::http::Api;
use store::WriteContext;

pub(in crate::http) async fn test(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    bytes: Bytes,
) -> Answer<Json<CredentialTest>> {
    // Not through `super::body`: serde's words could quote a password.
    let mut wanted: CredentialsTest = serde_json::from_slice(&bytes)
        .map_err(|_| AdminFailure::new(axum::http::StatusCode::BAD_REQUEST, "The request cannot be read."))?;
    if let (Some(url), Some(key)) = (&wanted.grafana_url, settings::key("grafana_url")) {
        let url = settings::validate(key, url).map_err(|e| AdminFailure::invalid("grafana_url", e.to_string()))?;
        wanted.grafana_url = Some(url).filter(|url| !url.is_empty());
    }
    Ok(Json(api.control.test_credentials(ctx.tenant.org_id, wanted).await))
}
