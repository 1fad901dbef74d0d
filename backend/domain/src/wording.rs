//! Every sentence that an admin reads about the state of things.
//!
//! Owns: turning types into plain English, one file per question. Must never read a sentence back,
//! and nothing else may: code that wants to know compares the type. Start at [`reason`].
//!
//! What is not here: the page words the lines of the log (`frontend/src/format.rs`, by the same
//! enum), and findings about Grafana's configuration stand beside the rule that finds them
//! (`login/rules.rs`).

mod attention;
mod caller;
mod health;
mod membership;
mod operation;
mod outlook;
mod overview;
mod person;
mod team_sync;
#[cfg(test)]
mod tests;
mod whose_account;

pub use attention::{delay, next_step, operation, problem, protection, reason, taken_name};
pub use caller::{
    caller_of_file_unknown, caller_warning, callers_unread, left_out_of_json, secret_kept_back, server_admin_needed,
    server_admin_unproven,
};
pub use health::health;
pub use membership::membership;
pub use operation::{HELD, held, held_what, off, off_title, open_by, still_open};
pub use outlook::{person_steps, person_why, sums, team_steps, team_why};
pub use overview::{Numbers, store_question, store_warnings, summary};
pub use person::{
    KEPT_CLOSED, NO_ACCOUNT, NOT_CLOSED, NOT_MANAGED, PROVIDER_OWNS_IT, WAITS_FOR_SIGN_IN, WAITS_FOR_YOU, closed_note,
    deferred_note,
};
pub use team_sync::{could_be_filled_by_team_sync, filled_by_team_sync};

/// “1 change”, “2 changes”.
fn count(n: i64, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
