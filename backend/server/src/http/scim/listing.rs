//! Lists (RFC 7644 §3.4.2, §3.4.3) over one resource type or all of them, by index or by cursor (RFC 9865).
//!
//! Owns: which part of what the store has is on the page. Must never remember anything between two pages. Start at [`list`].

use axum::{http::StatusCode, response::Response};
use scim::{
    Error, ListQuery, Projection, ResourceType,
    list::{Cursor, Paging, list_response, sort},
    projection,
};
use serde_json::Value;

use super::{
    call::ScimCall,
    endpoint::Endpoint,
    failure::{ScimFailure, json},
    groups::Groups,
    users::Users,
};
use store::{Page, PageQuery};

/// The largest page.
pub(super) const MAX_RESULTS: u64 = 1000;
/// The page when nobody says how much: rauthy stops reading at a page shorter than 100.
pub(super) const DEFAULT_RESULTS: u64 = 100;

/// A list of `types`, one after the other unless a sort order mixes them.
pub(super) async fn list(call: &ScimCall, query: ListQuery, types: &[ResourceType]) -> Result<Response, ScimFailure> {
    let cursor = Cursor::of(&query)?;
    if cursor.is_some_and(|cursor| !types.contains(&cursor.resource_type)) {
        return Err(Error::invalid_cursor("The cursor belongs to another endpoint.").into());
    }
    let limit = number(query.count.unwrap_or(DEFAULT_RESULTS).min(MAX_RESULTS));
    // By cursor there is no index: what a client says about one is ignored.
    let offset = if query.cursor.is_some() {
        0
    } else {
        number(query.start_index.max(1) - 1)
    };
    let part = match &query.sort {
        Some(sort) => {
            sorted(
                call,
                &query,
                types,
                sort,
                limit,
                cursor.map_or(offset, |cursor| cursor.after),
            )
            .await?
        }
        None => in_order(call, &query, types, limit, offset, cursor).await?,
    };
    let paging = if query.cursor.is_some() {
        let encoded = |cursor: Option<Cursor>| cursor.filter(|_| limit > 0).map(|cursor| cursor.encode(&query));
        Paging::Cursor {
            previous: encoded(part.previous),
            next: encoded(part.next),
        }
    } else {
        Paging::Index(query.start_index.max(1))
    };
    let projected = |(resource_type, mut resource): (ResourceType, Value)| {
        projection::apply(&query.projection, resource_type, &mut resource);
        resource
    };
    let resources = part.resources.into_iter().map(projected).collect();
    let total = u64::try_from(part.total).unwrap_or(0);
    Ok(json(StatusCode::OK, &list_response(total, paging, resources)))
}

/// A page, not yet projected.
struct Part {
    total: i64,
    resources: Vec<(ResourceType, Value)>,
    previous: Option<Cursor>,
    next: Option<Cursor>,
}

/// In the store's order, which is the order of creation: the store reads no more than the page.
async fn in_order(
    call: &ScimCall,
    query: &ListQuery,
    types: &[ResourceType],
    limit: i64,
    offset: i64,
    cursor: Option<Cursor>,
) -> Result<Part, ScimFailure> {
    let (mut left, mut offset) = (limit, offset);
    let mut part = Part {
        total: 0,
        resources: Vec::new(),
        previous: None,
        next: None,
    };
    // How many of each type, up to the cursor's, come before the page.
    let mut before = Vec::new();
    // The types before the cursor's have been read: they only count.
    let mut read_already = cursor.is_some();
    for resource_type in types.iter().copied() {
        let after = cursor
            .filter(|cursor| cursor.resource_type == resource_type)
            .map(|cursor| cursor.after);
        read_already = read_already && after.is_none();
        let wanted = PageQuery {
            filter: query.filter.clone(),
            base: call.base(),
            after: after.unwrap_or(0),
            offset,
            limit: if read_already { 0 } else { left },
        };
        let page = fetch(call, resource_type, &wanted, &query.projection).await?;
        if !read_already && part.next.is_none() {
            // A page that is full before this type begins goes on at its start.
            let unread = (left == 0 && page.total > 0).then_some(0);
            part.next = page.next.or(unread).map(|after| Cursor { resource_type, after });
        }
        if read_already {
            before.push((resource_type, page.total));
        } else if after.is_some() {
            before.push((resource_type, page.before));
        }
        part.total += page.total;
        offset = (offset - page.total).max(0);
        left -= i64::try_from(page.items.len()).unwrap_or(left);
        part.resources
            .extend(page.items.into_iter().map(|resource| (resource_type, resource)));
    }
    part.previous = back(call, query, limit, before).await?;
    Ok(part)
}

