//! Who may not, may not: strangers, people without the role, and bodies that are wrong or large.

use acceptance::{
    connect::Answer,
    grafana::{Credentials, Grafana, PLUGIN},
    idp::{Connection, ERROR, ScimClient, USER},
    rig::{Rig, Setup, user},
};
use anyhow::{Result, ensure};
use reqwest::Method;
use serde_json::json;

/// Every route with each method it has, as the documentation lists them. A path that needs an id gets one that nobody has.
const SCIM: &[(&str, &[&str])] = &[
    ("/Users", &["GET", "POST"]),
    ("/Users/.search", &["POST"]),
    ("/Users/0", &["GET", "PUT", "PATCH", "DELETE"]),
    ("/Groups", &["GET", "POST"]),
    ("/Groups/.search", &["POST"]),
    ("/Groups/0", &["GET", "PUT", "PATCH", "DELETE"]),
    ("/ServiceProviderConfig", &["GET"]),
    ("/ResourceTypes", &["GET"]),
    ("/ResourceTypes/User", &["GET"]),
    ("/Schemas", &["GET"]),
    ("/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", &["GET"]),
    ("/Me", &["GET", "POST", "PUT", "PATCH", "DELETE"]),
    ("/Bulk", &["POST"]),
    ("/no-such-endpoint", &["GET", "POST"]),
    ("", &["GET"]),
];
const ADMIN: &[(&str, &[&str])] = &[
    ("overview", &["GET"]),
    ("sync", &["POST"]),
    ("users", &["GET"]),
    ("groups", &["GET"]),
    ("teams", &["GET"]),
    ("mappings", &["POST"]),
    ("mappings/1", &["DELETE"]),
    ("settings", &["GET", "PUT"]),
    ("credentials/test", &["POST"]),
    ("activity", &["GET"]),
    ("retry", &["POST"]),
    ("resync", &["POST"]),
    ("login-doctor", &["GET"]),
    ("no-such-route", &["GET"]),
];

/// What anybody could put on a request; Grafana passes these on unverified (G55).
const FORGED: &[(&str, &str)] = &[
    ("X-Grafana-User", "admin"),
    ("X-Grafana-Id", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyOjEifQ."),
    ("X-Grafana-Org-Id", "1"),
    ("X-Grafana-Role", "Admin"),
    ("X-WEBAUTH-USER", "admin"),
    ("X-Forwarded-For", "127.0.0.1"),
];

struct Surface {
    base: &'static str,
    routes: &'static [(&'static str, &'static [&'static str])],
}

const BOTH: [Surface; 2] = [
    Surface {
        base: "/scim/v2",
        routes: SCIM,
    },
    Surface {
        base: "/admin/",
        routes: ADMIN,
    },
];

async fn knock(somebody: &Grafana, surface: &Surface, headers: &[(&str, &str)]) -> Result<Vec<Answer>> {
    let mut answers = Vec::new();
    for (path, methods) in surface.routes {
        for method in *methods {
            let url = format!("/api/plugins/rollcall-scim-app/resources{}{path}", surface.base);
            let mut request = somebody.request(Method::from_bytes(method.as_bytes())?, &url);
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            if *method != "GET" {
                // One that would do something, were it let in.
                request = request.json(&user("intruder@example.com", "In", "Truder"));
            }
            answers.push(Answer::of(request).await?);
        }
    }
    Ok(answers)
}

async fn all_refused(rig: &Rig, who: &str, somebody: &Grafana, surface: &Surface) -> Result<()> {
    for headers in [&[][..], FORGED] {
        for answer in knock(somebody, surface, headers).await? {
            let forged = if headers.is_empty() { "" } else { " with forged headers" };
            ensure!(
                answer.status == 403,
                "{who}{forged}: {} answers {} {}",
                answer.request,
                answer.status,
                answer.text
            );
            if surface.base.starts_with("/scim") {
                ensure!(
                    answer.json["schemas"][0] == ERROR && answer.json["status"] == "403",
                    "{who}: {}",
                    answer.text
                );
            } else {
                ensure!(!answer.str("/message").is_empty(), "{who}: {}", answer.text);
            }
        }
    }
    ensure!(
        rig.grafana.account("intruder@example.com").await?.is_none(),
        "{who} made an account"
    );
    Ok(())
}

