//! What an admin is told about the sign-ins of the people Rollcall makes.

use super::*;

fn lines(rows: &[(&str, &str, &str)]) -> Lines {
    let mut lines = Lines::default();
    for (section, key, value) in rows {
        lines.put(section, key, value);
    }
    lines
}

const OKTA: (&str, &str, &str) = ("auth.okta", "enabled", "true");
const LOOKUP: (&str, &str, &str) = ("auth", "oauth_allow_insecure_email_lookup", "true");

fn worst(rows: &[(&str, &str, &str)]) -> Finding {
    examine(&lines(rows))
        .into_iter()
        .next()
        .expect("something is always said")
}

fn says<'a>(findings: &'a [Finding], word: &str) -> &'a Finding {
    findings
        .iter()
        .find(|f| f.what.contains(word))
        .unwrap_or_else(|| panic!("nothing about “{word}” in {findings:#?}"))
}

#[test]
fn with_first_login_no_older_account_locks_anybody_out() {
    let (on, no) = (
        ("auth.okta", "enabled", "true"),
        ("auth.okta", "allow_sign_up", "false"),
    );
    for (rows, wanted) in [(vec![on], Severity::Ok), (vec![on, no], Severity::Problem)] {
        let mut lines = lines(&rows);
        lines.links_at_first_login();
        let found = examine(&lines);
        let first = found.iter().find(|f| f.why.contains("first_login")).expect("a finding");
        assert_eq!(first.severity, wanted, "{found:?}");
        assert_eq!(first.ini.is_empty(), wanted == Severity::Ok, "{first:?}");
    }
}

#[test]
fn oauth_without_the_lookup_names_the_line_that_fixes_it() {
    let found = worst(&[OKTA]);
    assert_eq!(
        (found.severity, found.provider.as_str()),
        (Severity::Problem, "auth.okta")
    );
    assert_eq!(found.ini, ["[auth]", "oauth_allow_insecure_email_lookup = true"]);
    assert!(found.why.contains("second account"), "{}", found.why);
    let closed = worst(&[OKTA, ("auth.okta", "allow_sign_up", "false")]);
    assert!(closed.why.contains("allow_sign_up is off") && !closed.why.contains("second account"));
}

#[test]
fn with_the_lookup_on_oauth_leaves_nothing_to_say() {
    let mut rows = vec![OKTA];
    // Doing what the doctor says makes it content: its lines are the cure and not only words.
    for _ in 0..3 {
        let found = worst(&rows);
        let [section, line] = found.ini.as_slice() else { break };
        let (key, value) = line.split_once(" = ").expect("key = value");
        let section = section.trim_matches(['[', ']']).to_owned();
        let (section, key, value): (&str, &str, &str) =
            (section.leak(), key.to_owned().leak(), value.to_owned().leak());
        rows.push((section, key, value));
    }
    let found = examine(&lines(&rows));
    assert!(
        found.iter().all(|f| f.severity == Severity::Ok && f.ini.is_empty()),
        "{found:#?}"
    );
    assert!(says(&found, "links").why.contains("CVE-2023-3128"));
    assert_eq!(lines(&rows).suspension_holds(), Some(true));
}

#[test]
fn a_suspension_that_does_not_hold_names_the_providers_own_line() {
    let found = examine(&lines(&[OKTA, LOOKUP]));
    let back = says(&found, "may come back");
    assert_eq!(back.severity, Severity::Warning);
    assert_eq!(back.ini, ["[auth.okta]", "skip_org_role_sync = true"]);
    assert_eq!(lines(&[OKTA, LOOKUP]).suspension_holds(), Some(false));
}

#[test]
fn a_suspension_holds_where_every_method_leaves_roles_alone() {
    let skip = ("auth.okta", "skip_org_role_sync", "true");
    assert_eq!(lines(&[OKTA, skip]).suspension_holds(), Some(true));
    assert_eq!(
        lines(&[OKTA, skip, ("auth.ldap", "enabled", "true")]).suspension_holds(),
        Some(false)
    );
    assert_eq!(
        lines(&[OKTA, skip, ("auth.github", "enabled", "false")]).suspension_holds(),
        Some(true)
    );
    let basic = ("auth.basic", "enabled", "true");
    assert_eq!(
        lines(&[basic]).suspension_holds(),
        None,
        "it may be set up on Grafana's page"
    );
    // Grafana 11 does not read the older switch for every OAuth provider at once.
    let older = ("auth", "oauth_skip_org_role_update_sync", "true");
    assert_eq!(lines(&[OKTA, older]).suspension_holds(), Some(false));
}

#[test]
fn a_proxy_puts_people_back_only_where_it_sends_a_role() {
    let on = ("auth.proxy", "enabled", "true");
    assert_eq!(lines(&[on]).suspension_holds(), Some(true));
    let role = ("auth.proxy", "headers", "Email:X-User-Email Role:X-User-Role");
    assert_eq!(lines(&[on, role]).suspension_holds(), Some(false));
    assert!(
        says(&examine(&lines(&[on, role])), "may come back")
            .why
            .contains("Take Role out")
    );
}

