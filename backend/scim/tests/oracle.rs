//! Random sequences of PATCH and PUT against an oracle: a naive model of a user and of a group's members, written from RFC 7644 §3.5 and
//! the behaviour table of this project, not from the crate.
//!
//! Where the model does other than the RFC's letter, it says so at the place: those are the differences this service provider means to
//! have.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use scim::{
    Document, MemberChange, Patch, ResourceType,
    render::{Meta, Shown},
    resource,
};
use serde_json::{Map, Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

#[derive(Debug, Clone, PartialEq, Default)]
struct Email {
    value: Option<String>,
    kind: Option<String>,
    display: Option<String>,
    primary: Option<bool>,
}

impl Email {
    fn json(&self) -> Value {
        object([
            ("value", self.value.as_ref().map(|v| json!(v))),
            ("type", self.kind.as_ref().map(|v| json!(v))),
            ("display", self.display.as_ref().map(|v| json!(v))),
            ("primary", self.primary.map(|v| json!(v))),
        ])
    }

    /// Nothing but a label: such a value is none.
    fn is_hollow(&self) -> bool {
        self.value.is_none() && self.display.is_none()
    }
}

/// A user, as simply as it can be held.
#[derive(Debug, Clone, PartialEq, Default)]
struct User {
    texts: BTreeMap<&'static str, String>,
    active: Option<bool>,
    name: BTreeMap<&'static str, String>,
    emails: Vec<Email>,
    department: Option<String>,
    manager: Option<String>,
}

fn object<'k>(parts: impl IntoIterator<Item = (&'k str, Option<Value>)>) -> Value {
    let known = parts
        .into_iter()
        .filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(known.collect())
}

impl User {
    fn json(&self) -> Value {
        let mut map: Map<String, Value> = self.texts.iter().map(|(k, v)| ((*k).to_owned(), json!(v))).collect();
        let mut put = |key: &str, value: Value| {
            if value != json!({}) && value != json!([]) && value != json!(null) {
                map.insert(key.to_owned(), value);
            }
        };
        put("active", json!(self.active));
        put("name", json!(self.name));
        put("emails", self.emails.iter().map(Email::json).collect());
        let manager = self.manager.as_ref().map(|id| json!({ "value": id }));
        put(
            ENTERPRISE,
            object([
                ("department", self.department.as_ref().map(|d| json!(d))),
                ("manager", manager),
            ]),
        );
        Value::Object(map)
    }

    /// RFC 7643 §2.4: "The primary attribute value 'true' MUST appear no more than once."
    fn make_primary(&mut self, index: usize) {
        for (other, email) in self.emails.iter_mut().enumerate() {
            if other != index && email.primary == Some(true) {
                email.primary = Some(false);
            }
        }
    }

    fn add_email(&mut self, email: &Email) {
        // `emails.value` has `caseExact` false (RFC 7643 §8.7.1); what was there first stays as it is.
        let same = |there: &Email| folded(&there.value) == folded(&email.value) && there.kind == email.kind;
        let index = self.emails.iter().position(same).unwrap_or(self.emails.len());
        match self.emails.get_mut(index) {
            // RFC 7643 §2.4: a (type, value) pair SHOULD NOT be there twice.
            Some(there) => {
                let known = folded(&there.display) == folded(&email.display);
                let new = email.display.clone().filter(|_| !known);
                there.display = new.or(there.display.take());
                there.primary = email.primary.or(there.primary);
            }
            None => self.emails.push(email.clone()),
        }
        if email.primary == Some(true) {
            self.make_primary(index);
        }
    }

    fn of_kind<'u>(&'u mut self, kind: &'u str) -> impl Iterator<Item = &'u mut Email> + 'u {
        self.emails
            .iter_mut()
            .filter(move |email| email.kind.as_deref() == Some(kind))
    }
}

fn folded(text: &Option<String>) -> Option<String> {
    text.as_deref().map(str::to_lowercase)
}

