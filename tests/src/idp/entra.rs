//! Microsoft Entra ID.
//!
//! Owns: the requests of Entra's provisioning service. Must never PUT: Entra never does. Start at [`Entra`].
//!
//! Sources: MicrosoftDocs/entra-docs `docs/identity/app-provisioning/use-scim-to-provision-users-and-groups.md` @03cc779,
//! `application-provisioning-config-problem-scim-compatibility.md` @0596ed5, `how-provisioning-works.md` @009a8a8;
//! I1–I12.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{ENTERPRISE, GROUP, Group, Member, Person, Provider, ScimClient, USER, eq, id_of, opaque};

/// The schema Entra adds to groups.
pub const ADSCIM_GROUP: &str = "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group";

/// The flag at the end of the tenant URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flag {
    /// Not set (default): capitalised operations, booleans as text, `Remove` with a value.
    Off,
    /// `?aadOptscim062020`: as the RFC has it, with one replace without path and dotted keys.
    On,
}

/// Entra, pushing.
pub struct Entra {
    scim: ScimClient,
    flag: Flag,
}

impl Entra {
    /// As a new enterprise application is.
    #[must_use]
    pub fn new(scim: ScimClient) -> Self {
        Self { scim, flag: Flag::Off }
    }

    /// With the flag in the tenant URL.
    #[must_use]
    pub fn with_flag(scim: ScimClient) -> Self {
        Self { scim, flag: Flag::On }
    }

    /// Test Connection: asks for somebody who cannot exist and wants an empty list.
    ///
    /// # Errors
    /// If anything else comes.
    pub async fn test_connection(&self) -> Result<()> {
        let found = self
            .scim
            .find("/Users", &eq("userName", "9f2c8a53-6d10-4b17-8a64-3b5d1c0de9a1"))
            .await?;
        anyhow::ensure!(found.is_none(), "somebody has a random name: {found:?}");
        Ok(())
    }

    fn user(person: &Person) -> Value {
        json!({
            "schemas": [USER, ENTERPRISE],
            "externalId": person.external_id,
            "userName": person.user_name,
            "active": true,
            "displayName": person.display_name(),
            "emails": [{ "primary": true, "type": "work", "value": person.email }],
            "meta": { "resourceType": "User" },
            "name": {
                "formatted": person.display_name(), "familyName": person.family_name, "givenName": person.given_name,
            },
            "roles": [],
            ENTERPRISE: { "department": person.department },
        })
    }

    /// Attributes that differ from what was read, by Entra's target path.
    fn changes(now: &Value, person: &Person) -> Vec<(&'static str, String)> {
        let wanted = [
            ("userName", "/userName", person.user_name.clone()),
            ("displayName", "/displayName", person.display_name()),
            ("name.givenName", "/name/givenName", person.given_name.clone()),
            ("name.familyName", "/name/familyName", person.family_name.clone()),
            (
                "emails[type eq \"work\"].value",
                "/emails/0/value",
                person.email.clone(),
            ),
            (
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
                "/urn:ietf:params:scim:schemas:extension:enterprise:2.0:User/department",
                person.department.clone(),
            ),
        ];
        let differs = |at: &str, value: &str| now.pointer(at).and_then(Value::as_str).unwrap_or_default() != value;
        wanted
            .into_iter()
            .filter(|(_, at, value)| differs(at, value))
            .map(|(path, _, value)| (path, value))
            .collect()
    }

    async fn patch_user(&self, id: &str, now: &Value, person: &Person) -> Result<()> {
        let changes = Self::changes(now, person);
        let active = (now["active"] != json!(person.active)).then_some(person.active);
        let mut operations: Vec<Value> = Vec::new();
        if self.flag == Flag::Off {
            operations.extend(
                changes
                    .iter()
                    .map(|(path, value)| json!({ "op": "Replace", "path": path, "value": value })),
            );
            operations
                .extend(active.map(|active| json!({ "op": "Replace", "path": "active", "value": capital(active) })));
        } else {
            // Paths with a filter cannot be keys, so they stay operations of their own.
            let mut keys = Map::new();
            for (path, value) in changes {
                if path.contains('[') {
                    operations.push(json!({ "op": "replace", "path": path, "value": value }));
                } else {
                    keys.insert(path.to_owned(), json!(value));
                }
            }
            if let Some(active) = active {
                keys.insert("active".to_owned(), json!(active));
            }
            if !keys.is_empty() {
                operations.push(json!({ "op": "replace", "value": keys }));
            }
        }
        if operations.is_empty() {
            return Ok(());
        }
        self.scim
            .patch(&format!("/Users/{id}"), json!(operations))
            .await?
            .expect(&[200, 204])?;
        Ok(())
    }

    async fn patch_group(&self, id: &str, operation: Value) -> Result<()> {
        self.scim
            .patch(&format!("/Groups/{id}"), json!([operation]))
            .await?
            .expect(&[200, 204])?;
        Ok(())
    }

