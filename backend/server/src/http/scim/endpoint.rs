//! What a resource type does with a request.
//!
//! Owns: what `/Users` and `/Groups` have in common, so that a request that comes alone and one in a
//! Bulk do the same. Must never know one resource type from another. Start at [`Endpoint`].

use std::future::Future;

use scim::{Error, Projection, ResourceType};
use serde_json::Value;
use store::{Page, PageQuery};

use super::{
    call::{IfMatch, ScimCall},
    failure::ScimFailure,
};

/// One POST, PUT or PATCH, alone or in a Bulk.
#[derive(Clone, Copy)]
pub(in crate::http) struct Write<'a> {
    /// The resource; of a POST, the id it gets.
    pub id: &'a str,
    /// What must be stored for a PUT or PATCH to count; a POST has nothing to compare it with.
    pub if_match: &'a IfMatch,
    /// What is written.
    pub body: &'a Value,
    /// What the answer shows of the resource: `None` for nothing, so that the store need not read
    /// what is left out.
    pub shown: Option<&'a Projection>,
}

/// A resource type, as its endpoint serves it.
pub(in crate::http) trait Endpoint: 'static {
    /// Which one it is.
    const TYPE: ResourceType;
    /// A resource with all that an answer may show of it.
    type View: Send + Sync;

    /// What a POST does.
    fn create(call: &ScimCall, write: Write<'_>) -> impl Future<Output = Result<Self::View, ScimFailure>> + Send;

    /// What a GET reads.
    fn read(
        call: &ScimCall,
        id: &str,
        shown: &Projection,
    ) -> impl Future<Output = Result<Self::View, ScimFailure>> + Send;

    /// What a PUT does.
    fn replace(call: &ScimCall, write: Write<'_>) -> impl Future<Output = Result<Self::View, ScimFailure>> + Send;

    /// What a PATCH does.
    fn patch(call: &ScimCall, write: Write<'_>) -> impl Future<Output = Result<Self::View, ScimFailure>> + Send;

    /// What a DELETE does.
    fn delete(call: &ScimCall, id: &str, if_match: &IfMatch) -> impl Future<Output = Result<(), ScimFailure>> + Send;

    /// A page of them.
    fn page(
        call: &ScimCall,
        query: &PageQuery,
        shown: &Projection,
    ) -> impl Future<Output = Result<Page<Self::View>, ScimFailure>> + Send;

    /// Whether a PATCH answers the resource, or only that it is done (RFC 7644 §3.5.2).
    fn answers_patch(shown: &Projection) -> bool;

    /// The whole resource, below `base`.
    fn render(base: &str, view: &Self::View) -> Value;

    /// The resource's version.
    fn version(view: &Self::View) -> i64;

    /// There is no resource of this id.
    fn missing(id: &str) -> ScimFailure {
        Error::not_found(Self::TYPE.name(), id).into()
    }
}
