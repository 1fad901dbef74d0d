//! What an admin pastes from a provider's log: a request, an answer it got, or its attribute mappings.
//!
//! Owns: what the text is, and the copy of what it speaks of in the sandbox. Must never send it anywhere but there, nor repeat a header:
//! a token stands in one. Start at [`look`].

mod answers;
mod body;

use std::collections::BTreeSet;

use admin_api::{Check, IdentityProvider, TestOutcome};
use axum::http::Method;
use domain::Tenant;
use scim::{ListQuery, resource::Document};
use serde_json::{Value, json};

use self::{
    answers::{answer, is_answer},
    body::key,
};
use super::{
    facts, mapping,
    sandbox::{Reply, Sandbox},
};
use crate::http::{
    admin::{call::AdminCall, checks::check, failure::Answer},
    api::Api,
};
use store::PageQuery;

/// So many words of a request are looked up, in case they are ids.
const MAX_IDS: usize = 100;
/// So many lines of an answer are shown.
const MAX_LINES: usize = 60;
const RESOURCES: [&str; 7] = [
    "/Users",
    "/Groups",
    "/Bulk",
    "/ServiceProviderConfig",
    "/Schemas",
    "/ResourceTypes",
    "/Me",
];

/// A request as it was read.
#[derive(Debug, PartialEq)]
struct Asked {
    method: Method,
    /// What follows `/scim/v2`, decoded where it was not needed to be encoded.
    path: String,
    body: Option<Value>,
}

/// The first JSON object in a text, and what stands before it; the words of the parser where there is a brace and no object.
fn json_of(text: &str) -> (&str, Option<Result<Value, String>>) {
    let Some(first) = text.find('{') else {
        return (text, None);
    };
    // An id in braces, or a header, may stand before it.
    let objects = text.match_indices('{').take(20).find_map(|(at, _)| {
        let mut values = serde_json::Deserializer::from_str(&text[at..]).into_iter::<Value>();
        let value = values.next()?.ok().filter(Value::is_object)?;
        Some((at, value))
    });
    match objects {
        Some((at, value)) => (&text[..at], Some(Ok(value))),
        None => {
            let error = serde_json::from_str::<Value>(&text[first..]).err();
            let words = error.map(|error| error.to_string()).unwrap_or_default();
            (&text[..first], Some(Err(words)))
        }
    }
}

/// `/Users?filter=…` in one line of a log, of curl or of HTTP; the quote it stands in ends it.
fn path_of(line: &str) -> Option<String> {
    // “/Members” is not “/Me”.
    let whole = |at: usize, name: &str| {
        let next = line[at + name.len()..].chars().next();
        next.is_none_or(|c| !c.is_ascii_alphanumeric())
    };
    let named = RESOURCES.into_iter().flat_map(|name| line.match_indices(name));
    let begin = named.filter(|(at, name)| whole(*at, name)).map(|(at, _)| at).min()?;
    let before = &line[..begin];
    let word = before.rfind(char::is_whitespace).map_or(0, |at| at + 1);
    let quote = before[word..].chars().next().filter(|c| ['"', '\'', '`'].contains(c));
    let rest = &line[begin..];
    let rest = quote.and_then(|quote| rest.split(quote).next()).unwrap_or(rest);
    let rest = rest.split(" HTTP/").next().unwrap_or(rest);
    // A filter has spaces; nothing else that is wanted has.
    let rest = if rest.contains("filter=") {
        rest
    } else {
        rest.split_whitespace().next().unwrap_or(rest)
    };
    Some(rest.trim().trim_end_matches([',', ';']).to_owned())
}

fn method_of(head: &str) -> Option<Method> {
    let words = head.split(|c: char| !c.is_ascii_alphabetic());
    words
        .filter_map(|word| match word {
            "GET" => Some(Method::GET),
            "POST" => Some(Method::POST),
            "PUT" => Some(Method::PUT),
            "PATCH" => Some(Method::PATCH),
            "DELETE" => Some(Method::DELETE),
            _ => None,
        })
        .next()
}

