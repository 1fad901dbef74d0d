//! A small company, and what happens to it.
//!
//! Owns: people, groups, and which change an event of working life is. Must never build a request: that is a [`Provider`]'s own way.
//! Start at [`Directory`].

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

use anyhow::{Context as _, Result};

/// A person, as the provider's own directory has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The provider's own id, opaque to everybody else.
    pub external_id: String,
    /// userName.
    pub user_name: String,
    /// Given name.
    pub given_name: String,
    /// Family name.
    pub family_name: String,
    /// The work e-mail.
    pub email: String,
    /// Department, which only the enterprise extension carries.
    pub department: String,
    /// Whether the person works here.
    pub active: bool,
}

impl Person {
    /// Somebody whose userName is their e-mail address, as in most companies.
    #[must_use]
    pub fn new(email: &str, given_name: &str, family_name: &str) -> Self {
        Self {
            external_id: String::new(),
            user_name: email.to_owned(),
            given_name: given_name.to_owned(),
            family_name: family_name.to_owned(),
            email: email.to_owned(),
            department: String::new(),
            active: true,
        }
    }

    /// The same in a department.
    #[must_use]
    pub fn in_department(self, department: &str) -> Self {
        Self {
            department: department.to_owned(),
            ..self
        }
    }

    /// Given and family name.
    #[must_use]
    pub fn display_name(&self) -> String {
        format!("{} {}", self.given_name, self.family_name)
    }
}

/// A group as it is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The provider's own id.
    pub external_id: String,
    /// displayName.
    pub name: String,
    /// Everybody in it.
    pub members: Vec<Member>,
}

/// A member as providers name one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The SCIM id the service gave.
    pub id: String,
    /// What Okta sends beside it.
    pub display: String,
}

/// One provider's way to say what happened. Every call is a sequence of requests, as the real client sends it.
pub trait Provider: Send + Sync {
    /// The id this provider's directory would have given.
    fn external_id(&self, name: &str) -> String;
    /// Finds or makes a user, makes them as they are to be, and gives the SCIM id.
    fn push_user(&self, person: &Person) -> impl Future<Output = Result<String>> + Send;
    /// Something about a known user has changed, `active` perhaps.
    fn update_user(&self, id: &str, person: &Person) -> impl Future<Output = Result<()>> + Send;
    /// Only `active` has changed.
    fn set_active(&self, id: &str, person: &Person) -> impl Future<Output = Result<()>> + Send;
    /// Out of the directory for good.
    fn delete_user(&self, id: &str) -> impl Future<Output = Result<()>> + Send;
    /// Finds or makes a group with its members, and gives the SCIM id.
    fn push_group(&self, group: &Group) -> impl Future<Output = Result<String>> + Send;
    /// Another name.
    fn rename_group(&self, id: &str, group: &Group) -> impl Future<Output = Result<()>> + Send;
    /// Some came, some left; `group` is as it is afterwards.
    fn change_members(
        &self,
        id: &str,
        group: &Group,
        came: &[Member],
        left: &[Member],
    ) -> impl Future<Output = Result<()>> + Send;
    /// The group is gone.
    fn delete_group(&self, id: &str) -> impl Future<Output = Result<()>> + Send;
}

struct Row<T> {
    what: T,
    /// The SCIM id, once pushed.
    id: Option<String>,
}

/// People and groups of one company at one provider. People are named by userName, groups by displayName.
pub struct Directory<P> {
    provider: P,
    people: BTreeMap<String, Row<Person>>,
    groups: BTreeMap<String, Row<(String, BTreeSet<String>)>>,
}

