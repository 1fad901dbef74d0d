//! `/scim/v2` itself: lists over all resource types (RFC 7644 §3.4.2.1, §3.4.3).
//!
//! Owns: the handlers. Must never know one resource type from another. Start at [`search`].

use axum::{
    Extension,
    extract::{RawQuery, State},
};
use scim::{ListQuery, ResourceType};

use super::{Answer, SearchBody, listing};
use crate::http::Api;
use store::WriteContext;

pub(in crate::http) async fn list(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = ListQuery::from_query(query.as_deref().unwrap_or_default())?;
    listing::list(&api, &ctx, query, &ResourceType::ALL).await
}

pub(in crate::http) async fn search(
    State(api): State<Api>,
    Extension(ctx): Extension<WriteContext>,
    SearchBody(query): SearchBody,
) -> Answer {
    listing::list(&api, &ctx, query, &ResourceType::ALL).await
}