/// One change: what is sent, and what the model makes of it.
#[derive(Debug, Clone)]
enum Step {
    Text {
        name: &'static str,
        value: Option<String>,
        pathless: bool,
    },
    RemoveText(&'static str),
    Active {
        value: bool,
        text: bool,
    },
    ClearActive,
    RemoveActive,
    Name {
        parts: BTreeMap<&'static str, Option<String>>,
        op: &'static str,
    },
    NamePart {
        part: &'static str,
        value: Option<String>,
    },
    AddEmail(Email),
    ReplaceEmails(Vec<Email>),
    RemoveEmails,
    RemoveEmailsOfKind(&'static str),
    RemoveListedEmail(String),
    EmailValue {
        kind: &'static str,
        value: Option<String>,
        op: &'static str,
    },
    EmailPrimary(&'static str),
    Department {
        value: Option<String>,
        whole: bool,
    },
    Manager {
        value: Option<String>,
        listed: bool,
    },
    RemoveExtension,
    ReadOnly,
    NoTarget,
}

impl Step {
    fn json(&self) -> Value {
        match self {
            Self::Text {
                name,
                value,
                pathless: false,
            } => json!({ "op": "replace", "path": name, "value": value }),
            Self::Text {
                name,
                value,
                pathless: true,
            } => json!({ "op": "Replace", "value": { *name: value, "id": "ignored" } }),
            Self::RemoveText(name) => json!({ "op": "remove", "path": name }),
            Self::Active { value, text: false } => json!({ "op": "replace", "path": "active", "value": value }),
            Self::Active { value, text: true } => {
                json!({ "op": "Replace", "path": "active", "value": if *value { "True" } else { "False" } })
            }
            Self::ClearActive => json!({ "op": "replace", "value": { "active": null } }),
            Self::RemoveActive => json!({ "op": "remove", "path": "active" }),
            Self::Name { parts, op } => json!({ "op": op, "path": "name", "value": parts }),
            Self::NamePart {
                part,
                value: Some(value),
            } => json!({ "op": "replace", "value": { format!("name.{part}"): value } }),
            Self::NamePart { part, value: None } => json!({ "op": "remove", "path": format!("name.{part}") }),
            Self::AddEmail(email) => json!({ "op": "add", "path": "emails", "value": [email.json()] }),
            Self::ReplaceEmails(emails) => {
                json!({ "op": "replace", "path": "emails", "value": emails.iter().map(Email::json).collect::<Value>() })
            }
            Self::RemoveEmails => json!({ "op": "remove", "path": "emails" }),
            Self::RemoveEmailsOfKind(kind) => json!({ "op": "remove", "path": format!("emails[type eq \"{kind}\"]") }),
            Self::RemoveListedEmail(value) => {
                json!({ "op": "Remove", "path": "emails", "value": [{ "value": value }] })
            }
            Self::EmailValue { kind, value, op } => {
                json!({ "op": op, "path": format!("emails[type eq \"{kind}\"].value"), "value": value.clone().unwrap_or_default() })
            }
            Self::EmailPrimary(kind) => {
                json!({ "op": "replace", "path": format!("emails[type eq \"{kind}\"].primary"), "value": "True" })
            }
            Self::Department { value, whole: true } => {
                json!({ "op": "replace", "path": ENTERPRISE, "value": { "department": value } })
            }
            Self::Department { value, whole: false } => {
                json!({ "op": "replace", "path": format!("{ENTERPRISE}:department"), "value": value })
            }
            Self::Manager { value, listed: true } => {
                json!({ "op": "replace", "path": "manager", "value": value.iter().map(|id| json!({ "value": id, "$ref": null })).collect::<Value>() })
            }
            Self::Manager { value, listed: false } => {
                json!({ "op": "Replace", "path": format!("{ENTERPRISE}:manager"), "value": value.clone().unwrap_or_default() })
            }
            Self::RemoveExtension => json!({ "op": "remove", "path": ENTERPRISE }),
            Self::ReadOnly => json!({ "op": "replace", "path": "meta.version", "value": "x" }),
            Self::NoTarget => {
                json!({ "op": "replace", "path": "emails[value co \"@nowhere.test\"].display", "value": "x" })
            }
        }
    }

    /// What RFC 7644 §3.5.2 makes of it; `Err` is the `scimType`.
    fn run(&self, user: &mut User) -> Result<(), &'static str> {
        match self {
            Self::Text {
                name: "userName",
                value: None,
                ..
            }
            | Self::RemoveText("userName") => return Err("mutability"),
            Self::Text {
                name,
                value: Some(value),
                ..
            } => drop(user.texts.insert(name, value.clone())),
            Self::Text { name, value: None, .. } | Self::RemoveText(name) => drop(user.texts.remove(name)),
            Self::Active { value, .. } => user.active = Some(*value),
            // Ours: null must not let a deactivated user in again, nor must `remove`.
            Self::ClearActive => {}
            Self::RemoveActive => user.active = user.active.filter(|active| !active),
            Self::Name { parts, op } => {
                for (part, value) in parts {
                    match value {
                        Some(value) => drop(user.name.insert(part, value.clone())),
                        None if *op == "replace" => drop(user.name.remove(part)),
                        None => {}
                    }
                }
            }
            Self::NamePart {
                part,
                value: Some(value),
            } => drop(user.name.insert(part, value.clone())),
            Self::NamePart { part, value: None } => drop(user.name.remove(part)),
            Self::AddEmail(email) => user.add_email(email),
            Self::ReplaceEmails(emails) => {
                user.emails.clone_from(emails);
                if let Some(first) = user.emails.iter().position(|email| email.primary == Some(true)) {
                    user.make_primary(first);
                }
            }
            Self::RemoveEmails => user.emails.clear(),
            Self::RemoveEmailsOfKind(kind) => user.emails.retain(|email| email.kind.as_deref() != Some(*kind)),
            // Ours, and Entra's: those listed, never all.
            Self::RemoveListedEmail(value) => {
                let listed = folded(&Some(value.clone()));
                user.emails.retain(|email| folded(&email.value) != listed);
            }
            Self::EmailValue {
                kind,
                value: Some(value),
                ..
            } => {
                user.of_kind(kind).for_each(|email| email.value = Some(value.clone()));
                // Ours, and Entra's: the RFC has noTarget for replace.
                if user.of_kind(kind).next().is_none() {
                    user.emails.push(Email {
                        kind: Some((*kind).to_owned()),
                        value: Some(value.clone()),
                        ..Email::default()
                    });
                }
            }
            Self::EmailValue { kind, value: None, op } => {
                if *op == "replace" {
                    user.of_kind(kind).for_each(|email| email.value = None);
                    user.emails
                        .retain(|email| email.kind.as_deref() != Some(*kind) || !email.is_hollow());
                }
            }
            Self::EmailPrimary(kind) => {
                user.of_kind(kind).for_each(|email| email.primary = Some(true));
                if user.of_kind(kind).next().is_none() {
                    user.emails.push(Email {
                        kind: Some((*kind).to_owned()),
                        primary: Some(true),
                        ..Email::default()
                    });
                }
                // Several of one kind: the last wins.
                if let Some(last) = user
                    .emails
                    .iter()
                    .rposition(|email| email.kind.as_deref() == Some(*kind))
                {
                    user.make_primary(last);
                }
            }
            Self::Department { value, .. } => user.department.clone_from(value),
            Self::Manager { value, .. } => user.manager.clone_from(value),
            Self::RemoveExtension => (user.department, user.manager) = (None, None),
            Self::ReadOnly => return Err("mutability"),
            Self::NoTarget => return Err("noTarget"),
        }
        Ok(())
    }
}

/// A PUT: `None` is a key that is not there, `Some(None)` one that is null.
#[derive(Debug, Clone)]
struct Put {
    user_name: String,
    title: Option<Option<String>>,
    external_id: Option<Option<String>>,
    active: Option<Option<bool>>,
    emails: Option<Vec<Email>>,
    department: Option<Option<String>>,
}

impl Put {
    fn json(&self) -> Value {
        let department = self.department.as_ref().map(|department| match department {
            Some(department) => json!({ "department": department }),
            None => json!(null),
        });
        object([
            ("userName", Some(json!(self.user_name))),
            ("title", self.title.as_ref().map(|v| json!(v))),
            ("externalId", self.external_id.as_ref().map(|v| json!(v))),
            ("active", self.active.map(|v| json!(v))),
            (
                "emails",
                self.emails
                    .as_ref()
                    .map(|emails| emails.iter().map(Email::json).collect()),
            ),
            (ENTERPRISE, department),
            // Okta sends back what it read.
            ("id", Some(json!("x"))),
            ("meta", Some(json!({ "version": "W/\"9\"" }))),
            ("groups", Some(json!([{ "value": "g" }]))),
        ])
    }

    /// RFC 7644 §3.5.1: what is left out MAY be cleared. Ours: externalId, active and extensions are kept, bodies of Okta and rauthy
    /// being partial.
    fn run(&self, user: &mut User) {
        let before = std::mem::take(user);
        user.texts.insert("userName", self.user_name.clone());
        user.texts
            .extend(self.title.clone().flatten().map(|title| ("title", title)));
        let external_id = match &self.external_id {
            Some(given) => given.clone(),
            None => before.texts.get("externalId").cloned(),
        };
        user.texts.extend(external_id.map(|id| ("externalId", id)));
        user.active = self.active.flatten().or(before.active);
        Step::ReplaceEmails(self.emails.clone().unwrap_or_default())
            .run(user)
            .unwrap();
        (user.department, user.manager) = match &self.department {
            Some(given) => (given.clone(), None),
            None => (before.department, before.manager),
        };
    }
}

#[derive(Debug, Clone)]
enum Request {
    Patch(Vec<Step>),
    Put(Put),
}

fn word() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["a", "b", "A", "é", "x y", "\"q\"", "0"]).prop_map(str::to_owned)
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["work", "home", "other"])
}