#[tokio::test]
async fn nobody_without_the_admin_role_gets_in_by_headers() -> Result<()> {
    let rig = Rig::start().await?;
    for role in ["Viewer", "Editor"] {
        let robot = rig.grafana.service_account(&format!("Robot {role}"), role).await?;
        let token = rig.grafana.token(&robot, &format!("robot {role}")).await?;
        let robot = rig.grafana.as_somebody(Credentials::Token(token));
        let login = format!("person-{}", role.to_lowercase());
        let password = "a good password".to_owned();
        let id = rig
            .grafana
            .make_account(&login, &format!("{login}@example.com"), &password)
            .await?;
        rig.grafana.set_role(id, role).await?;
        let person = rig.grafana.as_somebody(Credentials::Basic { user: login, password });
        for surface in &BOTH {
            all_refused(&rig, &format!("a service account with role {role}"), &robot, surface).await?;
            all_refused(&rig, &format!("a person with role {role}"), &person, surface).await?;
        }
    }
    let scim = rig.scim().await?;
    let all = scim.get("/Users").await?.expect(&[200])?;
    ensure!(all.json["totalResults"] == 0, "somebody was taken in: {}", all.text);
    rig.finish().await
}

#[tokio::test]
async fn a_persons_own_sign_in_cannot_drive_scim_not_even_an_admins() -> Result<()> {
    let rig = Rig::start().await?;
    all_refused(&rig, "a person with role Admin", &rig.grafana, &BOTH[0]).await?;
    rig.finish().await
}

/// Grafana's own refusal: such a call does not reach the plugin.
#[tokio::test]
async fn who_says_nothing_about_themselves_or_lies_gets_grafanas_401() -> Result<()> {
    let rig = Rig::start().await?;
    let nobody = rig.grafana.as_somebody(Credentials::Anonymous);
    let liar = rig
        .grafana
        .as_somebody(Credentials::Token("glsa_not_a_token_00000000".into()));
    for surface in &BOTH {
        for headers in [&[][..], FORGED] {
            for (who, somebody) in [("nobody", &nobody), ("a wrong token", &liar)] {
                for answer in knock(somebody, surface, headers).await? {
                    ensure!(
                        answer.status == 401,
                        "{who}: {} answers {} {}",
                        answer.request,
                        answer.status,
                        answer.text
                    );
                }
            }
        }
    }
    rig.finish().await
}

#[tokio::test]
async fn a_body_that_is_no_json_gets_a_scim_error_and_changes_nothing() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let [ada] = rig.people(&scim, ["ada@example.com"]).await?;
    let before = scim.get(&format!("/Users/{ada}")).await?.expect(&[200])?;
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let bad = [
        "",
        "{",
        "nonsense",
        "[]",
        "\"text\"",
        "{\"userName\":",
        "{\"userName\":\"\u{0}\"}",
        "<scim/>",
        deep.as_str(),
    ];
    let routes = [
        (Method::POST, "/Users".to_owned()),
        (Method::PUT, format!("/Users/{ada}")),
        (Method::PATCH, format!("/Users/{ada}")),
        (Method::POST, "/Groups".to_owned()),
    ];
    for (method, path) in &routes {
        for body in bad {
            let request = scim
                .request(method.clone(), path)
                .header("Content-Type", "application/scim+json");
            let answer = Answer::of(request.body(body.to_owned())).await?;
            let start: String = body.chars().take(20).collect();
            ensure!(
                answer.status == 400,
                "{method} {path} {start:?}: {} {}",
                answer.status,
                answer.text
            );
            ensure!(
                answer.json["schemas"] == json!([ERROR]),
                "{method} {path} {start:?}: {}",
                answer.text
            );
            ensure!(
                answer.json["status"] == "400" && !answer.str("/detail").is_empty(),
                "{}",
                answer.text
            );
            ensure!(
                answer.header("content-type").starts_with("application/scim+json"),
                "{:?}",
                answer.headers
            );
        }
    }
    let after = scim.get(&format!("/Users/{ada}")).await?.expect(&[200])?;
    ensure!(after.json == before.json, "{} became {}", before.text, after.text);
    rig.finish().await
}

