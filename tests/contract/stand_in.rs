//! What only the stand-in can be asked: sign-ins without a provider, other settings, faults, restarts.

use std::time::Duration;

use acceptance::wait::{SOON, until};
use anyhow::Context as _;
use grafana_stand_in::{Effect, Fault, MEMBER, OauthSignIn, Options, Refused, Role, StandIn, wrong};
use serde_json::{Value, json};

use crate::{
    resources::{ID, install},
    target::{As, Person, Target, with_stand_in},
};

fn provider(options: Options) -> Options {
    options.with_setting("auth.generic_oauth", "enabled", "true")
}

fn as_provider_says(person: &Person) -> OauthSignIn {
    OauthSignIn {
        module: "oauth_generic_oauth".into(),
        subject: format!("sub-{}", person.login),
        login: person.email.clone(),
        email: person.email.clone(),
        name: "As the provider says".into(),
        role: None,
    }
}

/// A user who signed in by OAuth once.
async fn external(g: &Target) -> Person {
    let person = Person {
        id: 0,
        login: "ext@ex.com".into(),
        email: "ext@ex.com".into(),
        password: String::new(),
    };
    let id = g.stand_in().oauth_sign_in(&as_provider_says(&person)).unwrap().user;
    Person { id, ..person }
}

/// What an external user is (G9–G11).
#[tokio::test]
async fn an_external_user_can_be_logged_out_and_little_else() {
    with_stand_in(provider, async |g| {
        let ext = external(g).await;
        let user = g.get(&format!("/api/users/{}", ext.id)).await.json;
        assert_eq!(
            (&user["isExternal"], &user["authLabels"]),
            (&json!(true), &json!(["Generic OAuth"]))
        );
        for (verb, message) in [
            ("disable", "Could not disable external user"),
            ("enable", "Could not enable external user"),
        ] {
            let answer = g
                .post(&format!("/api/admin/users/{}/{verb}", ext.id), Value::Null)
                .await;
            assert_eq!((answer.status, answer.str("/message")), (500, message));
        }
        let answer = g
            .put(
                &format!("/api/users/{}", ext.id),
                json!({ "login": "x", "email": "x@x" }),
            )
            .await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (403, "Cannot update external User")
        );
        let answer = g
            .put(
                &format!("/api/admin/users/{}/password", ext.id),
                json!({ "password": "pass-w0rd" }),
            )
            .await;
        assert_eq!(answer.status, 403);
        let cookie = As::Cookie(g.stand_in().oauth_sign_in(&as_provider_says(&ext)).unwrap().cookie);
        let answer = g
            .call(&cookie, "PUT", "/api/user", json!({ "login": "x", "email": "x@x" }))
            .await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (403, "Cannot update external User")
        );
        let answer = g
            .patch(&format!("/api/orgs/1/users/{}", ext.id), json!({ "role": "Editor" }))
            .await;
        assert_eq!((answer.status, answer.str("/messageId")), (403, "org.externallySynced"));
        let cookie = As::Cookie(g.stand_in().oauth_sign_in(&as_provider_says(&ext)).unwrap().cookie);
        g.call(&cookie, "GET", "/api/user", Value::Null)
            .await
            .expect(&[200])
            .unwrap();
        assert_eq!(
            g.post(&format!("/api/admin/users/{}/logout", ext.id), Value::Null)
                .await
                .status,
            200
        );
        assert_eq!(g.call(&cookie, "GET", "/api/user", Value::Null).await.status, 401);
    })
    .await;
}

#[tokio::test]
async fn without_role_sync_an_external_users_role_can_be_changed() {
    let options = |options| provider(options).with_setting("auth.generic_oauth", "skip_org_role_sync", "true");
    with_stand_in(options, async |g| {
        let ext = external(g).await;
        let answer = g
            .patch(&format!("/api/orgs/1/users/{}", ext.id), json!({ "role": "Editor" }))
            .await;
        assert_eq!(answer.status, 200);
    })
    .await;
}