impl<P: Provider> Directory<P> {
    /// An empty company.
    #[must_use]
    pub fn new(provider: P) -> Self {
        Self {
            provider,
            people: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }

    /// Somebody is hired; not pushed yet.
    pub fn hire(&mut self, mut person: Person) -> &mut Self {
        if person.external_id.is_empty() {
            person.external_id = self.provider.external_id(&person.user_name);
        }
        self.people
            .insert(person.user_name.clone(), Row { what: person, id: None });
        self
    }

    /// A group is formed; not pushed yet.
    pub fn form(&mut self, group: &str, members: &[&str]) -> &mut Self {
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        let external_id = self.provider.external_id(group);
        self.groups.insert(
            group.to_owned(),
            Row {
                what: (external_id, members),
                id: None,
            },
        );
        self
    }

    /// The first synchronisation: everybody, then every group, as all providers do (a member must exist first).
    ///
    /// # Errors
    /// If a request is not answered as the provider needs it.
    pub async fn push_all(&mut self) -> Result<()> {
        for row in self.people.values_mut() {
            let id = self.provider.push_user(&row.what).await;
            row.id = Some(id.with_context(|| format!("pushing {}", row.what.user_name))?);
        }
        for name in self.groups.keys().cloned().collect::<Vec<_>>() {
            let group = self.group(&name)?;
            let id = self
                .provider
                .push_group(&group)
                .await
                .with_context(|| format!("pushing the group {name}"))?;
            self.group_row(&name)?.id = Some(id);
        }
        Ok(())
    }

    /// Leave, suspension, end of the assignment: `active: false`.
    ///
    /// # Errors
    /// If a request is not answered as the provider needs it.
    pub async fn deactivate(&mut self, user_name: &str) -> Result<()> {
        self.set_active(user_name, false).await
    }

    /// Back again.
    ///
    /// # Errors
    /// If a request is not answered as the provider needs it.
    pub async fn reactivate(&mut self, user_name: &str) -> Result<()> {
        self.set_active(user_name, true).await
    }

    async fn set_active(&mut self, user_name: &str, active: bool) -> Result<()> {
        let row = self
            .people
            .get_mut(user_name)
            .with_context(|| format!("nobody is {user_name}"))?;
        row.what.active = active;
        let id = row
            .id
            .as_deref()
            .with_context(|| format!("{user_name} was not pushed"))?;
        self.provider.set_active(id, &row.what).await
    }

    /// Something else about a person changes: a marriage, a new department.
    ///
    /// # Errors
    /// If a request is not answered as the provider needs it.
    pub async fn change(&mut self, user_name: &str, change: impl FnOnce(&mut Person)) -> Result<()> {
        let mut row = self
            .people
            .remove(user_name)
            .with_context(|| format!("nobody is {user_name}"))?;
        change(&mut row.what);
        let id = row.id.clone().with_context(|| format!("{user_name} was not pushed"))?;
        let person = row.what.clone();
        for Row { what: (_, members), .. } in self.groups.values_mut() {
            if members.remove(user_name) {
                members.insert(person.user_name.clone());
            }
        }
        self.people.insert(person.user_name.clone(), row);
        self.provider.update_user(&id, &person).await
    }

    /// Somebody joins a group.
    ///
    /// # Errors
    /// If a request is not answered as the provider needs it.
    pub async fn add_member(&mut self, group: &str, user_name: &str) -> Result<()> {
        let came = self.member(user_name)?;
        self.group_row(group)?.what.1.insert(user_name.to_owned());
        let id = self.group_id(group)?;
        self.provider
            .change_members(&id, &self.group(group)?, &[came], &[])
            .await
    }

    /// Somebody leaves a group.
    ///
    /// # Errors
    /// If a request is not answered as the provider needs it.
    pub async fn remove_member(&mut self, group: &str, user_name: &str) -> Result<()> {
        let left = self.member(user_name)?;
        self.group_row(group)?.what.1.remove(user_name);
        let id = self.group_id(group)?;
        self.provider
            .change_members(&id, &self.group(group)?, &[], &[left])
            .await
    }

    /// A group is renamed.
    ///
    /// # Errors
    /// If a request is not answered as the provider needs it.
    pub async fn rename(&mut self, group: &str, name: &str) -> Result<()> {
        let row = self
            .groups
            .remove(group)
            .with_context(|| format!("there is no group {group}"))?;
        self.groups.insert(name.to_owned(), row);
        let id = self.group_id(name)?;
        self.provider.rename_group(&id, &self.group(name)?).await
    }

    /// A person is deleted.
    ///
    /// # Errors
    /// If a request is not answered as the provider needs it.
    pub async fn delete(&mut self, user_name: &str) -> Result<()> {
        let id = self.user_id(user_name)?;
        self.provider.delete_user(&id).await?;
        self.people.remove(user_name);
        for Row { what: (_, members), .. } in self.groups.values_mut() {
            members.remove(user_name);
        }
        Ok(())
    }

    /// A group is deleted.
    ///
    /// # Errors
    /// If a request is not answered as the provider needs it.
    pub async fn dissolve(&mut self, group: &str) -> Result<()> {
        let id = self.group_id(group)?;
        self.provider.delete_group(&id).await?;
        self.groups.remove(group);
        Ok(())
    }

    /// The SCIM id of a person.
    ///
    /// # Errors
    /// If they were not pushed.
    pub fn user_id(&self, user_name: &str) -> Result<String> {
        let row = self
            .people
            .get(user_name)
            .with_context(|| format!("nobody is {user_name}"))?;
        row.id.clone().with_context(|| format!("{user_name} was not pushed"))
    }

    /// The SCIM id of a group.
    ///
    /// # Errors
    /// If it was not pushed.
    pub fn group_id(&self, group: &str) -> Result<String> {
        let row = self
            .groups
            .get(group)
            .with_context(|| format!("there is no group {group}"))?;
        row.id
            .clone()
            .with_context(|| format!("the group {group} was not pushed"))
    }

    fn group_row(&mut self, group: &str) -> Result<&mut Row<(String, BTreeSet<String>)>> {
        self.groups
            .get_mut(group)
            .with_context(|| format!("there is no group {group}"))
    }

    fn member(&self, user_name: &str) -> Result<Member> {
        Ok(Member {
            id: self.user_id(user_name)?,
            display: user_name.to_owned(),
        })
    }

    fn group(&self, name: &str) -> Result<Group> {
        let Row {
            what: (external_id, members),
            ..
        } = self
            .groups
            .get(name)
            .with_context(|| format!("there is no group {name}"))?;
        let members = members
            .iter()
            .map(|member| self.member(member))
            .collect::<Result<_>>()?;
        Ok(Group {
            external_id: external_id.clone(),
            name: name.to_owned(),
            members,
        })
    }
}
