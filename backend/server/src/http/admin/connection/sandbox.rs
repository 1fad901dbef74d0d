//! A SCIM service of its own, in memory: the real routes and handlers, and nothing behind them.
//!
//! Owns: what must not leave it. Its control answers what is set and wakes nobody, its store ends with it. Start at [`Sandbox::open`].

use std::{sync::Arc, time::Duration};

use admin_api::{CredentialsGiven, CredentialsTest, LoginDoctor};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Method, Request, header},
};
use domain::{
    Caller, Denied, OrgId, TeamId, UserId,
    attention::Protection,
    status::{EngineStatus, NameOwners, RosterSeen, StoreSeen, TeamSeen},
    store_identity::StoreDecision,
};
use serde_json::Value;
use tower::ServiceExt as _;

use crate::http::{
    api::{Api, MAX_BODY},
    boxed::Boxed,
    callers::{CallerDecision, Callers, KnownCallers},
    control::{Control, Given, SettingsView, TestAnswer},
};
use store::{self, Store};

/// Makes the real service over an [`Api`]. It is handed down, because the routes know this test
/// and not the test the routes.
#[derive(Clone, Copy)]
pub(in crate::http) struct RealService(pub fn(Api) -> Router);

/// One test's service.
pub(super) struct Sandbox {
    router: Router,
    caller: Caller,
    store: Store,
}

/// What came back.
pub(super) struct Reply {
    /// HTTP status.
    pub status: u16,
    /// The body; null for none.
    pub body: Value,
}

impl Reply {
    /// Whether the request was refused.
    pub fn failed(&self) -> bool {
        self.status >= 400
    }

    /// The words of a SCIM error.
    pub fn detail(&self) -> &str {
        self.body["detail"].as_str().unwrap_or_default()
    }

    /// The resource's id.
    pub fn id(&self) -> Option<&str> {
        self.body["id"].as_str()
    }
}

impl Sandbox {
    /// Empty, with the settings in force.
    pub async fn open(service: RealService, api: &Api, org_id: OrgId) -> store::Result<Self> {
        let store = Store::in_memory().await?;
        let still = Arc::new(Still(api.control.clone()));
        let inner = Api::new(store.clone(), api.clock.clone(), api.ids.clone(), still);
        Ok(Self {
            router: service.0(inner),
            caller: Caller {
                org_id,
                login: format!("sa-{org_id}-sandbox"),
                role: "Admin".to_owned(),
            },
            store,
        })
    }

    /// One request; `path` is what follows `/scim/v2`, with its query as an admin reads it.
    pub async fn send(&self, method: &Method, path: &str, body: Option<String>) -> Reply {
        let unreadable = || Reply {
            status: 400,
            body: Value::Null,
        };
        let request = Request::builder()
            .method(method)
            .uri(uri(path))
            .header(header::CONTENT_TYPE, "application/scim+json")
            .body(Body::from(body.unwrap_or_default()));
        let Ok(mut request) = request else {
            return unreadable();
        };
        request.extensions_mut().insert(self.caller.clone());
        let response = match self.router.clone().oneshot(request).await {
            Ok(response) => response,
            Err(never) => match never {},
        };
        let status = response.status().as_u16();
        match to_bytes(response.into_body(), MAX_BODY).await {
            Ok(bytes) => Reply {
                status,
                body: serde_json::from_slice(&bytes).unwrap_or_default(),
            },
            Err(_) => unreadable(),
        }
    }

    /// Ends it, and what was in it.
    pub async fn close(self) {
        self.store.close().await;
    }
}

