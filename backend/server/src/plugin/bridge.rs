//! One `CallResource` to one HTTP request, and its response back to messages.
//!
//! Owns: the translation, and the few answers given before or instead of a handler. Must never read who calls from a header
//! (`X-Grafana-*` can be forged, G55) and never produce a gRPC error. Start at [`answer`].

use std::{collections::HashMap, panic::AssertUnwindSafe, pin::Pin};

use axum::{
    Router,
    body::{Body, HttpBody as _},
};
use bytes::Bytes;
use domain::Caller;
use futures_util::{Stream, StreamExt as _, future, stream};
use grafana_plugin_sdk::pluginv2 as pb;
use http::{HeaderName, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use tokio_util::task::TaskTracker;
use tonic::Status;
use tower::ServiceExt as _;

use crate::http::MAX_BODY;

/// What `CallResource` streams. The error type is tonic's; no error is ever sent.
pub(super) type Messages = Pin<Box<dyn Stream<Item = Result<pb::CallResourceResponse, Status>> + Send>>;

// The longest URI the `http` crate holds.
const MAX_URI: usize = u16::MAX as usize - 1;

/// Where a call goes: an origin-form target that `http::Uri` takes.
pub(super) struct Target(String);

impl Target {
    /// Takes Grafana's `url` (Go's `URL.String()` of the rest of the path, then the query byte for byte). It has no leading `/`, begins
    /// with `./` where the first segment holds a `:`, and its query may hold what `http::Uri` refuses (people type quotes, spaces and
    /// brackets into curl): those are encoded here, so that they mean what they meant.
    pub(super) fn new(url: &str) -> Self {
        let url = url.strip_prefix("./").unwrap_or(url);
        let url = url.strip_prefix('/').unwrap_or(url);
        let mut target = String::with_capacity(url.len() + 1);
        target.push('/');
        for byte in url.bytes() {
            match byte {
                // `%` stays: the path is encoded already, and a bare one in a query is for its reader to judge.
                b'!' | b'$'..=b';' | b'=' | b'?'..=b'Z' | b'_' | b'a'..=b'z' | b'~' => target.push(char::from(byte)),
                _ => {
                    const HEX: &[u8; 16] = b"0123456789ABCDEF";
                    target.push('%');
                    target.push(char::from(HEX[usize::from(byte >> 4)]));
                    target.push(char::from(HEX[usize::from(byte & 15)]));
                }
            }
        }
        Self(target)
    }

    /// Whether an error for it must be a SCIM error.
    pub(super) fn is_scim(&self) -> bool {
        self.0.starts_with("/scim/")
    }
}

/// An answer that no handler gave.
#[derive(Debug)]
pub(super) struct Failure {
    status: StatusCode,
    detail: String,
}

impl Failure {
    /// A handler panicked; the panic hook has logged where.
    pub(super) fn internal() -> Self {
        let detail = "Rollcall failed on this request. The reason is in Grafana's log.".into();
        Self {
            status: StatusCode::INTERNAL_SERVER_ERROR,
            detail,
        }
    }

    fn bad_request(detail: impl Into<String>) -> Self {
        Self {
            status: StatusCode::BAD_REQUEST,
            detail: detail.into(),
        }
    }

    /// The one message of this answer: a SCIM error (RFC 7644 §3.12), or the shape Grafana's page shows.
    pub(super) fn messages(self, scim: bool) -> Messages {
        let (content_type, body) = if scim {
            let schema = "urn:ietf:params:scim:api:messages:2.0:Error";
            let status = self.status.as_str();
            let body = serde_json::json!({ "schemas": [schema], "status": status, "detail": self.detail });
            ("application/scim+json", body)
        } else {
            ("application/json", serde_json::json!({ "message": self.detail }))
        };
        let content_type = pb::StringList {
            values: vec![content_type.into()],
        };
        let message = pb::CallResourceResponse {
            code: self.status.as_u16().into(),
            headers: HashMap::from([(header::CONTENT_TYPE.as_str().into(), content_type)]),
            body: body.to_string().into(),
        };
        stream::once(future::ready(Ok(message))).boxed()
    }
}

/// Routes one call. Handlers of mutations run as tasks of `mutations`, to their end, whether or not the caller stays: when a client goes
/// away Grafana resets the stream and tonic drops this future, which would stop a handler between two of its steps.
pub(super) async fn answer(
    router: Router,
    mutations: &TaskTracker,
    target: Target,
    caller: Caller,
    call: pb::CallResourceRequest,
) -> Result<Messages, Failure> {
    let request = request(target, caller, call)?;
    let safe = request.method().is_safe();
    let handled = router.oneshot(request);
    let response = if safe {
        handled.await
    } else {
        // The task ends without a response only by a panic.
        mutations.spawn(handled).await.map_err(|_| Failure::internal())?
    };
    messages(response.unwrap_or_else(|never| match never {})).await
}

fn request(Target(target): Target, caller: Caller, call: pb::CallResourceRequest) -> Result<Request<Body>, Failure> {
    if call.body.len() > MAX_BODY {
        let detail = format!(
            "The body has {} bytes; at most {MAX_BODY} are accepted.",
            call.body.len()
        );
        return Err(Failure {
            status: StatusCode::PAYLOAD_TOO_LARGE,
            detail,
        });
    }
    if target.len() > MAX_URI {
        let detail = format!("The URL has {} bytes; at most {MAX_URI} are accepted.", target.len());
        return Err(Failure {
            status: StatusCode::URI_TOO_LONG,
            detail,
        });
    }
    let mut request = Request::new(Body::from(call.body));
    *request.uri_mut() =
        Uri::try_from(target).map_err(|error| Failure::bad_request(format!("The URL is not valid: {error}.")))?;
    *request.method_mut() =
        Method::from_bytes(call.method.as_bytes()).map_err(|_| Failure::bad_request("The method is not valid."))?;
    for (name, list) in call.headers {
        let parsed = HeaderName::from_bytes(name.as_bytes())
            .map_err(|_| Failure::bad_request(format!("The header name {name:?} is not valid.")))?;
        for value in list.values {
            // The value stays out of the answer: it may be a credential.
            let value = HeaderValue::try_from(value).map_err(|_| {
                Failure::bad_request(format!("The header {parsed} has characters HTTP does not allow."))
            })?;
            request
                .headers_mut()
                .try_append(parsed.clone(), value)
                .map_err(|_| Failure::bad_request("The request has too many headers."))?;
        }
    }
    request.extensions_mut().insert(caller);
    Ok(request)
}

/// A body of known length travels in one message with status and headers. Any other is a stream: status and headers first, then
/// each frame as it comes, which Grafana flushes one by one.
async fn messages(response: Response<Body>) -> Result<Messages, Failure> {
    let (parts, body) = response.into_parts();
    // A body after these makes Grafana fail after the header went out (G61).
    let bodiless = matches!(parts.status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let body = if bodiless { Body::empty() } else { body };
    let whole = body.size_hint().exact().is_some();
    let mut frames = body.into_data_stream();
    let first = match if whole { frames.next().await } else { None } {
        Some(Ok(frame)) => frame,
        Some(Err(error)) => {
            tracing::error!(%error, "a response body failed before its first byte");
            return Err(Failure::internal());
        }
        None => Bytes::new(),
    };
    let mut headers = HashMap::<String, pb::StringList>::with_capacity(parts.headers.len());
    for (name, value) in &parts.headers {
        // Protobuf strings are UTF-8; no header of ours is anything else.
        let value = String::from_utf8_lossy(value.as_bytes()).into_owned();
        headers.entry(name.as_str().into()).or_default().values.push(value);
    }
    let head = pb::CallResourceResponse {
        code: parts.status.as_u16().into(),
        headers,
        body: first,
    };
    // Once the head is out a failure can only end the answer early: for a gRPC error Grafana would append its own JSON to the body.
    let rest = AssertUnwindSafe(frames).catch_unwind().scan((), |(), frame| {
        future::ready(match frame {
            Ok(Ok(body)) => Some(Ok(pb::CallResourceResponse {
                body,
                ..Default::default()
            })),
            Ok(Err(error)) => {
                tracing::error!(%error, "a response body failed half way");
                None
            }
            Err(_panic) => None,
        })
    });
    Ok(stream::once(future::ready(Ok(head))).chain(rest).boxed())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> String {
        Target::new(url).0
    }

    #[test]
    fn a_url_as_grafana_sends_it_becomes_an_absolute_path() {
        assert_eq!(target(""), "/");
        assert_eq!(target("scim/v2/Users/a%2Fb"), "/scim/v2/Users/a%2Fb");
        assert_eq!(target("/scim/v2/Users"), "/scim/v2/Users");
        assert_eq!(target("./urn:x"), "/urn:x");
        assert_eq!(target("../x"), "/../x");
    }

    #[test]
    fn characters_that_curl_users_type_are_never_refused() {
        assert_eq!(
            target("Users?filter=userName eq \"a\""),
            "/Users?filter=userName%20eq%20%22a%22"
        );
        assert_eq!(
            target("Users?filter=emails[type eq \"work\"]"),
            "/Users?filter=emails%5Btype%20eq%20%22work%22%5D"
        );
        assert_eq!(target("Users?filter=a%20b+c&x=1"), "/Users?filter=a%20b+c&x=1");
        let every_character: String = (1..=255u8).map(char::from).collect();
        target(&every_character)
            .parse::<Uri>()
            .expect("every character is encoded or legal");
    }

    #[test]
    fn only_scim_paths_get_scim_errors() {
        assert!(Target::new("scim/v2/Users").is_scim());
        assert!(!Target::new("admin/overview").is_scim());
        assert!(!Target::new("scimitar").is_scim());
    }
}
