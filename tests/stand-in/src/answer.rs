//! What Grafana answers with, and the shapes of its refusals.
//!
//! Owns: status, headers and body of an answer, and the reading of what comes in. Must never know which call it is for.

use std::fmt::Display;

use axum::body::Body;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// An answer ready to be sent.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Vec<u8>,
}

/// What a call comes to; a refusal is an answer too.
pub(super) type Outcome = Result<Answer, Answer>;

impl Answer {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        Self::new(status, "application/json; charset=UTF-8", body.to_string().into_bytes())
    }

    pub(super) fn new(status: u16, content_type: &'static str, body: Vec<u8>) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            headers: vec![(header::CONTENT_TYPE, HeaderValue::from_static(content_type))],
            body,
        }
    }

    /// Most answers that carry no data, good or bad.
    pub(super) fn message(status: u16, message: impl Display) -> Self {
        Self::json(status, &json!({ "message": message.to_string() }))
    }

    /// Grafana's newer errors (`errutil`), which have an id.
    pub(super) fn error(status: u16, id: &str, message: &str) -> Self {
        let body = json!({ "statusCode": status, "messageId": id, "message": message, "extra": null, "traceID": "" });
        Self::json(status, &body)
    }

    /// The access control says no (`accesscontrol/middleware.go` `deny`).
    pub(super) fn denied(permission: &str) -> Self {
        let text =
            format!("You'll need additional permissions to perform this action. Permissions needed: {permission}");
        let body = json!({ "title": "Access denied", "message": text, "accessErrorId": "ACE0000000000" });
        Self::json(403, &body)
    }

    /// What stands between the two and is no Grafana; as nginx words it.
    pub(super) fn page_of_a_proxy(status: u16) -> Self {
        let code = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        let text = format!("{status} {}", code.canonical_reason().unwrap_or("Error"));
        let html = format!(
            "<html>\r\n<head><title>{text}</title></head>\r\n<body>\r\n<center><h1>{text}</h1></center>\r\n\
             <hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
        );
        Self::new(status, "text/html", html.into_bytes())
    }

    /// With the cookies of a load balancer in front of Grafana's own.
    pub(super) fn after_a_balancer(mut self) -> Self {
        let own = std::mem::take(&mut self.headers);
        let expires = "Expires=Fri, 31 Dec 2066 23:59:59 GMT; Path=/";
        self = self
            .with(header::SET_COOKIE, &format!("AWSALB=bG9hZC1iYWxhbmNlcg; {expires}"))
            .with(
                header::SET_COOKIE,
                &format!("AWSALBCORS=bG9hZC1iYWxhbmNlcg; {expires}; SameSite=None; Secure"),
            );
        self.headers.extend(own);
        self
    }

    /// With other JSON; what is no JSON stays.
    pub(super) fn rewritten(mut self, rewrite: fn(&mut Value)) -> Self {
        if let Ok(mut json) = serde_json::from_slice(&self.body) {
            rewrite(&mut json);
            self.body = json.to_string().into_bytes();
        }
        self
    }

    pub(super) fn redirect(location: &str) -> Self {
        Self::new(302, "text/html; charset=utf-8", vec![]).with(header::LOCATION, location)
    }

    pub(super) fn with(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// What every answer of the API carries, unless it is there.
    pub(super) fn hardened(mut self) -> Self {
        for (name, value) in [
            (header::CACHE_CONTROL, "no-store"),
            (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
            (header::X_FRAME_OPTIONS, "deny"),
            (header::X_XSS_PROTECTION, "1; mode=block"),
        ] {
            if !self.headers.iter().any(|(own, _)| *own == name) {
                self = self.with(name, value);
            }
        }
        self
    }

    pub(super) fn into_response(self) -> Response<Body> {
        let mut response = Response::new(Body::from(self.body));
        *response.status_mut() = self.status;
        for (name, value) in self.headers {
            response.headers_mut().append(name, value);
        }
        response
    }
}

impl Answer {
    /// The whole head and the first half of the body; then the connection breaks.
    pub(super) fn half(self) -> Response<Body> {
        let length = self.body.len().to_string();
        let first = self.body[..self.body.len() / 2].to_vec();
        let mut response = self.with(header::CONTENT_LENGTH, &length).into_response();
        let broken = std::io::Error::from(std::io::ErrorKind::ConnectionReset);
        let parts = [Ok(bytes::Bytes::from(first)), Err(broken)];
        *response.body_mut() = Body::from_stream(futures_util::stream::iter(parts));
        response
    }
}

/// Grafana's `web.Bind`: Go finds keys in any case, takes `null` for "not there", and ignores what it does not know. `T` has its
/// fields in lower case, with defaults.
pub(super) fn form<T: DeserializeOwned>(json_sent: bool, body: &[u8]) -> Result<T, Answer> {
    let bad = || Answer::message(400, "bad request data");
    // "bad content type" (`web/binding.go`).
    if !json_sent {
        return Err(bad());
    }
    let Ok(Value::Object(sent)) = serde_json::from_slice(body) else {
        return Err(bad());
    };
    let keys = sent
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(key, value)| (key.to_lowercase(), value));
    serde_json::from_value(Value::Object(keys.collect())).map_err(|_| bad())
}

/// A number in a path.
pub(super) fn id(what: &str, text: &str) -> Result<i64, Answer> {
    text.parse()
        .map_err(|_| Answer::message(400, format_args!("{what} is invalid")))
}

/// Go's `url.PathUnescape`; none where an escape is broken.
pub(super) fn decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digits = std::str::from_utf8(tail.get(..2)?).ok()?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        rest = &tail[2..];
    }
    Some(String::from_utf8_lossy(&bytes).into_owned())
}