/// The way back is to delete and create; an account recreated as disabled stays closed (G22).
#[tokio::test]
async fn a_disabled_user_stays_closed_with_oauth_and_the_lookup() {
    let options = |options| provider(options).with_setting("auth", "oauth_allow_insecure_email_lookup", "true");
    with_stand_in(options, async |g| {
        let ann = g.person().await;
        let disable = async |id: i64| {
            g.post(&format!("/api/admin/users/{id}/disable"), Value::Null)
                .await
                .status
        };
        assert_eq!(disable(ann.id).await, 200);
        let tried = g.stand_in().oauth_sign_in(&as_provider_says(&ann));
        assert_eq!(tried.unwrap_err(), Refused::Disabled);
        let answer = g
            .post(&format!("/api/admin/users/{}/enable", ann.id), Value::Null)
            .await;
        assert_eq!(
            (answer.status, answer.str("/message")),
            (500, "Could not enable external user")
        );

        g.delete(&format!("/api/admin/users/{}", ann.id))
            .await
            .expect(&[200])
            .unwrap();
        let body = json!({ "login": ann.login, "email": ann.email, "password": "pass-w0rd" });
        let again = g.create_user(body).await;
        assert_ne!(again, ann.id);
        assert_eq!(disable(again).await, 200);
        let tried = g.stand_in().oauth_sign_in(&as_provider_says(&ann));
        assert_eq!(tried.unwrap_err(), Refused::Disabled);
    })
    .await;
}

#[tokio::test]
async fn without_the_login_form_basic_auth_still_works() {
    with_stand_in(
        |options| options.with_setting("auth", "disable_login_form", "true"),
        async |g| {
            let refused = g.sign_in("admin", "admin").await.unwrap_err();
            assert_eq!(
                (refused.status, refused.str("/messageId")),
                (400, "auth.client.notConfigured")
            );
            assert_eq!(g.get("/api/user").await.status, 200);
        },
    )
    .await;
}

#[tokio::test]
async fn an_old_session_asks_to_be_rotated() {
    with_stand_in(
        |options| options.with_setting("auth", "token_rotation_interval_minutes", "-1"),
        async |g| {
            let old = g.sign_in("admin", "admin").await.unwrap();
            let answer = g.call(&old, "GET", "/api/user", Value::Null).await;
            assert_eq!((answer.status, answer.str("/messageId")), (401, "session.token.rotate"));
            assert_eq!(
                g.call(&old, "POST", "/api/user/auth-tokens/rotate", Value::Null)
                    .await
                    .status,
                200
            );
        },
    )
    .await;
}

#[tokio::test]
async fn lines_that_grafana_does_not_know_are_shown_by_the_settings() {
    let options = |options: Options| {
        options
            .with_setting("auth", "team_sync_mode", "scim_sync")
            .with_setting("plugin.rollcall-scim-app", "admin_password", "geheim")
    };
    with_stand_in(options, async |g| {
        let settings = g.get("/api/admin/settings").await;
        assert_eq!(settings.json["auth"]["team_sync_mode"], "scim_sync");
        assert!(!settings.text.contains("geheim"));
    })
    .await;
}