/// Method and path of a body that came without: its shape tells.
fn shape_of(body: &Value) -> (Method, &'static str) {
    let operations = key(body, "Operations").and_then(Value::as_array);
    if let Some(operations) = operations {
        let member = |op: &Value| op.to_string().to_ascii_lowercase().contains("\"members");
        if operations.iter().any(|op| key(op, "method").is_some()) {
            (Method::POST, "/Bulk")
        } else if operations.iter().any(member) {
            (Method::PATCH, "/Groups/of-the-request")
        } else {
            (Method::PATCH, "/Users/of-the-request")
        }
    } else if key(body, "members").is_some() || key(body, "userName").is_none() && key(body, "displayName").is_some() {
        (Method::POST, "/Groups")
    } else {
        (Method::POST, "/Users")
    }
}

fn read(head: &str, body: Option<Value>) -> Option<Asked> {
    let method = method_of(head);
    let path = head.lines().find_map(path_of);
    match (path, body) {
        (Some(path), body) => {
            let method = method.unwrap_or_else(|| body.as_ref().map_or(Method::GET, |body| shape_of(body).0));
            Some(Asked { method, path, body })
        }
        (None, Some(body)) => {
            let (usual, path) = shape_of(&body);
            let method = method.unwrap_or(usual);
            Some(Asked {
                method,
                path: path.to_owned(),
                body: Some(body),
            })
        }
        (None, None) if head.contains(" eq ") && head.lines().count() == 1 => Some(Asked {
            method: Method::GET,
            path: format!("/Users?filter={}", head.trim().trim_start_matches("filter=")),
            body: None,
        }),
        (None, None) => None,
    }
}

/// What the text is, and what follows from it.
pub(super) async fn look(
    call: &AdminCall,
    sandbox: &Sandbox,
    provider: IdentityProvider,
    text: &str,
) -> Answer<Vec<Check>> {
    let (head, json) = json_of(text);
    let parsed = json.as_ref().and_then(|json| json.as_ref().ok());
    let asks = method_of(head).is_some() || head.lines().any(|line| path_of(line).is_some());
    if !asks && let Some(checks) = mapping::look(provider, text, parsed) {
        return Ok(checks);
    }
    let answers = parsed.map_or(!asks, is_answer);
    if answers && let Some(check) = answer(text, parsed) {
        return Ok(vec![check]);
    }
    let body = match json {
        Some(Err(words)) => {
            let detail = format!("It breaks off or is not JSON: {words}. Logs often cut long lines.");
            return Ok(vec![check(TestOutcome::Failed, "The body cannot be read", detail)]);
        }
        Some(Ok(body)) => Some(body),
        None => None,
    };
    let Some(asked) = read(head, body) else {
        return Ok(vec![check(
            TestOutcome::Failed,
            "This is neither a request, nor an answer, nor a mapping",
            "Paste a request (“PATCH /Users/…” and its body, or the body alone), the answer your identity provider logged, or its \
             attribute mappings, one a line: “mail → emails[type eq \"work\"].value”.",
        )]);
    };
    try_out(&call.api, &call.context.tenant, sandbox, asked).await
}

/// A resource of ours, made again in the sandbox; its id there.
async fn copied(sandbox: &Sandbox, endpoint: &str, document: Document) -> Option<String> {
    let body = Value::Object(document.into_map()).to_string();
    sandbox
        .send(&Method::POST, endpoint, Some(body))
        .await
        .id()
        .map(str::to_owned)
}

/// Copies what the request names, and says it with the copies' ids.
async fn prepared(api: &Api, tenant: &Tenant, sandbox: &Sandbox, asked: &Asked) -> Answer<(String, Option<String>)> {
    let mut path = asked.path.clone();
    let mut body = asked.body.as_ref().map(Value::to_string);
    let text = format!("{path} {}", body.as_deref().unwrap_or_default());
    let words: BTreeSet<&str> = text
        .split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c)))
        .filter(|word| word.bytes().any(|b| b.is_ascii_digit()))
        .take(MAX_IDS)
        .collect();
    let mut names = Vec::new();
    for word in words {
        if let Some(user) = api.store.user(tenant, word).await? {
            names.extend(copied(sandbox, "/Users", user.document).await.map(|id| (word, id)));
        } else if let Some(group) = api.store.group(tenant, word).await? {
            names.extend(copied(sandbox, "/Groups", group.document).await.map(|id| (word, id)));
        }
    }
    // One id may begin like another.
    names.sort_by_key(|(word, _)| std::cmp::Reverse(word.len()));
    for (word, id) in names {
        path = path.replace(word, &id);
        body = body.map(|body| body.replace(word, &id));
    }
    // Everybody is looked for, or would be made twice.
    let (endpoint, query) = path.split_once('?').unwrap_or((&path, ""));
    let taken = asked
        .body
        .as_ref()
        .and_then(|body| key(body, "userName"))
        .and_then(Value::as_str);
    let query = match taken.filter(|name| asked.method == Method::POST && !name.contains('"')) {
        Some(name) => format!("filter=userName eq \"{name}\""),
        None => query.to_owned(),
    };
    if endpoint == "/Users"
        && let Ok(ListQuery {
            filter: Some(filter), ..
        }) = ListQuery::from_query(&query)
    {
        let found = PageQuery {
            filter: Some(filter),
            limit: 5,
            ..PageQuery::default()
        };
        for user in api.store.list_users(tenant, &found, false).await?.items {
            copied(sandbox, "/Users", user.record.document).await;
        }
    }
    Ok((path, body))
}