fn email() -> impl Strategy<Value = Email> {
    (
        word(),
        prop::option::of(kind()),
        prop::option::of(word()),
        prop::option::of(any::<bool>()),
    )
        .prop_map(|(value, kind, display, primary)| Email {
            value: Some(value),
            kind: kind.map(str::to_owned),
            display,
            primary,
        })
}

/// A list as a server may hold it: no pair of type and value twice.
fn emails() -> impl Strategy<Value = Vec<Email>> {
    prop::collection::vec(email(), 0..4).prop_map(|emails| {
        let mut seen = BTreeSet::new();
        emails
            .into_iter()
            .filter(|email| seen.insert((folded(&email.value), email.kind.clone())))
            .collect()
    })
}

fn step() -> impl Strategy<Value = Step> {
    let text = || prop::sample::select(vec!["userName", "displayName", "title", "externalId", "nickName"]);
    let part = || prop::sample::select(vec!["givenName", "familyName", "formatted"]);
    let op = || prop::sample::select(vec!["add", "replace"]);
    prop_oneof![
        3 => (text(), prop::option::of(word()), any::<bool>()).prop_map(|(name, value, pathless)| Step::Text { name, value, pathless }),
        1 => text().prop_map(Step::RemoveText),
        1 => (any::<bool>(), any::<bool>()).prop_map(|(value, text)| Step::Active { value, text }),
        1 => Just(Step::ClearActive),
        1 => Just(Step::RemoveActive),
        1 => (prop::collection::btree_map(part(), prop::option::of(word()), 1..3), op()).prop_map(|(parts, op)| Step::Name { parts, op }),
        1 => (part(), prop::option::of(word())).prop_map(|(part, value)| Step::NamePart { part, value }),
        3 => email().prop_map(Step::AddEmail),
        1 => emails().prop_map(Step::ReplaceEmails),
        1 => Just(Step::RemoveEmails),
        1 => kind().prop_map(Step::RemoveEmailsOfKind),
        1 => word().prop_map(Step::RemoveListedEmail),
        3 => (kind(), prop::option::of(word()), op()).prop_map(|(kind, value, op)| Step::EmailValue { kind, value, op }),
        2 => kind().prop_map(Step::EmailPrimary),
        1 => (prop::option::of(word()), any::<bool>()).prop_map(|(value, whole)| Step::Department { value, whole }),
        1 => (prop::option::of(word()), any::<bool>()).prop_map(|(value, listed)| Step::Manager { value, listed }),
        1 => Just(Step::RemoveExtension),
        1 => Just(Step::ReadOnly),
        1 => Just(Step::NoTarget),
    ]
}