    async fn add_member(&self, id: &str, member: &Member) -> Result<()> {
        let operation = match self.flag {
            Flag::Off => json!({ "op": "Add", "path": "members", "value": [{ "$ref": null, "value": member.id }] }),
            Flag::On => json!({ "op": "add", "path": "members", "value": [{ "value": member.id }] }),
        };
        self.patch_group(id, operation).await
    }

    async fn remove_member(&self, id: &str, member: &Member) -> Result<()> {
        let operation = match self.flag {
            // Not in the RFC: a remove with a value. It means these members only, never all.
            Flag::Off => json!({ "op": "Remove", "path": "members", "value": [{ "$ref": null, "value": member.id }] }),
            Flag::On => json!({ "op": "remove", "path": format!("members[value eq \"{}\"]", member.id) }),
        };
        self.patch_group(id, operation).await
    }
}

/// .NET's `Boolean.ToString()`.
fn capital(active: bool) -> &'static str {
    if active { "True" } else { "False" }
}

impl Provider for Entra {
    fn external_id(&self, name: &str) -> String {
        let (a, b) = opaque(name);
        let (a, b) = (format!("{a:016x}"), format!("{b:016x}"));
        format!("{}-{}-4{}-a{}-{}", &a[..8], &a[8..12], &a[13..], &b[1..4], &b[4..])
    }

    async fn push_user(&self, person: &Person) -> Result<String> {
        // By the matching attribute; userName unless an admin chose another.
        let known = self.scim.find("/Users", &eq("userName", &person.user_name)).await?;
        if let Some(known) = known {
            let id = id_of(&known)?;
            self.patch_user(&id, &known, person).await?;
            return Ok(id);
        }
        let made = self.scim.post("/Users", &Self::user(person)).await?.expect(&[201])?;
        let id = id_of(&made.json)?;
        if !person.active {
            self.set_active(&id, person).await?;
        }
        Ok(id)
    }

    async fn update_user(&self, id: &str, person: &Person) -> Result<()> {
        let now = self.scim.get(&format!("/Users/{id}")).await?.expect(&[200])?;
        self.patch_user(id, &now.json, person).await
    }

    async fn set_active(&self, id: &str, person: &Person) -> Result<()> {
        let operation = match self.flag {
            Flag::Off => json!({ "op": "Replace", "path": "active", "value": capital(person.active) }),
            Flag::On => json!({ "op": "replace", "path": "active", "value": person.active }),
        };
        self.scim
            .patch(&format!("/Users/{id}"), json!([operation]))
            .await?
            .expect(&[200, 204])?;
        Ok(())
    }

    /// Thirty days after the person was deleted in Entra.
    async fn delete_user(&self, id: &str) -> Result<()> {
        self.scim.delete(&format!("/Users/{id}")).await?.expect(&[204, 404])?;
        Ok(())
    }

    async fn push_group(&self, group: &Group) -> Result<String> {
        let query = format!("excludedAttributes=members&{}", eq("displayName", &group.name));
        let id = match self.scim.find("/Groups", &query).await? {
            Some(known) => id_of(&known)?,
            None => {
                let body = json!({
                    "schemas": [GROUP, ADSCIM_GROUP],
                    "externalId": group.external_id,
                    "displayName": group.name,
                    "meta": { "resourceType": "Group" },
                });
                let id = id_of(&self.scim.post("/Groups", &body).await?.expect(&[201])?.json)?;
                self.scim
                    .get(&format!("/Groups/{id}?excludedAttributes=members"))
                    .await?
                    .expect(&[200])?;
                id
            }
        };
        // One request a member: 300 people are 300 requests (snipe-it PR 19115).
        for member in &group.members {
            self.add_member(&id, member).await?;
        }
        Ok(id)
    }

    async fn rename_group(&self, id: &str, group: &Group) -> Result<()> {
        let operation = match self.flag {
            Flag::Off => json!({ "op": "Replace", "path": "displayName", "value": group.name }),
            Flag::On => json!({ "op": "replace", "value": { "displayName": group.name } }),
        };
        self.patch_group(id, operation).await
    }

    async fn change_members(&self, id: &str, _: &Group, came: &[Member], left: &[Member]) -> Result<()> {
        self.scim
            .get(&format!("/Groups/{id}?excludedAttributes=members"))
            .await?
            .expect(&[200])?;
        for member in came {
            self.add_member(id, member).await?;
        }
        for member in left {
            self.remove_member(id, member).await?;
        }
        Ok(())
    }

    async fn delete_group(&self, id: &str) -> Result<()> {
        self.scim.delete(&format!("/Groups/{id}")).await?.expect(&[204, 404])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_sent() {
        let person = Person::new("ada@example.com", "Ada", "King").in_department("Engines");
        assert!(Entra::changes(&Entra::user(&person), &person).is_empty());
        let renamed = Person {
            family_name: "Lovelace".into(),
            ..person.clone()
        };
        let paths: Vec<_> = Entra::changes(&Entra::user(&person), &renamed)
            .into_iter()
            .map(|(path, _)| path)
            .collect();
        assert_eq!(paths, ["displayName", "name.familyName"]);
    }
}