#[tokio::test]
async fn a_fault_hits_as_many_calls_as_it_was_set_for() {
    with_stand_in(
        |options| options,
        async |g| {
            g.stand_in()
                .set_fault(Fault::status("/api/teams", 503).method("POST").times(2));
            for status in [503, 503, 200] {
                let name = crate::target::unique("Faulty");
                assert_eq!(g.post("/api/teams", json!({ "name": name })).await.status, status);
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_lost_answer_is_not_a_lost_call() {
    with_stand_in(
        |options| options,
        async |g| {
            let make = async |effect: Effect| {
                g.stand_in().set_fault(Fault::new("/api/teams", effect).method("POST"));
                let name = crate::target::unique("Lost");
                let request = g.request(&g.admin, "POST", "/api/teams").json(&json!({ "name": name }));
                assert!(acceptance::connect::Answer::of(request).await.is_err());
                g.get(&format!("/api/teams/search?name={name}")).await.json["totalCount"].clone()
            };
            assert_eq!(make(Effect::DropAnswer).await, 1);
            assert_eq!(make(Effect::Drop).await, 0);
            assert_eq!(make(Effect::Reset).await, 0);
        },
    )
    .await;
}

/// A balancer that gave up on Grafana resets; who only drops ends in order.
#[tokio::test]
async fn a_connection_is_reset_or_ends_in_order() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    with_stand_in(
        |options| options,
        async |g| {
            let ends = async |effect: Effect| {
                g.stand_in().set_fault(Fault::new("/api/user", effect));
                let address = g.url.strip_prefix("http://").unwrap();
                let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
                let head = b"GET /api/user HTTP/1.1\r\nHost: x\r\n\r\n";
                stream.write_all(head).await.unwrap();
                let end = stream.read(&mut [0; 1]).await;
                end.map_err(|error| error.kind())
            };
            assert_eq!(ends(Effect::Drop).await, Ok(0));
            let reset = std::io::ErrorKind::ConnectionReset;
            assert_eq!(ends(Effect::Reset).await, Err(reset));
        },
    )
    .await;
}

#[tokio::test]
async fn a_slow_call_is_done_before_its_answer_comes() {
    with_stand_in(
        |options| options,
        async |g| {
            let slow = Fault::new("/api/teams", Effect::Slow(Duration::from_secs(3600)));
            g.stand_in().set_fault(slow.method("POST"));
            let making = g.post("/api/teams", json!({ "name": "Late" }));
            let made = until("it is made", SOON, async || {
                g.stand_in().team("Late").context("no such team")
            });
            tokio::select! {
                _ = making => panic!("it was answered"),
                made = made => assert_eq!(made.unwrap().name, "Late"),
            }
        },
    )
    .await;
}

#[tokio::test]
async fn a_test_changes_what_is_there_behind_the_api() {
    with_stand_in(
        |options| options,
        async |g| {
            let ann = g.person().await;
            let session = g.sign_in(&ann.login, &ann.password).await.unwrap();
            let own = async || g.call(&session, "GET", "/api/user", Value::Null).await;
            assert_eq!(own().await.status, 200);
            let team = g.stand_in().change(|world| {
                world.age_sessions(Duration::from_secs(3600));
                let team = world.add_team(1, "By hand");
                world.team_mut(team).unwrap().members.insert(ann.id, MEMBER);
                world.link(ann.id, "oauth_generic_oauth", "ann-sub");
                team
            });
            assert_eq!(own().await.json["messageId"], "session.token.rotate");
            let teams = g.get(&format!("/api/users/{}/teams", ann.id)).await.json;
            assert_eq!(teams[0]["id"], team);
            let disable = format!("/api/admin/users/{}/disable", ann.id);
            assert_eq!(g.post(&disable, json!({})).await.status, 500);
            let key = g.stand_in().change(|world| {
                let account = world.add_service_account(1, "Okta", Role::Admin);
                world.add_token(account, "key").1
            });
            let by_token = async |key: String| g.call(&As::Bearer(key), "GET", "/api/teams/search", Value::Null).await;
            assert_eq!(by_token(key).await.status, 200);
            assert_eq!(by_token("glsa_bad".into()).await.status, 401);
            assert_eq!(g.stand_in().calls_to("GET /api/teams/search"), 2);
            g.stand_in().clear_calls();
            assert_eq!(g.stand_in().calls_to("GET "), 0);
        },
    )
    .await;
}

#[tokio::test]
async fn a_call_that_hangs_does_nothing_and_keeps_nobody_else_waiting() {
    with_stand_in(
        |options| options,
        async |g| {
            g.stand_in()
                .set_fault(Fault::new("/api/teams", Effect::Hang).method("POST"));
            let hanging = g.post("/api/teams", json!({ "name": "Never" }));
            assert!(tokio::time::timeout(Duration::from_millis(100), hanging).await.is_err());
            assert_eq!(g.get("/api/teams/search").await.json["totalCount"], 0);
        },
    )
    .await;
}

/// Five minutes, without waiting for them (G26).
#[tokio::test]
async fn a_lock_ends_when_its_failures_are_old() {
    with_stand_in(
        |options| options,
        async |g| {
            let ann = g.person().await;
            for _ in 0..5 {
                g.sign_in(&ann.login, "wrong").await.unwrap_err();
            }
            let by = |seconds| {
                g.stand_in()
                    .change(|world| world.age_failures(Duration::from_secs(seconds)))
            };
            by(290);
            g.sign_in(&ann.login, &ann.password).await.unwrap_err();
            by(20);
            g.sign_in(&ann.login, &ann.password).await.unwrap();
        },
    )
    .await;
}

#[tokio::test]
async fn a_proxys_page_is_no_answer_of_grafana() {
    with_stand_in(
        |options| options,
        async |g| {
            let ann = g.person().await;
            let disable = format!("/api/admin/users/{}/disable", ann.id);
            for status in [403, 502] {
                g.stand_in()
                    .set_fault(Fault::new("/api/admin/users/*/disable", Effect::Page(status)));
                let answer = g.post(&disable, Value::Null).await;
                assert_eq!(
                    (answer.status, answer.headers["content-type"].as_bytes()),
                    (status, &b"text/html"[..])
                );
                assert!(answer.text.starts_with("<html>"));
            }
            // Nothing was done.
            assert_eq!(g.get(&format!("/api/users/{}", ann.id)).await.json["isDisabled"], false);
            assert_eq!(g.post(&disable, Value::Null).await.status, 200);
        },
    )
    .await;
}

#[tokio::test]
async fn a_balancers_cookie_stands_before_the_session() {
    with_stand_in(
        |options| options,
        async |g| {
            g.stand_in()
                .set_fault(Fault::new("/login", Effect::BalancerCookie).always());
            let body = json!({ "user": "admin", "password": "admin" });
            let answer = g.call(&As::Nobody, "POST", "/login", body).await;
            let cookies = answer.headers.get_all("set-cookie").into_iter();
            let names: Vec<&str> = cookies
                .filter_map(|line| line.to_str().ok()?.split('=').next())
                .collect();
            assert_eq!(names[..3], ["AWSALB", "AWSALBCORS", "grafana_session"]);
        },
    )
    .await;
}

#[tokio::test]
async fn wrong_answers_look_like_right_ones() {
    with_stand_in(
        |options| options,
        async |g| {
            let ann = g.person().await;
            let path = format!("/api/users/search?query={}", ann.login);
            let wrong = async |rewrite| {
                g.stand_in()
                    .set_fault(Fault::new("/api/users/search", Effect::Rewrite(rewrite)));
                g.get(&path).await.expect(&[200]).unwrap().json
            };
            assert_eq!(wrong(wrong::zero_ids).await["users"][0]["id"], 0);
            assert_eq!(wrong(wrong::negative_ids).await["users"][0]["id"], -1);
            assert_eq!(wrong(wrong::blank_logins).await["users"][0]["login"], "");
            let nobody = wrong(wrong::empty_list).await;
            assert_eq!((&nobody["users"], &nobody["totalCount"]), (&json!([]), &json!(0)));
            assert_eq!(g.get(&path).await.json["users"][0]["id"], ann.id);
        },
    )
    .await;
}

#[tokio::test]
async fn calls_are_logged_with_their_caller() {
    with_stand_in(
        |options| options,
        async |g| {
            g.get("/api/teams/search?name=x").await;
            g.call(&As::Nobody, "GET", "/api/user", Value::Null).await;
            let seen: Vec<_> = g
                .stand_in()
                .calls()
                .into_iter()
                .map(|call| (call.method, call.path, call.who, call.status))
                .collect();
            let row = |path: &str, who: &str, status| ("GET".to_owned(), path.to_owned(), who.to_owned(), Some(status));
            assert_eq!(
                seen,
                [row("/api/teams/search?name=x", "admin", 200), row("/api/user", "", 401)]
            );
        },
    )
    .await;
}

#[tokio::test]
async fn state_survives_a_restart_and_ids_are_not_given_twice() {
    let data = tempfile::tempdir().unwrap();
    let start = async || StandIn::start(Options::in_dir(data.path())).await.unwrap();
    let call = async |stand_in: &StandIn, method: &str, path: &str, body: Value| {
        let client = acceptance::connect::client();
        let request = client.request(method.parse().unwrap(), format!("{}{path}", stand_in.url()));
        acceptance::connect::Answer::of(request.basic_auth("admin", Some("admin")).json(&body))
            .await
            .unwrap()
    };
    let first = start().await;
    let made = call(
        &first,
        "POST",
        "/api/admin/users",
        json!({ "login": "ann", "password": "pass-w0rd" }),
    )
    .await;
    let bob = call(
        &first,
        "POST",
        "/api/admin/users",
        json!({ "login": "bob", "password": "pass-w0rd" }),
    )
    .await
    .json;
    call(
        &first,
        "DELETE",
        &format!("/api/admin/users/{}", bob["id"]),
        Value::Null,
    )
    .await;
    first.stop().await;
    let second = start().await;
    let found = call(&second, "GET", "/api/users/lookup?loginOrEmail=ann", Value::Null).await;
    assert_eq!(found.json["id"], made.json["id"]);
    let cat = call(
        &second,
        "POST",
        "/api/admin/users",
        json!({ "login": "cat", "password": "pass-w0rd" }),
    )
    .await
    .json;
    assert!(cat["id"].as_i64() > bob["id"].as_i64());
    second.stop().await;
}

/// Back after 0.13 s, and the calls in between get a 500 (G66).
#[tokio::test]
async fn a_plugin_that_was_killed_is_started_again() {
    let plugins = tempfile::tempdir().unwrap();
    install(plugins.path());
    with_stand_in(
        |options| options.with_plugins(plugins.path()),
        async |g| {
            g.post(&format!("/api/plugins/{ID}/settings"), json!({ "enabled": true }))
                .await
                .expect(&[200])
                .unwrap();
            let path = format!("/api/plugins/{ID}/resources/x");
            let first = g.stand_in().plugin_pid().unwrap();
            g.stand_in().kill_plugin().await.unwrap();
            let between = g.get(&path).await;
            assert_eq!(
                (between.status, between.str("/messageId")),
                (500, "plugin.downstreamError")
            );
            let back = async {
                while g.get(&path).await.status != 200 {
                    tokio::task::yield_now().await;
                }
            };
            tokio::time::timeout(Duration::from_secs(20), back).await.unwrap();
            assert_ne!(g.stand_in().plugin_pid().unwrap(), first);
        },
    )
    .await;
}

#[tokio::test]
async fn pages_open_by_role_and_carry_who_is_asking() {
    let (plugins, host) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    install(plugins.path());
    let dist = host.path().join("13.2/dist");
    std::fs::create_dir_all(dist.join("public/fonts")).unwrap();
    std::fs::write(dist.join("host.js"), "1").unwrap();
    std::fs::write(dist.join("public/fonts/a.woff2"), "2").unwrap();
    let options = |mut options: Options| {
        options.host_assets = Some(dist.clone());
        options.with_plugins(plugins.path())
    };
    with_stand_in(options, async |g| {
        g.post(&format!("/api/plugins/{ID}/settings"), json!({ "enabled": true }))
            .await
            .expect(&[200])
            .unwrap();
        let ann = g.person().await;
        let admin = g.sign_in("admin", "admin").await.unwrap();
        let viewer = g.sign_in(&ann.login, &ann.password).await.unwrap();
        let page = async |who: &As, path: &str| g.call(who, "GET", path, Value::Null).await;
        let own = format!("/a/{ID}");
        let seen = page(&admin, &own).await.expect(&[200]).unwrap();
        for part in [
            "\"orgRole\":\"Admin\"",
            "window.__rigMeta={",
            "\"gv\":\"13.2.0\"",
            "/host.js",
        ] {
            assert!(seen.text.contains(part), "{part}");
        }
        // Only the paths that `includes` names are guarded.
        assert_eq!(page(&viewer, &own).await.status, 302);
        assert_eq!(page(&viewer, &format!("{own}/other")).await.status, 200);
        for path in ["/host.js", "/public/fonts/a.woff2", "/public/build/fonts/a.woff2"] {
            assert_eq!(page(&As::Nobody, path).await.status, 200, "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn a_grafana_below_a_path_answers_there_only() {
    let options = |mut options: Options| {
        options.sub_path = "/grafana".into();
        options
    };
    with_stand_in(options, async |g| {
        assert!(g.url.ends_with("/grafana"));
        assert_eq!(g.get("/api/user").await.status, 200);
        let settings = g.get("/api/admin/settings").await;
        assert!(settings.str("/server/root_url").ends_with("/grafana/"));
    })
    .await;
}
