//! `POST admin/credentials/test` and `…/given`: can these credentials do what is needed, and may a secret go where it goes?
//!
//! Owns: the handlers, and who may try what. Must never keep or log what was typed. Start at [`test`].

use std::time::Duration;

use admin_api::{CredentialTest, CredentialsGiven, CredentialsTest, Settings};
use axum::{
    Json,
    body::Bytes,
    http::{StatusCode, header},
    response::{IntoResponse as _, Response},
};
use domain::settings;
use serde::de::DeserializeOwned;

use super::{
    call::AdminCall,
    failure::{AdminFailure, Answer},
    server_admin,
    settings::answer,
};
use crate::http::control::{Given, TestAnswer};

/// Not through `call::Body`: serde's words could quote a password.
fn body<T: DeserializeOwned>(bytes: &Bytes) -> Answer<T> {
    serde_json::from_slice(bytes).map_err(|_| AdminFailure::new(StatusCode::BAD_REQUEST, "The request cannot be read."))
}

/// What is in force may be tried by every Admin. Anything typed could be a guess, or an address of the network behind.
pub(in crate::http) async fn test(call: AdminCall, bytes: Bytes) -> Answer<Response> {
    let mut wanted: CredentialsTest = body(&bytes)?;
    if let (Some(url), Some(key)) = (&wanted.grafana_url, settings::key("grafana_url")) {
        let url = settings::validate(key, url).map_err(|e| AdminFailure::invalid("grafana_url", e.to_string()))?;
        wanted.grafana_url = Some(url).filter(|url| !url.is_empty());
    }
    if is_typed(&call, &wanted) {
        server_admin::needed(&call, "A test of anything but what is saved").await?;
    }
    let answer: Result<Json<CredentialTest>, Duration> =
        match call.api.control.test_credentials(call.org_id(), wanted).await {
            TestAnswer::Tried(found) => Ok(Json(found)),
            TestAnswer::Wait(wait) => Err(wait),
        };
    Ok(answer.map_or_else(
        |wait| {
            too_soon(
                wait,
                "Credentials were tested a moment ago, and wrong passwords lock an account.",
            )
        },
        |found| found.into_response(),
    ))
}

/// Whether there is anything in it that is not in force.
fn is_typed(call: &AdminCall, wanted: &CredentialsTest) -> bool {
    let now = &call.api.control.settings(call.org_id()).effective;
    let filled = |text: &Option<String>| text.as_deref().is_some_and(|text| !text.is_empty());
    let other_url = wanted.grafana_url.as_ref().is_some_and(|url| *url != now.grafana_url);
    let user = wanted
        .admin_user
        .as_deref()
        .map(str::trim)
        .filter(|user| !user.is_empty());
    let other_user = user.is_some_and(|user| now.admin_user.as_deref() != Some(user));
    other_url || other_user || filled(&wanted.admin_password) || filled(&wanted.service_account_token)
}

/// Everybody who knows a secret may say that it goes where the settings say now.
pub(in crate::http) async fn given(call: AdminCall, bytes: Bytes) -> Answer<Response> {
    let given: CredentialsGiven = body(&bytes)?;
    match call.api.control.secrets_given(call.org_id(), given).await {
        Given::Taken => {
            let settings: Json<Settings> = answer(&call.api.control.settings(call.org_id()));
            Ok(settings.into_response())
        }
        Given::Wrong => {
            tracing::warn!(
                org = call.org_id().get(),
                correlation = call.context.correlation,
                "somebody typed a secret again, and it is not the one that Grafana keeps"
            );
            Err(AdminFailure::conflict(
                "That is not what Grafana keeps. If it is right, save it as a new one: type another and then this, or set it in a file.",
            ))
        }
        Given::Wait(wait) => Ok(too_soon(wait, "A wrong one was typed a moment ago.")),
    }
}

fn too_soon(wait: Duration, why: &str) -> Response {
    // In whole seconds (RFC 9110 §10.2.3), and never 0.
    let seconds = wait.as_secs() + 1;
    let said = format!("{why} Try again in {seconds} seconds.");
    let mut response = AdminFailure::new(StatusCode::TOO_MANY_REQUESTS, said).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
}