async fn try_out(api: &Api, tenant: &Tenant, sandbox: &Sandbox, asked: Asked) -> Answer<Vec<Check>> {
    let (mut path, body) = prepared(api, tenant, sandbox, &asked).await?;
    let mut checks = Vec::new();
    let endpoint = path.split('?').next().unwrap_or_default().to_owned();
    let of_one = endpoint
        .trim_start_matches('/')
        .split_once('/')
        .filter(|(of, _)| ["Users", "Groups"].contains(of));
    if let Some((of, id)) = of_one
        && sandbox.send(&Method::GET, &endpoint, None).await.failed()
    {
        let (what, made) = if of == "Users" {
            (
                "person",
                json!({ "userName": "somebody@rollcall.example", "emails": [{ "value": "somebody@rollcall.example" }] }),
            )
        } else {
            ("group", json!({ "displayName": "Some group" }))
        };
        if id != "of-the-request" {
            checks.push(check(
                TestOutcome::Warning,
                format!("There is no {what} with the id {id}"),
                "Your identity provider would be answered 404: it remembers an id from before, or from another organization. Restart its \
                 provisioning, so that it looks everybody up again. The rest was tried on a made-up one.",
            ));
        }
        let made = sandbox
            .send(&Method::POST, &format!("/{of}"), Some(made.to_string()))
            .await;
        if let Some(made) = made.id() {
            path = path.replacen(id, made, 1);
        }
    }
    let one = of_one.map(|_| path.split('?').next().unwrap_or_default().to_owned());
    let before = match &one {
        Some(one) => Some(sandbox.send(&Method::GET, one, None).await.body),
        None => None,
    };
    let reply = sandbox.send(&asked.method, &path, body).await;
    checks.insert(0, answered(&asked, &reply));
    if reply.failed() {
        return Ok(checks);
    }
    if let (Some(one), Some(before)) = (&one, before)
        && [Method::PUT, Method::PATCH].contains(&asked.method)
    {
        checks.push(changed(&before, &sandbox.send(&Method::GET, one, None).await.body));
    }
    if endpoint.starts_with("/Users")
        && [Method::POST, Method::PUT].contains(&asked.method)
        && let Some(person) = reply.body.as_object()
    {
        checks.extend(facts::people(std::iter::once(&Document::from_map(person.clone()))));
    }
    Ok(checks)
}

fn answered(asked: &Asked, reply: &Reply) -> Check {
    let shown = if asked.path.contains("of-the-request") {
        asked.path.replace("of-the-request", "…")
    } else {
        asked.path.clone()
    };
    let (what, detail) = match reply.status {
        409 => (
            "Somebody has this name already",
            format!(
                "{} A provider that looks first, by a filter of userName, finds and takes over; match by userName there.",
                reply.detail()
            ),
        ),
        404 if asked.method == Method::GET => ("Nothing was found", reply.detail().to_owned()),
        status if status >= 400 => ("The request is refused", reply.detail().to_owned()),
        _ if reply.body["totalResults"] == 0 => ("The request is answered: nobody matches", String::new()),
        _ => ("The request is answered", String::new()),
    };
    let body = if reply.body.is_null() {
        String::new()
    } else {
        serde_json::to_string_pretty(&reply.body).unwrap_or_default()
    };
    Check {
        request: format!("{} {shown}", asked.method),
        status: Some(reply.status),
        lines: body.lines().take(MAX_LINES).map(str::to_owned).collect(),
        ..check(
            if reply.failed() {
                TestOutcome::Failed
            } else {
                TestOutcome::Ok
            },
            what,
            detail,
        )
    }
}

