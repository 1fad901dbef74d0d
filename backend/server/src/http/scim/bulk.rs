//! `/scim/v2/Bulk` (RFC 7644 §3.7).
//!
//! Owns: running the operations of one request in turn, each as if it had come alone: the same functions, a transaction of its own.
//! Must never undo one operation for another: RFC 7644 §3.7 has every operation succeed or fail by itself. Start at [`run`].

use std::collections::BTreeMap;

use axum::http::StatusCode;
use scim::{
    Error, ResourceType,
    bulk::{self, BulkOperation, BulkRequest, BulkResult, Method},
    version::etag,
};

use super::{
    call::{IfMatch, Json, ScimCall},
    endpoint::{Endpoint, Write},
    failure::{Answer, ScimFailure, json},
    groups::Groups,
    users::Users,
};
use crate::http::gate;
use store::{ActivityLine, Outcome, Source, WriteContext};

/// Operations in one request. authentik cuts its PATCH requests by it, too.
pub(super) const MAX_OPERATIONS: usize = 1_000;

pub(in crate::http) async fn run(call: ScimCall, Json(body): Json) -> Answer {
    let request = BulkRequest::parse(&body, MAX_OPERATIONS)?;
    drop(body);
    let (api, base) = (&call.api, call.base());
    // Every id beforehand, so that circular references (§3.7.1) can be filled in; the id of what could not be made is taken back.
    let mut ids: BTreeMap<String, String> = request
        .operations
        .iter()
        .filter(|operation| operation.method == Method::Post)
        .filter_map(|operation| Some((operation.bulk_id.clone()?, api.ids.resource_id())))
        .collect();
    let mut results = BTreeMap::new();
    let mut refused = Vec::new();
    for index in request.order() {
        let Some(operation) = request.operations.get(index) else {
            continue;
        };
        if request.stops_after(refused.len() as u64) {
            break;
        }
        let made = operation.bulk_id.as_ref().and_then(|bulk_id| ids.get(bulk_id)).cloned();
        let target = operation
            .with_ids(&ids)
            .and_then(|operation| Ok((Target::of(&operation)?, operation)));
        let (location, outcome) = match target {
            Err(error) => (None, Err(error)),
            Ok((target, operation)) => {
                let outcome = target.execute(&call, &operation, made.as_deref()).await;
                (
                    target.location(&base, made.as_deref()),
                    outcome.map_err(ScimFailure::into_error),
                )
            }
        };
        match &outcome {
            // A person whose access ends does not wait for the end of a long Bulk.
            Ok(_) => api.control.wake(),
            Err(error) => {
                if let Some(bulk_id) = &operation.bulk_id {
                    ids.remove(bulk_id);
                }
                refused.push(refusal(&call.context, operation, error));
            }
        }
        let failed_post = outcome.is_err() && operation.method == Method::Post;
        let result = BulkResult {
            method: operation.method,
            bulk_id: operation.bulk_id.clone(),
            location: location.filter(|_| !failed_post),
            version: outcome.as_ref().ok().and_then(|done| done.version).map(etag),
            outcome: outcome.map(|done| done.status.as_u16()),
        };
        results.insert(index, result);
    }
    // The answer is decided: a log that cannot be written must not change it.
    if let Err(error) = api.store.record(&refused).await {
        tracing::warn!(%error, "refused bulk operations could not be logged");
    }
    let results: Vec<BulkResult> = results.into_values().collect();
    Ok(json(StatusCode::OK, &bulk::response(&results)))
}

/// How an operation that was carried out went.
struct Done {
    status: StatusCode,
    version: Option<i64>,
}

/// What an operation works on.
struct Target {
    resource_type: ResourceType,
    /// `None`: all of them, which is where a POST goes.
    id: Option<String>,
}

impl Target {
    fn of(operation: &BulkOperation) -> Result<Self, Error> {
        let unknown = || Error::unknown_endpoint(&operation.path);
        let path = operation.path.split('?').next().unwrap_or_default();
        let (endpoint, id) = match path.trim_start_matches('/').split_once('/') {
            Some((endpoint, id)) => (endpoint, Some(id.to_owned()).filter(|id| !id.is_empty())),
            None => (path.trim_start_matches('/'), None),
        };
        let resource_type = ResourceType::ALL
            .into_iter()
            .find(|resource_type| resource_type.endpoint() == endpoint)
            .ok_or_else(unknown)?;
        if id.is_some() == (operation.method == Method::Post) {
            return Err(Error::method_not_allowed(operation.method.as_str(), &operation.path));
        }
        Ok(Self { resource_type, id })
    }

    fn location(&self, base: &str, made: Option<&str>) -> Option<String> {
        let id = self.id.as_deref().or(made)?;
        Some(format!("{base}/{}/{id}", self.resource_type.endpoint()))
    }

    async fn execute(
        &self,
        call: &ScimCall,
        operation: &BulkOperation,
        made: Option<&str>,
    ) -> Result<Done, ScimFailure> {
        let id = self.id.as_deref().or(made).unwrap_or_default();
        match self.resource_type {
            ResourceType::User => execute::<Users>(call, id, operation).await,
            ResourceType::Group => execute::<Groups>(call, id, operation).await,
        }
    }
}

async fn execute<E: Endpoint>(call: &ScimCall, id: &str, operation: &BulkOperation) -> Result<Done, ScimFailure> {
    let if_match = IfMatch::from_version(operation.version.as_deref());
    let write = Write {
        id,
        if_match: &if_match,
        body: &operation.data,
        shown: None,
    };
    let (status, view) = match operation.method {
        Method::Post => (StatusCode::CREATED, E::create(call, write).await?),
        Method::Put => (StatusCode::OK, E::replace(call, write).await?),
        Method::Patch => (StatusCode::OK, E::patch(call, write).await?),
        Method::Delete => {
            E::delete(call, id, &if_match).await?;
            return Ok(Done {
                status: StatusCode::NO_CONTENT,
                version: None,
            });
        }
    };
    Ok(Done {
        status,
        version: Some(E::version(&view)),
    })
}

/// The log line that the gate writes for a request that comes alone.
fn refusal(ctx: &WriteContext, operation: &BulkOperation, error: &Error) -> ActivityLine {
    let mut path = operation.path.trim_start_matches('/').splitn(2, '/');
    let (resource, id) = (path.next().unwrap_or_default(), path.next().unwrap_or_default());
    let action = gate::action(operation.method.as_str());
    let target = (gate::kind(resource), id, resource);
    ActivityLine::of_request(
        ctx,
        Source::Scim,
        action,
        target,
        Outcome::Refused,
        Some(error.detail.clone()),
    )
}