/// Where the page before begins: `limit` resources back, over as many types as it takes, or at the
/// very beginning. Resources may have come or gone by the time a client goes there.
async fn back(
    call: &ScimCall,
    query: &ListQuery,
    limit: i64,
    before: Vec<(ResourceType, i64)>,
) -> Result<Option<Cursor>, ScimFailure> {
    let mut left = limit;
    let mut beginning = None;
    for (resource_type, there) in before.into_iter().rev().filter(|(_, there)| *there > 0) {
        beginning = Some(Cursor {
            resource_type,
            after: 0,
        });
        if there > left {
            // The one that page begins after: alone on a page, and others follow.
            let one = PageQuery {
                filter: query.filter.clone(),
                base: call.base(),
                after: 0,
                offset: there - left - 1,
                limit: 1,
            };
            let found = fetch(call, resource_type, &one, &query.projection).await?;
            let after = found.next.unwrap_or(0);
            return Ok(Some(Cursor { resource_type, after }));
        }
        left -= there;
        if left == 0 {
            break;
        }
    }
    Ok(beginning)
}

/// What is to be sorted has to be read whole first: the sort key may be any attribute. A cursor counts resources then.
async fn sorted(
    call: &ScimCall,
    query: &ListQuery,
    types: &[ResourceType],
    by: &sort::SortBy,
    limit: i64,
    offset: i64,
) -> Result<Part, ScimFailure> {
    let everything = PageQuery {
        filter: query.filter.clone(),
        base: call.base(),
        after: 0,
        offset: 0,
        limit: i64::MAX,
    };
    let mut resources = Vec::new();
    for resource_type in types.iter().copied() {
        let page = fetch(call, resource_type, &everything, &query.projection).await?;
        resources.extend(page.items.into_iter().map(|resource| (resource_type, resource)));
    }
    sort::sort_all(by, &mut resources);
    let total = i64::try_from(resources.len()).unwrap_or(i64::MAX);
    let read = offset.saturating_add(limit);
    let at = |n: i64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(Part {
        total,
        resources: resources.into_iter().skip(at(offset)).take(at(limit)).collect(),
        previous: types.first().filter(|_| offset > 0).map(|first| Cursor {
            resource_type: *first,
            after: (offset - limit).max(0),
        }),
        next: types.first().filter(|_| read < total).map(|first| Cursor {
            resource_type: *first,
            after: read,
        }),
    })
}

async fn fetch(
    call: &ScimCall,
    resource_type: ResourceType,
    query: &PageQuery,
    projection: &Projection,
) -> Result<Page<Value>, ScimFailure> {
    match resource_type {
        ResourceType::User => page::<Users>(call, query, projection).await,
        ResourceType::Group => page::<Groups>(call, query, projection).await,
    }
}

/// A page of resources as answers show them.
async fn page<E: Endpoint>(
    call: &ScimCall,
    query: &PageQuery,
    projection: &Projection,
) -> Result<Page<Value>, ScimFailure> {
    let page = E::page(call, query, projection).await?;
    let base = call.base();
    Ok(page.map(|view| E::render(&base, &view)))
}

fn number(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
