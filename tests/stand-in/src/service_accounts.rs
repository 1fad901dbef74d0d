//! Service accounts and their tokens: Grafana's `services/serviceaccounts/api`.
//!
//! Owns: making, listing, changing and ending them. What they may do is nobody's business here.

use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    answer::{Answer, Outcome, id},
    desk::{Desk, any_contains, paged},
    world::{Role, Token, User, now, service_account_login},
};

fn shown(desk: &Desk<'_>, account: &User) -> Value {
    let tokens = desk.world.tokens.values().filter(|token| token.account == account.id);
    json!({
        "id": account.id, "name": account.name, "login": account.login, "orgId": account.org, "isDisabled": account.disabled,
        "role": account.orgs.values().next().map(|role| role.name()), "tokens": tokens.count(), "avatarUrl": "",
    })
}

/// One alone: with its times and, always, no teams, and without the number of its tokens.
fn profile(account: &User) -> Value {
    json!({
        "id": account.id, "name": account.name, "login": account.login, "orgId": account.org, "isDisabled": account.disabled,
        "role": account.orgs.values().next().map(|role| role.name()), "teams": null, "avatarUrl": "",
        "createdAt": account.created, "updatedAt": account.updated,
    })
}

fn find(desk: &Desk<'_>, org: i64, account: &str) -> Result<i64, Answer> {
    let account = account
        .parse()
        .map_err(|_| Answer::message(400, "Service Account ID is invalid"))?;
    let row = desk.world.users.get(&account);
    let found = row.is_some_and(|row| row.service_account && row.org == Some(org));
    if found {
        Ok(account)
    } else {
        Err(Answer::error(
            404,
            "serviceaccounts.ErrNotFound",
            "service account not found",
        ))
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Form {
    name: String,
    role: String,
    isdisabled: Option<bool>,
}

fn role(desk: &Desk<'_>, name: &str) -> Result<Role, Answer> {
    let role = Role::of(name).ok_or_else(|| Answer::message(400, "Bad request data"))?;
    if role > desk.who.role {
        let text = "can not assign a role higher than user's role";
        return Err(Answer::error(403, "serviceaccounts.ErrRoleForbidden", text));
    }
    Ok(role)
}

pub(super) fn create(desk: &mut Desk<'_>) -> Outcome {
    let org = desk.who.needs_org_admin("serviceaccounts:create")?;
    let sent: Form = desk.form()?;
    if sent.name.is_empty() {
        return Err(Answer::message(400, "Bad request data"));
    }
    let role = if sent.role.is_empty() {
        Role::Viewer
    } else {
        role(desk, &sent.role)?
    };
    let login = service_account_login(org, &sent.name);
    if desk.world.by_login(&login).is_some() {
        let id = "serviceaccounts.ErrAlreadyExists";
        return Err(Answer::error(400, id, "service account already exists"));
    }
    let id = desk.world.add_service_account(org, &sent.name, role);
    if let Some(account) = desk.world.users.get_mut(&id) {
        account.disabled = sent.isdisabled.unwrap_or_default();
    }
    Ok(Answer::json(201, &shown(desk, &desk.world.users[&id])))
}

pub(super) fn search(desk: &mut Desk<'_>) -> Outcome {
    let org = desk.who.needs_org_admin("serviceaccounts:read")?;
    let query = desk.param("query");
    let mut rows: Vec<&User> = desk
        .world
        .users
        .values()
        .filter(|row| row.service_account && row.org == Some(org))
        .filter(|row| any_contains(&[&row.login, &row.name], query))
        .collect();
    rows.sort_by_key(|row| &row.login);
    let total = rows.len();
    let page = desk.page();
    let rows: Vec<Value> = paged(rows, page).into_iter().map(|row| shown(desk, row)).collect();
    let body = json!({ "totalCount": total, "serviceAccounts": rows, "page": page.0, "perPage": page.1 });
    Ok(Answer::json(200, &body))
}

pub(super) fn read(desk: &mut Desk<'_>, account: &str) -> Outcome {
    let org = desk.who.needs_org_admin("serviceaccounts:read")?;
    let account = find(desk, org, account)?;
    Ok(Answer::json(200, &profile(&desk.world.users[&account])))
}

pub(super) fn update(desk: &mut Desk<'_>, account: &str) -> Outcome {
    let org = desk.who.needs_org_admin("serviceaccounts:write")?;
    let sent: Form = desk.form()?;
    let account = find(desk, org, account)?;
    if !sent.role.is_empty() {
        let role = role(desk, &sent.role)?;
        desk.world.join(account, org, role);
    }
    if let Some(row) = desk.world.users.get_mut(&account) {
        if !sent.name.is_empty() {
            row.name = sent.name;
        }
        row.disabled = sent.isdisabled.unwrap_or(row.disabled);
        row.updated = now();
    }
    let row = profile(&desk.world.users[&account]);
    let body =
        json!({ "message": "Service account updated", "id": account, "name": row["name"], "serviceaccount": row });
    Ok(Answer::json(200, &body))
}

pub(super) fn delete(desk: &mut Desk<'_>, account: &str) -> Outcome {
    let org = desk.who.needs_org_admin("serviceaccounts:delete")?;
    let account = find(desk, org, account).map_err(|_| Answer::message(500, "Service account deletion error"))?;
    desk.world.delete(account);
    Ok(Answer::message(200, "Service account deleted"))
}

pub(super) fn tokens(desk: &mut Desk<'_>, account: &str) -> Outcome {
    let org = desk.who.needs_org_admin("serviceaccounts:read")?;
    let account = find(desk, org, account)?;
    let tokens = desk.world.tokens.values().filter(|token| token.account == account);
    let rows: Vec<Value> = tokens
        .map(|token| {
            json!({
                "id": token.id, "name": token.name, "created": token.created, "lastUsedAt": null, "expiration": null,
                "secondsUntilExpiration": 0, "hasExpired": false, "isRevoked": false,
            })
        })
        .collect();
    Ok(Answer::json(200, &json!(rows)))
}

pub(super) fn create_token(desk: &mut Desk<'_>, account: &str) -> Outcome {
    let org = desk.who.needs_org_admin("serviceaccounts:write")?;
    let account = find(desk, org, account)?;
    let sent: Form = desk.form()?;
    if sent.name.is_empty() {
        return Err(Answer::message(400, "Bad request data"));
    }
    // Unique in the organization, not in the account.
    let of_org = |token: &&Token| desk.world.users.get(&token.account).and_then(|row| row.org) == Some(org);
    let mut tokens = desk.world.tokens.values().filter(of_org);
    if tokens.any(|token| token.name == sent.name) {
        let id = "serviceaccounts.ErrTokenAlreadyExists";
        let text = "service account token with given name already exists in the organization";
        return Err(Answer::error(400, id, text));
    }
    let (id, key) = desk.world.add_token(account, &sent.name);
    let body = json!({ "id": id, "name": sent.name, "key": key });
    Ok(Answer::json(200, &body))
}

pub(super) fn delete_token(desk: &mut Desk<'_>, account: &str, token: &str) -> Outcome {
    let org = desk.who.needs_org_admin("serviceaccounts:write")?;
    let account = find(desk, org, account)?;
    let token = id("Token ID", token)?;
    let before = desk.world.tokens.len();
    desk.world
        .tokens
        .retain(|_, row| !(row.account == account && row.id == token));
    if desk.world.tokens.len() == before {
        let id = "serviceaccounts.ErrTokenNotFound";
        return Err(Answer::error(404, id, "service account token not found"));
    }
    Ok(Answer::message(200, "Service account token deleted"))
}