/// The SDK's own limit of 4 MiB would make a large group a 500 of Grafana.
#[tokio::test]
async fn a_body_of_five_mebibytes_works() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    let mut large = user("ada@example.com", "Ada", "King");
    // Attributes nobody knows are accepted and dropped: Entra sends its own.
    large["urn:example:params:scim:schemas:extension:2.0:User"] = json!({ "badge": "x".repeat(5 * 1024 * 1024) });
    let made = scim.post("/Users", &large).await?.expect(&[201])?;
    ensure!(made.text.len() < 10_000, "the answer carries what is not kept");
    rig.open("ada@example.com").await?;

    // The same in the shape it really has: one PUT with everybody. A member that is named twice is a member.
    let member = json!({ "value": made.id(), "display": "ada@example.com", "$ref": format!("../Users/{}", made.id()) });
    let count = 5 * 1024 * 1024 / member.to_string().len() + 1;
    let body =
        json!({ "schemas": [acceptance::idp::GROUP], "displayName": "Everybody", "members": vec![member; count] });
    ensure!(body.to_string().len() > 5 * 1024 * 1024, "not that large");
    let group = scim.post("/Groups", &body).await?.expect(&[201])?;
    rig.map_to_new(&group.id(), "Everybody").await?;
    rig.team_is("Everybody", &["ada@example.com"]).await?;
    rig.finish().await
}

#[tokio::test]
async fn what_does_not_exist_is_said_in_the_words_of_the_surface() -> Result<()> {
    let rig = Rig::start().await?;
    let scim = rig.scim().await?;
    for path in [
        "/Users/0",
        "/Groups/0",
        "/Schemas/urn:nobody",
        "/no-such-endpoint",
        "/Users/0/Groups",
    ] {
        let answer = scim.get(path).await?.expect(&[404])?;
        ensure!(
            answer.json["schemas"] == json!([ERROR]) && answer.json["status"] == "404",
            "{path}: {}",
            answer.text
        );
    }
    let wrong = scim.delete("/Users").await?.expect(&[405])?;
    ensure!(wrong.header("allow").contains("POST"), "{:?}", wrong.headers);
    let answer = rig
        .grafana
        .admin_send(Method::GET, "no-such-route", &json!(null))
        .await?
        .expect(&[404])?;
    ensure!(!answer.str("/message").is_empty(), "{}", answer.text);
    rig.finish().await
}

#[tokio::test]
async fn a_named_login_may_call_scim_with_the_least_role() -> Result<()> {
    let line = |setup: Setup| setup.ini(&format!("plugin.{PLUGIN}"), "scim_callers", "sa-1-least");
    let rig = Rig::with(line).await?;
    let robot = rig.grafana.service_account("Least", "Viewer").await?;
    let token = rig.grafana.token(&robot, "least").await?;
    let scim = ScimClient::new(Connection {
        base: format!("{}/scim/v2", rig.grafana.resources()),
        token,
    });
    scim.get("/Users").await?.expect(&[200])?;
    scim.post("/Users", &json!({ "schemas": [USER], "userName": "ada@example.com" }))
        .await?
        .expect(&[201])?;
    rig.open("ada@example.com").await?;
    rig.finish().await
}
