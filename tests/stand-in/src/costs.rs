//! What a call costs a real Grafana, for benchmarks: measured on 11.1.1 with SQLite (G49–G52), in
//! milliseconds.
//!
//! Owns: the table. Must never be on in a test: nothing waits there without need. Start at [`spend`].

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use http::{Method, header, request::Parts};
use serde_json::Value;

use super::{answer::Answer, fault::Call};

/// What several callers wait for each other for: part of a call is done for one of them at a time.
#[derive(Clone, Default)]
pub(super) struct Queues {
    writers: Arc<Mutex<()>>,
    readers: Arc<Mutex<()>>,
}

/// 128 accounts in a second for one caller and 161 for two: of 7.8 ms, 6.2 are nobody else's.
const OF_A_WRITE: f64 = 0.795;
/// 861 and 1,354 reads of an account.
const OF_A_READ: f64 = 0.636;

/// Waits until the call has taken as long as it would there.
pub(super) async fn spend(queues: &Queues, parts: &Parts, call: &Call, answer: &Answer, since: Instant) {
    let path = parts.uri.path();
    if path.contains("/plugins/") || path == "/api/health" {
        return;
    }
    let cost = Duration::from_secs_f64((identity(parts) + work(parts, call, answer)) / 1_000.0);
    let (queue, share) = if parts.method == Method::GET {
        (queues.readers.clone(), OF_A_READ)
    } else {
        (queues.writers.clone(), OF_A_WRITE)
    };
    let here = since.elapsed();
    // tokio's timer counts whole milliseconds, and the cheapest call takes less than one.
    _ = tokio::task::spawn_blocking(move || {
        let turn = queue.lock().unwrap_or_else(PoisonError::into_inner);
        let began = Instant::now();
        std::thread::sleep(cost.mul_f64(share).saturating_sub(here));
        drop(turn);
        std::thread::sleep(cost.saturating_sub(here + began.elapsed()));
    })
    .await;
}

/// `GET /api/user`, which is hardly more than the sign-in: a cookie is one look-up, a password is hashed, a token is hashed and its
/// permissions are read.
fn identity(parts: &Parts) -> f64 {
    match parts.headers.get(header::AUTHORIZATION).map(|value| value.as_bytes()) {
        Some(value) if value.starts_with(b"Basic") => 4.8,
        Some(_) => 9.5,
        None if parts.uri.path() == "/login" => 4.8,
        None => 0.9,
    }
}

/// What comes on top: the measured time by cookie less that of `GET /api/user`.
fn work(parts: &Parts, call: &Call, answer: &Answer) -> f64 {
    let path = parts.uri.path();
    let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).skip(1).collect();
    match (parts.method.as_str(), segments.as_slice()) {
        // 128 in a second.
        ("POST", ["admin", "users"]) => 6.9,
        // 861 in a second.
        ("GET", ["users", id]) if id.parse::<i64>().is_ok() => 0.26,
        // 19 ms for 1,000 rows.
        ("GET", ["users", ..]) => 0.5 + 0.017 * rows(answer),
        ("GET", ["org" | "orgs", ..]) => 0.5 + 0.027 * rows(answer),
        // 22 ms for 800 of them.
        ("GET", ["teams", _, "members"]) => 0.5 + 0.026 * rows(answer),
        ("GET", ["teams", ..]) => 0.5 + 0.012 * rows(answer),
        // 50, 200 and 800 new ones: 36, 94 and 409 ms.
        ("PUT", ["teams", _, "members"]) => 15.0 + 0.42 * named(call),
        // Not measured: two inserts and the creator's membership, as one member.
        ("POST" | "PUT" | "DELETE", _) => 1.4,
        _ => 0.0,
    }
}

/// The rows of a list, whatever it is called.
fn rows(answer: &Answer) -> f64 {
    let body: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
    let list = match &body {
        Value::Array(list) => Some(list),
        Value::Object(map) => map.values().find_map(Value::as_array),
        _ => None,
    };
    number(list.map_or(0, Vec::len))
}

/// How many a bulk call names.
fn named(call: &Call) -> f64 {
    let body: Value = serde_json::from_str(&call.body).unwrap_or_default();
    let lists = ["members", "admins"]
        .into_iter()
        .filter_map(|list| body[list].as_array());
    number(lists.map(Vec::len).sum())
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
