//! Why nothing is written to Grafana, and what the brake holds, in words.
//!
//! Owns: one sentence for each. Must never call anybody closed who is open. Start at [`off`].

use vocabulary::HeldKind;

use super::count;
use crate::operation::Off;

/// What an admin reads first while nothing is written.
#[must_use]
pub const fn off_title(off: Off) -> &'static str {
    match off {
        Off::Observing => "Observing",
        Off::Paused { closings_run: false } => "Paused",
        Off::Paused { closings_run: true } => "Paused; closings go on",
        Off::AppDisabled => "The app is disabled",
    }
}

/// What that means. `open`: people switched off by the provider, and open in Grafana.
#[must_use]
pub fn off(off: Off, open: i64) -> String {
    let means = match off {
        Off::Observing => {
            "Everything is taken from the identity provider, and nothing is written to Grafana. \
             Plan shows what would be done."
        }
        Off::Paused { closings_run: false } => {
            "Everything is taken from the identity provider, and nothing is written to Grafana."
        }
        Off::Paused { closings_run: true } => {
            "Everything is taken from the identity provider. Access that has to end ends, and nothing \
             else is written to Grafana."
        }
        Off::AppDisabled => {
            "The app is switched off in Grafana, under Plugins. Nothing is written, and Grafana lets no \
             identity provider in."
        }
    };
    format!("{means} {}", still_open(open))
}

/// The count that no state hides.
#[must_use]
pub fn still_open(open: i64) -> String {
    let people = count(
        open,
        "person was switched off by the provider and is still open",
        "people were switched off by the provider and are still open",
    );
    format!("{people}.")
}

/// Why something waits that the brake holds.
pub const HELD: &str = "The brake holds it: the provider took more away within a short time than the limit allows. An admin decides on \
     the tab Plan.";

/// What was held, by the number of people and teams.
#[must_use]
pub fn held(subjects: i64) -> String {
    format!(
        "{} held by the brake: the provider took more away within a short time than the limit allows. Approve \
         or reject it on the tab Plan.",
        count(subjects, "person or team is", "people or teams are")
    )
}

/// What a held thing is, of a person or team of this name. `of`: the team, or the new login and e-mail.
#[must_use]
pub fn held_what(kind: HeldKind, of: &str) -> String {
    match kind {
        HeldKind::Close => "close the account".to_owned(),
        HeldKind::LeaveTeam => format!("leave the team “{of}”"),
        HeldKind::DeleteTeam => format!("delete the team “{of}”"),
        HeldKind::Rename => format!("change login and e-mail to {of}"),
    }
}

/// What a person's page and the list say of a person kept by an admin.
#[must_use]
pub fn open_by(admin: &str) -> String {
    format!("open by {admin}")
}
