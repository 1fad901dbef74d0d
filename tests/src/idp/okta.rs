//! Okta.
//!
//! Owns: the requests of Okta's provisioning agent. Must never DELETE a user: Okta never does. Start at [`Okta`].
//!
//! Sources: okta/okta-developer-docs `docs/reference/scim/scim-20/index.md` @02e8ee8 and `docs/concepts/scim/faqs` @024f0ce; group
//! bodies as in ory/polis PR 4080; I13–I18.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::{GROUP, Group, Member, Person, Provider, ScimClient, USER, eq, id_of, opaque};

/// The two kinds of application; an admin cannot switch one to the other's verbs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum App {
    /// Made by the App Integration Wizard: PUT for every update, deactivation and membership included.
    Custom,
    /// From the catalogue (OIN, "SCIM 2.0 Test App"): PATCH for `active` and groups, PUT for profiles.
    Catalogue,
}

/// Okta, pushing.
pub struct Okta {
    scim: ScimClient,
    app: App,
}

impl Okta {
    /// A custom application (AIW).
    #[must_use]
    pub fn custom(scim: ScimClient) -> Self {
        Self { scim, app: App::Custom }
    }

    /// An application of the catalogue (OIN).
    #[must_use]
    pub fn catalogue(scim: ScimClient) -> Self {
        Self {
            scim,
            app: App::Catalogue,
        }
    }

    fn profile(person: &Person) -> Value {
        json!({
            "schemas": [USER],
            "userName": person.user_name,
            "name": { "givenName": person.given_name, "familyName": person.family_name },
            "emails": [{ "primary": true, "value": person.email, "type": "work" }],
            "displayName": person.display_name(),
            "locale": "en-US",
            "externalId": person.external_id,
            "active": person.active,
        })
    }

    /// "GET user → full PUT": what was read goes back, `groups`, `meta` and `id` included, with the profile laid over it.
    async fn put_user(&self, id: &str, person: &Person) -> Result<()> {
        let path = format!("/Users/{id}");
        let mut user = self.scim.get(&path).await?.expect(&[200])?.json;
        let known = user.as_object_mut().context("a user that is no object")?;
        for (name, value) in Self::profile(person).as_object_mut().context("a profile")? {
            known.insert(name.clone(), value.take());
        }
        self.scim.put(&path, &user).await?.expect(&[200])?;
        Ok(())
    }

    async fn put_group(&self, id: &str, group: &Group) -> Result<()> {
        let body =
            json!({ "schemas": [GROUP], "id": id, "displayName": group.name, "members": values(&group.members) });
        self.scim
            .put(&format!("/Groups/{id}"), &body)
            .await?
            .expect(&[200, 204])?;
        Ok(())
    }

    async fn patch_group(&self, id: &str, operations: Value) -> Result<()> {
        self.scim
            .patch(&format!("/Groups/{id}"), operations)
            .await?
            .expect(&[200, 204])?;
        Ok(())
    }
}

fn values(members: &[Member]) -> Value {
    members
        .iter()
        .map(|member| json!({ "value": member.id, "display": member.display }))
        .collect()
}

/// The rename that comes with every change of membership; the `id` in it is Okta's habit.
fn name_operation(id: &str, group: &Group) -> Value {
    json!({ "op": "replace", "value": { "id": id, "displayName": group.name } })
}

impl Provider for Okta {
    fn external_id(&self, name: &str) -> String {
        let (a, b) = opaque(name);
        format!("00u{:017x}", u128::from(a) << 4 ^ u128::from(b) & 0xf)
            .chars()
            .take(20)
            .collect()
    }

    async fn push_user(&self, person: &Person) -> Result<String> {
        let query = format!("{}&startIndex=1&count=100", eq("userName", &person.user_name));
        if let Some(known) = self.scim.find("/Users", &query).await? {
            let id = id_of(&known)?;
            self.put_user(&id, person).await?;
            return Ok(id);
        }
        let mut user = Self::profile(&Person {
            active: true,
            ..person.clone()
        });
        user["groups"] = json!([]);
        // Okta sends one when "sync password" is on; a service must take it and forget it.
        user["password"] = json!("1mz050nq");
        // An empty answer is a failure to Okta, so the id must be in it.
        let id = id_of(&self.scim.post("/Users", &user).await?.expect(&[201])?.json)?;
        if !person.active {
            self.set_active(&id, person).await?;
        }
        Ok(id)
    }

    async fn update_user(&self, id: &str, person: &Person) -> Result<()> {
        self.put_user(id, person).await
    }

    async fn set_active(&self, id: &str, person: &Person) -> Result<()> {
        if self.app == App::Custom {
            return self.put_user(id, person).await;
        }
        let operations = json!([{ "op": "replace", "value": { "active": person.active } }]);
        self.scim
            .patch(&format!("/Users/{id}"), operations)
            .await?
            .expect(&[200, 204])?;
        Ok(())
    }

    /// Okta has no such request: who is deleted in Okta is deactivated in the service.
    async fn delete_user(&self, id: &str) -> Result<()> {
        let operations = json!([{ "op": "replace", "value": { "active": false } }]);
        if self.app == App::Catalogue {
            self.scim
                .patch(&format!("/Users/{id}"), operations)
                .await?
                .expect(&[200, 204])?;
            return Ok(());
        }
        let path = format!("/Users/{id}");
        let mut user = self.scim.get(&path).await?.expect(&[200])?.json;
        user["active"] = json!(false);
        self.scim.put(&path, &user).await?.expect(&[200])?;
        Ok(())
    }

    async fn push_group(&self, group: &Group) -> Result<String> {
        let query = format!("{}&startIndex=1&count=100", eq("displayName", &group.name));
        if let Some(known) = self.scim.find("/Groups", &query).await? {
            // "Link existing group": name and members are then Okta's.
            let id = id_of(&known)?;
            if self.app == App::Custom {
                self.put_group(&id, group).await?;
            } else {
                let all = json!({ "op": "replace", "path": "members", "value": values(&group.members) });
                self.patch_group(&id, json!([name_operation(&id, group), all])).await?;
            }
            return Ok(id);
        }
        let body = json!({ "schemas": [GROUP], "displayName": group.name, "members": values(&group.members) });
        id_of(&self.scim.post("/Groups", &body).await?.expect(&[201])?.json)
    }

    async fn rename_group(&self, id: &str, group: &Group) -> Result<()> {
        if self.app == App::Custom {
            return self.put_group(id, group).await;
        }
        self.patch_group(id, json!([name_operation(id, group)])).await
    }

    async fn change_members(&self, id: &str, group: &Group, came: &[Member], left: &[Member]) -> Result<()> {
        if self.app == App::Custom {
            return self.put_group(id, group).await;
        }
        let mut operations = vec![name_operation(id, group)];
        for member in left {
            operations.push(json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", member.id) }));
        }
        if !came.is_empty() {
            operations.push(json!({ "op": "add", "path": "members", "value": values(came) }));
        }
        self.patch_group(id, json!(operations)).await
    }

    async fn delete_group(&self, id: &str) -> Result<()> {
        self.scim.delete(&format!("/Groups/{id}")).await?.expect(&[204, 404])?;
        Ok(())
    }
}
