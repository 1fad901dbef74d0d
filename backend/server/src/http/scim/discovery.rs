//! `ServiceProviderConfig`, `ResourceTypes`, `Schemas` (RFC 7644 §4), and `/Me`, which is not there.
//!
//! Owns: the handlers. Must never announce what does not work. Start at [`service_provider_config`].

use axum::http::{StatusCode, Uri};
use scim::{Error, discovery};

use super::{
    bulk,
    call::{Id, ScimCall},
    failure::{Answer, ScimFailure, json},
    listing,
};
use crate::http::api::MAX_BODY;

const CAPABILITIES: discovery::Capabilities = discovery::Capabilities {
    bulk: true,
    bulk_max_operations: bulk::MAX_OPERATIONS as u64,
    bulk_max_payload: MAX_BODY as u64,
    max_results: listing::MAX_RESULTS,
    default_page_size: listing::DEFAULT_RESULTS,
    sort: true,
    etag: true,
    cursor: true,
    // A cursor says where to go on; nothing here could forget it.
    cursor_timeout: None,
    documentation_uri: None,
};

/// RFC 7644 §4: a filter on a discovery endpoint is a 403.
fn refuse_filter(call: &ScimCall) -> Result<(), ScimFailure> {
    let filters = call
        .parameters()
        .into_iter()
        .any(|(k, _)| k.eq_ignore_ascii_case("filter"));
    if filters {
        Err(Error::forbidden("Discovery endpoints cannot be filtered (RFC 7644 section 4).").into())
    } else {
        Ok(())
    }
}

pub(in crate::http) async fn service_provider_config(call: ScimCall) -> Answer {
    refuse_filter(&call)?;
    Ok(json(
        StatusCode::OK,
        &discovery::service_provider_config(&call.base(), &CAPABILITIES),
    ))
}

pub(in crate::http) async fn resource_types(call: ScimCall) -> Answer {
    refuse_filter(&call)?;
    Ok(json(StatusCode::OK, &discovery::resource_types(&call.base())))
}

pub(in crate::http) async fn resource_type(call: ScimCall, Id(name): Id) -> Answer {
    refuse_filter(&call)?;
    Ok(json(StatusCode::OK, &discovery::resource_type(&call.base(), &name)?))
}

pub(in crate::http) async fn schemas(call: ScimCall) -> Answer {
    refuse_filter(&call)?;
    Ok(json(StatusCode::OK, &discovery::schemas(&call.base())))
}

pub(in crate::http) async fn schema(call: ScimCall, Id(urn): Id) -> Answer {
    refuse_filter(&call)?;
    Ok(json(StatusCode::OK, &discovery::schema(&call.base(), &urn)?))
}

/// `/Me`: 501 (RFC 7644 §3.11). A service account is nobody's user.
pub(in crate::http) async fn not_implemented(uri: Uri) -> Answer {
    Err(Error::not_implemented(uri.path()).into())
}