/// Spaces and quotes stand in filters, and may not stand in a URI.
fn uri(path: &str) -> String {
    let mut uri = String::from("/scim/v2");
    for byte in path.bytes() {
        if byte.is_ascii_graphic() && !b"\"<>\\^`{|}#".contains(&byte) {
            uri.push(char::from(byte));
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// The rest of the process as it stands, with nothing that acts.
struct Still(Arc<dyn Control>);

impl Control for Still {
    fn wake(&self) {}
    fn retry_now(&self, _: OrgId) {}
    fn check_now(&self, _: OrgId) {}
    fn decide_store(&self, _: OrgId, _: StoreDecision) {}
    fn store(&self) -> Boxed<'_, StoreSeen> {
        self.0.store()
    }
    fn engine(&self, org_id: OrgId) -> EngineStatus {
        self.0.engine(org_id)
    }
    fn outlook(&self, _: OrgId) -> Option<Arc<domain::outlook::Outlook>> {
        None
    }

    fn public_url(&self, org_id: OrgId) -> Option<String> {
        self.0.public_url(org_id)
    }
    fn teams(&self, org_id: OrgId) -> Vec<TeamSeen> {
        self.0.teams(org_id)
    }
    fn login_doctor(&self, org_id: OrgId) -> LoginDoctor {
        self.0.login_doctor(org_id)
    }
    fn protection(&self, org_id: OrgId, id: UserId) -> Option<Protection> {
        self.0.protection(org_id, id)
    }
    fn rosters(&self, _: OrgId, _: Vec<TeamId>) -> Boxed<'_, Vec<RosterSeen>> {
        Box::pin(std::future::ready(Vec::new()))
    }
    /// Nobody but who is protected: whose account it is stands in the real store, and everybody of ours would look like a stranger here.
    fn name_owners(&self, org_id: OrgId, login: &str, email: Option<&str>) -> NameOwners {
        let real = self.0.name_owners(org_id, login, email);
        NameOwners {
            login: real.login.filter(|owner| owner.protected),
            email: real.email.filter(|owner| owner.protected),
        }
    }
    fn settings(&self, org_id: OrgId) -> Arc<SettingsView> {
        self.0.settings(org_id)
    }
    fn page_settings_changed(&self, _: OrgId) -> Boxed<'_, ()> {
        Box::pin(std::future::ready(()))
    }
    fn callers(&self) -> &dyn Callers {
        self
    }
    fn test_credentials(&self, _: OrgId, _: CredentialsTest) -> Boxed<'_, TestAnswer> {
        Box::pin(std::future::ready(TestAnswer::Wait(Duration::MAX)))
    }
    fn secrets_given(&self, _: OrgId, _: CredentialsGiven) -> Boxed<'_, Given> {
        Box::pin(std::future::ready(Given::Taken))
    }
}

/// Only the sandbox itself calls it, and SCIM alone.
impl Callers for Still {
    fn may_use_scim<'a>(&'a self, _: &'a Caller) -> Boxed<'a, Result<(), Denied>> {
        Box::pin(std::future::ready(Ok(())))
    }
    fn may_use_page<'a>(&'a self, _: &'a Caller) -> Boxed<'a, Result<(), Denied>> {
        Box::pin(std::future::ready(Err(Denied::NotAPerson)))
    }
    fn known(&self, _: OrgId) -> Boxed<'_, store::Result<KnownCallers>> {
        Box::pin(std::future::ready(Ok(KnownCallers::default())))
    }
    fn accept(&self, _: OrgId, _: UserId, _: String) -> Boxed<'_, store::Result<CallerDecision>> {
        Box::pin(std::future::ready(Ok(CallerDecision::Unknown)))
    }
    fn dismiss(&self, _: OrgId, _: UserId) -> Boxed<'_, store::Result<CallerDecision>> {
        Box::pin(std::future::ready(Ok(CallerDecision::Unknown)))
    }
    fn is_server_admin<'a>(&'a self, _: OrgId, _: &'a str) -> Boxed<'a, Option<bool>> {
        Box::pin(std::future::ready(None))
    }
}

#[cfg(test)]
mod tests {
    use super::uri;

    #[test]
    fn a_filter_gets_through_as_it_was_written() {
        assert_eq!(
            uri("/Users?filter=userName eq \"zoë\"&count=1"),
            "/scim/v2/Users?filter=userName%20eq%20%22zo%C3%AB%22&count=1"
        );
        assert_eq!(uri("/Users?filter=a%20eq"), "/scim/v2/Users?filter=a%20eq");
    }
}
