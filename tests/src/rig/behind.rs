//! What people do in Grafana behind Rollcall's back, and what no call of the API would let them do.
//!
//! Owns: changes of the stand-in's world by one account's id. Must never be used for what a test can do by the API.
//! Start at [`Rig::behind`].

use grafana_stand_in::{Effect, Fault, Role, World};
use serde_json::json;

use super::running::Rig;

impl Rig {
    /// Changes Grafana's rows as they are, whatever the API would say.
    pub fn behind<T>(&self, change: impl FnOnce(&mut World) -> T) -> T {
        self.disturbed().change(change)
    }

    /// The account signs in through a provider from now on, with `oauth_generic_oauth`.
    pub fn link(&self, account: i64, subject: &str) {
        self.behind(|world| world.link(account, "oauth_generic_oauth", subject));
    }

    /// Another role in the first organization, also where the provider says the role.
    pub fn change_role(&self, account: i64, role: Role) {
        self.behind(|world| world.join(account, 1, role));
    }

    /// Another e-mail: a local user may set one of their own.
    pub fn change_email(&self, account: i64, email: &str) {
        self.behind(|world| {
            if let Some(row) = world.person_mut(account) {
                email.clone_into(&mut row.email);
            }
        });
    }

    /// The next account that Rollcall adds to the first organization is this one, whatever text it sends: somebody took the name
    /// between the look and the call.
    pub fn adds_another(&self, account: i64) {
        self.change_role(account, Role::Viewer);
        let answer = json!({ "message": "User added to organization", "userId": account });
        let wrong = Effect::Answer(200, answer.to_string());
        self.fault(Fault::new("/api/orgs/1/users", wrong).method("POST"));
    }
}