fn request() -> impl Strategy<Value = Request> {
    let maybe = || prop::option::of(prop::option::of(word()));
    let put = (
        word(),
        maybe(),
        maybe(),
        prop::option::of(prop::option::of(any::<bool>())),
        prop::option::of(emails()),
        maybe(),
    )
        .prop_map(|(user_name, title, external_id, active, emails, department)| Put {
            user_name,
            title,
            external_id,
            active,
            emails,
            department,
        });
    prop_oneof![4 => prop::collection::vec(step(), 0..5).prop_map(Request::Patch), 1 => put.prop_map(Request::Put)]
}

fn meta() -> Meta {
    Meta {
        id: "u-1".into(),
        created_ms: 0,
        modified_ms: 0,
        version: 1,
        location: "https://x.test/Users/u-1".into(),
    }
}

fn shown(meta: &Meta) -> Shown<'_> {
    Shown { meta, groups: &[] }
}

fn as_json(document: &Document) -> Value {
    Value::Object(document.as_map().clone())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn a_sequence_of_patch_and_put_makes_what_the_model_makes(requests in prop::collection::vec(request(), 1..8)) {
        let meta = meta();
        let incoming = resource::parse(ResourceType::User, &json!({ "userName": "u" })).unwrap();
        let mut document = resource::create(ResourceType::User, incoming).unwrap();
        let mut user = User { active: Some(true), ..User::default() };
        user.texts.insert("userName", "u".to_owned());
        prop_assert_eq!(as_json(&document), user.json());
        for request in requests {
            match request {
                Request::Patch(steps) => {
                    let body = json!({ "Operations": steps.iter().map(Step::json).collect::<Value>() });
                    let mut after = user.clone();
                    let expected = steps.iter().try_for_each(|step| step.run(&mut after));
                    let applied = Patch::parse(&body).unwrap().apply(ResourceType::User, &document, shown(&meta));
                    match (expected, applied) {
                        (Ok(()), Ok(applied)) => {
                            prop_assert_eq!(as_json(&applied.document), after.json(), "{}", body);
                            // RFC 7644 §3.5.2: without a difference, no change.
                            prop_assert_eq!(applied.changed, after != user, "{}", body);
                            (document, user) = (applied.document, after);
                        }
                        // All or nothing: neither side keeps anything.
                        (Err(kind), Err(error)) => prop_assert_eq!(error.scim_type.map(|t| t.as_str()), Some(kind), "{}", body),
                        (expected, applied) => prop_assert!(false, "{body}: {expected:?} but {applied:?}"),
                    }
                }
                Request::Put(put) => {
                    let body = put.json();
                    let before = user.clone();
                    put.run(&mut user);
                    let incoming = resource::parse(ResourceType::User, &body).unwrap();
                    let (after, changed) = resource::replace(ResourceType::User, &document, incoming).unwrap();
                    prop_assert_eq!(as_json(&after), user.json(), "{}", body);
                    prop_assert_eq!(changed, before != user, "{}", body);
                    document = after;
                }
            }
        }
    }
}

