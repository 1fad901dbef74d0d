//! `ServiceProviderConfig`, `ResourceTypes`, `Schemas` (RFC 7644 §4), and `/Me`, which is not there.
//!
//! Owns: the handlers. Must never announce what does not work. Start at [`service_provider_config`].

use axum::{
    Extension,
    extract::{RawQuery, State},
    http::{StatusCode, Uri},
};
use scim::{Error, discovery, list};

use super::{Answer, Id, ScimFailure, base, bulk, json, listing};
use crate::http::{Api, MAX_BODY};
use store::WriteContext;

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
fn no_filter(query: Option<&str>) -> Result<(), ScimFailure> {
    let filters = list::query_string::parse(query.unwrap_or_default())
        .into_iter()
        .any(|(k, _)| k.eq_ignore_ascii_case("filter"));
    if filters {
        Err(Error::forbidden("Discovery endpoints cannot be filtered (RFC 7644 section 4).").into())
    } else {
        Ok(())
    }
}

pub(in crate::http) async fn service_provider_config(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
) -> Answer {
    no_filter(query.as_deref())?;
    Ok(json(
        StatusCode::OK,
        &discovery::service_provider_config(&base(&api, ctx.tenant.org_id), &CAPABILITIES),
    ))
}

pub(in crate::http) async fn resource_types(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
) -> Answer {
    no_filter(query.as_deref())?;
    Ok(json(
        StatusCode::OK,
        &discovery::resource_types(&base(&api, ctx.tenant.org_id)),
    ))
}

pub(in crate::http) async fn resource_type(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Id(name): Id,
    RawQuery(query): RawQuery,
) -> Answer {
    no_filter(query.as_deref())?;
    Ok(json(
        StatusCode::OK,
        &discovery::resource_type(&base(&api, ctx.tenant.org_id), &name)?,
    ))
}

pub(in crate::http) async fn schemas(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
) -> Answer {
    no_filter(query.as_deref())?;
    Ok(json(
        StatusCode::OK,
        &discovery::schemas(&base(&api, ctx.tenant.org_id)),
    ))
}

pub(in crate::http) async fn schema(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    Id(urn): Id,
    RawQuery(query): RawQuery,
) -> Answer {
    no_filter(query.as_deref())?;
    Ok(json(
        StatusCode::OK,
        &discovery::schema(&base(&api, ctx.tenant.org_id), &urn)?,
    ))
}

/// `/Me`: 501 (RFC 7644 §3.11). A service account is nobody's user.
pub(in crate::http) async fn not_implemented(uri: Uri) -> Answer {
    Err(Error::not_implemented(uri.path()).into())
}