/// A change that changes nothing is answered like any other, and is often the riddle.
fn changed(before: &Value, after: &Value) -> Check {
    let names = |value: &Value| {
        value
            .as_object()
            .map(|map| map.keys().cloned().collect::<BTreeSet<_>>())
            .unwrap_or_default()
    };
    let differs: Vec<String> = names(before)
        .union(&names(after))
        .filter(|name| *name != "meta" && before.get(name.as_str()) != after.get(name.as_str()))
        .cloned()
        .collect();
    if differs.is_empty() {
        return check(
            TestOutcome::Note,
            "It changes nothing",
            "What it sets is so already, or names an attribute that is not kept.",
        );
    }
    check(TestOutcome::Ok, "What it changes", format!("{}.", differs.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Option<Asked> {
        let (head, json) = json_of(text);
        read(head, json.and_then(Result::ok))
    }

    #[test]
    fn a_request_is_found_in_http_in_curl_and_in_a_log() {
        let http = "PATCH /api/plugins/rollcall-scim-app/resources/scim/v2/Users/4b2 HTTP/1.1\nAuthorization: Bearer glsa_x\n\n{\"Operations\":[]}";
        let of = asked(http).unwrap();
        assert_eq!((of.method, of.path.as_str()), (Method::PATCH, "/Users/4b2"));
        let curl = "curl -X GET 'https://g.example/scim/v2/Users?filter=userName eq \"jo\"&count=1' -H 'Authorization: Bearer x'";
        assert_eq!(asked(curl).unwrap().path, "/Users?filter=userName eq \"jo\"&count=1");
        assert!(path_of("see /Members and /Media").is_none());
        let log = "2026-01-01 GET https://g.example/scim/v2/Groups?count=1 200 OK";
        assert_eq!(asked(log).unwrap().path, "/Groups?count=1");
        assert_eq!(
            asked("userName eq \"jo\"").unwrap().path,
            "/Users?filter=userName eq \"jo\""
        );
    }

    #[test]
    fn a_body_alone_tells_what_it_was_for() {
        let shape = |text: &str| asked(text).map(|asked| (asked.method, asked.path)).unwrap();
        assert_eq!(shape("{\"userName\":\"jo\"}"), (Method::POST, "/Users".into()));
        assert_eq!(shape("{\"displayName\":\"Data\"}"), (Method::POST, "/Groups".into()));
        let of = shape("{\"Operations\":[{\"op\":\"Add\",\"path\":\"members\",\"value\":[]}]}");
        assert_eq!(of, (Method::PATCH, "/Groups/of-the-request".into()));
        assert_eq!(
            shape("{\"operations\":[{\"op\":\"replace\",\"value\":{\"active\":false}}]}").1,
            "/Users/of-the-request"
        );
        assert!(asked("hello").is_none());
    }

    #[test]
    fn a_refusal_by_grafana_names_what_to_fix() {
        let says = |text: &str| {
            answer(text, json_of(text).1.and_then(Result::ok).as_ref())
                .map(|check| check.what)
                .unwrap_or_default()
        };
        assert_eq!(
            says("{\"message\":\"Invalid API key\",\"messageId\":\"api-key.invalid\"}"),
            "Replace the token"
        );
        assert_eq!(says("Expired API key"), "Make a new token");
        assert!(
            says("{\"message\":\"You'll need additional permissions to perform this action.\"}")
                .contains("role Viewer")
        );
        assert!(
            says("{\"schemas\":[\"x:Error\"],\"detail\":\"This caller may not use SCIM.\"}")
                .contains("Accept the service")
        );
        assert!(says("<!DOCTYPE html><html>").contains("address"));
        assert!(says("{\"message\":\"Plugin not found\"}").contains("Enable the plugin"));
        assert!(says("HTTP/1.1 401 Unauthorized").contains("token"));
        assert!(says("java.net.SocketTimeoutException: connect timed out").contains("does not reach"));
        assert_eq!(
            says("{\"schemas\":[\"x:Error\"],\"status\":\"409\",\"detail\":\"Taken.\"}"),
            "A request was refused"
        );
        assert_eq!(says("{\"userName\":\"jo\"}"), "");
    }
}