#[test]
fn ldap_proxy_and_a_token_with_claims_link_without_any_change() {
    for rows in [
        vec![("auth.ldap", "enabled", "true")],
        vec![("auth.proxy", "enabled", "true")],
        vec![("auth.jwt", "enabled", "true"), ("auth.jwt", "email_claim", "email")],
        vec![
            ("auth.jwt", "enabled", "true"),
            ("auth.jwt", "username_attribute_path", "sub"),
        ],
    ] {
        let found = examine(&lines(&rows));
        assert_eq!(says(&found, "links").severity, Severity::Ok, "{rows:?}");
    }
    let nothing = worst(&[("auth.jwt", "enabled", "true")]);
    assert_eq!(nothing.severity, Severity::Problem);
    assert_eq!(nothing.ini, ["[auth.jwt]", "email_claim = email"]);
}

#[test]
fn what_is_not_known_is_said_to_be_unknown() {
    for method in ["auth.saml", "auth.passwordless"] {
        let found = examine(&lines(&[(method, "enabled", "true")]));
        assert_eq!(says(&found, "not known").severity, Severity::Note, "{method}");
    }
    assert!(worst(&[]).why.contains("could not be read"));
    assert!(unreadable()[0].why.contains("settings:read"));
}

#[test]
fn the_lookup_for_a_tenant_of_everybody_is_a_risk() {
    let azure = ("auth.azuread", "enabled", "true");
    let found = examine(&lines(&[azure, LOOKUP]));
    assert_eq!(
        says(&found, "accounts of others").ini[1],
        "allowed_organizations = <your tenant id>"
    );
    let bound = examine(&lines(&[
        azure,
        LOOKUP,
        ("auth.azuread", "allowed_organizations", "t1"),
    ]));
    assert!(!bound.iter().any(|f| f.what.contains("accounts of others")));
}

#[test]
fn grafanas_own_scim_that_refuses_our_people_is_a_problem() {
    let scim = |key, value| [("auth.scim", "user_sync_enabled", "true"), ("auth.scim", key, value)];
    let newer = worst(&scim("reject_non_provisioned_users", "true"));
    assert_eq!(newer.ini, ["[auth.scim]", "reject_non_provisioned_users = false"]);
    let older = worst(&scim("allow_non_provisioned_users", "false"));
    assert_eq!(older.ini, ["[auth.scim]", "allow_non_provisioned_users = true"]);
    assert!(worst(&scim("allow_non_provisioned_users", "true")).severity < Severity::Problem);
}

#[test]
fn settings_of_users_that_surprise_are_named() {
    let found = examine(&lines(&[
        ("users", "auto_assign_org", "false"),
        ("users", "verify_email_enabled", "true"),
        ("smtp", "enabled", "true"),
        ("auth", "disable_login_form", "true"),
        ("auth.okta", "enabled", "true"),
        ("auth.okta", "allow_assign_grafana_admin", "true"),
    ]));
    assert_eq!(says(&found, "organization of its own").ini[1], "auto_assign_org = true");
    assert_eq!(says(&found, "waits until").ini[1], "verify_email_enabled = false");
    assert_eq!(says(&found, "Break-glass").severity, Severity::Note);
    assert_eq!(says(&found, "server admins").ini[0], "[auth.okta]");
    let without_mail = examine(&lines(&[("users", "verify_email_enabled", "true")]));
    assert!(!without_mail.iter().any(|f| f.what.contains("waits until")));
}

#[test]
fn a_provider_of_grafanas_page_is_changed_on_that_page() {
    let mut both = lines(&[OKTA, LOOKUP, ("auth.okta", "skip_org_role_sync", "true")]);
    both.page_read();
    let page = |skip: bool| {
        [
            ("enabled", "true".to_owned()),
            ("skipOrgRoleSync", skip.to_string()),
            ("clientSecret", "hunter2".to_owned()),
        ]
    };
    both.put_on_page("okta", page(false));
    assert_eq!(both.suspension_holds(), Some(false), "the page wins");
    let found = examine(&both);
    let back = says(&found, "may come back");
    assert!(
        back.ini.is_empty() && back.why.contains("set skip_org_role_sync = true there"),
        "{back:?}"
    );
    assert!(!format!("{both:?}").contains("hunter2"));
    both.put_on_page("okta", page(true));
    assert_eq!(both.suspension_holds(), Some(true));
    // The lookup is in no provider's settings: it stays a line of the file.
    let mut locked = Lines::default();
    locked.page_read();
    assert!(examine(&locked)[0].why.contains("no provider is set up"));
    locked.put_on_page("okta", page(true));
    assert_eq!(
        examine(&locked)[0].ini,
        ["[auth]", "oauth_allow_insecure_email_lookup = true"]
    );
    // Turned off on the page: nobody signs in by it, whatever the file says.
    both.put_on_page("okta", [("enabled", "false".to_owned())]);
    assert_eq!(both.suspension_holds(), None);
}

#[test]
fn secrets_and_everything_else_are_not_kept() {
    let kept = lines(&[
        ("auth.okta", "client_secret", "hunter2"),
        ("auth.okta", "client_id", "abc"),
        ("security", "admin_password", "hunter2"),
        ("database", "password", "hunter2"),
    ]);
    assert_eq!(kept, Lines::default());
}