/// A change of members: what is sent, and the set after it.
#[derive(Debug, Clone)]
enum MemberStep {
    Add(Vec<u8>),
    Replace(Vec<u8>),
    Remove(Vec<u8>),
    RemoveByPath(Vec<u8>),
    RemoveByDisplay(u8),
    RemoveAll,
    PathlessAdd(Vec<u8>),
}

impl MemberStep {
    fn json(&self) -> Value {
        let list = |ids: &[u8]| -> Value {
            ids.iter()
                .map(|id| json!({ "value": format!("u{id}"), "display": format!("d{id}") }))
                .collect()
        };
        match self {
            Self::Add(ids) => json!({ "op": "Add", "path": "members", "value": list(ids) }),
            Self::Replace(ids) => json!({ "op": "replace", "path": "members", "value": list(ids) }),
            Self::Remove(ids) => json!({ "op": "remove", "path": "members", "value": list(ids) }),
            Self::RemoveByPath(ids) => {
                let filter: Vec<String> = ids.iter().map(|id| format!("value eq \"u{id}\"")).collect();
                json!({ "op": "remove", "path": format!("members[{}]", filter.join(" or ")) })
            }
            Self::RemoveByDisplay(id) => json!({ "op": "remove", "path": format!("members[display eq \"D{id}\"]") }),
            Self::RemoveAll => json!({ "op": "remove", "path": "members" }),
            Self::PathlessAdd(ids) => json!({ "op": "add", "value": { "members": list(ids) } }),
        }
    }

