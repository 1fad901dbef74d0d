//! Every sentence, as an admin reads it.
//!
//! A changed sentence shows as a changed snapshot: `INSTA_UPDATE=always cargo test -p domain`
//! writes the new ones, and the difference is what a reviewer reads.

use super::*;
use crate::{
    attention::{
        Problem,
        tests::{attentions, delays, operations},
    },
    health::Health,
    operation::Off,
    settings::Deprovision,
};
use vocabulary::{Attribute, SyncState};

#[test]
fn each_thing_that_needs_a_person_has_a_reason_and_a_next_step() {
    let lines: Vec<String> = attentions()
        .iter()
        .map(|a| format!("{}\n  {}\n  → {}", a.code(), reason(a), next_step(a)))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn each_delay_says_what_is_waited_for() {
    let said = |delay| {
        let waits = Problem::Delay(delay);
        format!("{}\n  {}", waits.code(), problem(&waits))
    };
    let lines: Vec<String> = delays().into_iter().map(said).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn each_operation_completes_could_not() {
    let lines: Vec<String> = operations()
        .iter()
        .map(|what| format!("Could not {}.", operation(what)))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn each_state_of_the_whole_has_its_sentence() {
    let numbers = Numbers {
        users: 3,
        groups: 1,
        pending: 14,
        attention: 2,
        closing: 0,
        held: 4,
        off: Some(Off::Observing),
        may_return: 0,
    };
    let mut lines = Vec::new();
    for state in SyncState::ALL {
        lines.push(format!("{}\n  {}", state.as_str(), summary(*state, numbers)));
        lines.push(format!("  {}", summary(*state, Numbers::default())));
    }
    let left = Numbers {
        closing: 1,
        may_return: 8,
        ..numbers
    };
    lines.push(format!("with people who left\n  {}", summary(SyncState::InSync, left)));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn each_finding_of_the_health_check_has_its_sentence() {
    let all = [
        Health::StoreClosed,
        Health::StoreFails,
        Health::StoreTakesNoChanges,
        Health::StoreReplaced,
        Health::StoreForeign,
        Health::StoreBehind,
        Health::StoreUnknown,
        Health::StoreUnproven,
        Health::EngineFails,
        Health::NotConfigured,
        Health::WaitingForFirstRequest,
        Health::SecretKeptBack,
        Health::CredentialsRefused,
        Health::GrafanaAway,
        Health::SwitchedOff(Off::Observing, 1),
        Health::SwitchedOff(Off::Paused { closings_run: false }, 2),
        Health::SwitchedOff(Off::Paused { closings_run: true }, 0),
        Health::SwitchedOff(Off::AppDisabled, 7),
        Health::Held(1),
        Health::StillOpen(2),
        Health::NotCompared,
        Health::WrongSettings(2),
        Health::NeedsAttention(3),
        Health::TeamSyncFills(4),
        Health::TeamSyncLicensed,
        Health::Syncing,
        Health::InSync,
    ];
    let said = |found: &Health| {
        let ok = if found.is_ok() { "ok" } else { "not ok" };
        format!("{found:?}, {ok}\n  {}", health(*found, 5))
    };
    let lines: Vec<String> = all.iter().map(said).collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn a_person_is_told_how_access_was_closed() {
    let mut lines = Vec::new();
    for by in [
        Deprovision::Disable,
        Deprovision::Suspend,
        Deprovision::Recreate,
        Deprovision::Delete,
    ] {
        for holds in [Some(true), Some(false), None] {
            let note = closed_note(by, holds).unwrap_or("(nothing)");
            lines.push(format!("{by:?}, holds {holds:?}\n  {note}"));
        }
    }
    lines.push(deferred_note(Attribute::ALL));
    lines.extend(
        [
            NOT_MANAGED,
            WAITS_FOR_SIGN_IN,
            NO_ACCOUNT,
            WAITS_FOR_YOU,
            PROVIDER_OWNS_IT,
        ]
        .map(str::to_owned),
    );
    insta::assert_snapshot!(lines.join("\n"));
}