    fn run(&self, members: &mut BTreeSet<u8>) {
        match self {
            Self::Add(ids) | Self::PathlessAdd(ids) => members.extend(ids),
            Self::Replace(ids) => *members = ids.iter().copied().collect(),
            Self::Remove(ids) | Self::RemoveByPath(ids) => members.retain(|id| !ids.contains(id)),
            Self::RemoveByDisplay(id) => drop(members.remove(id)),
            Self::RemoveAll => members.clear(),
        }
    }
}

fn member_step() -> impl Strategy<Value = MemberStep> {
    let ids = |least| prop::collection::vec(0..6u8, least..4);
    prop_oneof![
        4 => ids(0).prop_map(MemberStep::Add),
        1 => ids(0).prop_map(MemberStep::Replace),
        2 => ids(0).prop_map(MemberStep::Remove),
        2 => ids(1).prop_map(MemberStep::RemoveByPath),
        1 => (0..6u8).prop_map(MemberStep::RemoveByDisplay),
        1 => Just(MemberStep::RemoveAll),
        1 => ids(0).prop_map(MemberStep::PathlessAdd),
    ]
}

proptest! {
    #[test]
    fn changes_of_members_end_in_the_same_set(steps in prop::collection::vec(member_step(), 0..12)) {
        let meta = meta();
        let incoming = resource::parse(ResourceType::Group, &json!({ "displayName": "g" })).unwrap();
        let group = resource::create(ResourceType::Group, incoming).unwrap();
        let body = json!({ "Operations": steps.iter().map(MemberStep::json).collect::<Value>() });
        let applied = Patch::parse(&body).unwrap().apply(ResourceType::Group, &group, shown(&meta)).unwrap();
        prop_assert!(!applied.changed, "members are rows, not part of the document");
        // A store, as simply as it can be.
        let mut rows: BTreeMap<String, scim::Member> = BTreeMap::new();
        for change in applied.members {
            match change {
                MemberChange::Add(members) => {
                    for member in members {
                        rows.entry(member.value.clone()).or_insert(member);
                    }
                }
                MemberChange::Remove(ids) => ids.iter().for_each(|id| drop(rows.remove(id))),
                MemberChange::RemoveMatching(filter) => rows.retain(|_, m| !filter.matches(m)),
                MemberChange::Replace(members) => rows = members.into_iter().map(|m| (m.value.clone(), m)).collect(),
                MemberChange::Clear => rows.clear(),
            }
        }
        let mut expected = BTreeSet::new();
        steps.iter().for_each(|step| step.run(&mut expected));
        let expected: BTreeSet<String> = expected.iter().map(|id| format!("u{id}")).collect();
        prop_assert_eq!(rows.into_keys().collect::<BTreeSet<_>>(), expected, "{}", body);
    }
}
