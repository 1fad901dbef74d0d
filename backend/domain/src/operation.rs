//! Whether Rollcall writes to Grafana at all.
//!
//! Owns: the setting `operation`, why writing is switched off, and which writes go on all the same.
//! Must never know a single call: the client of Grafana's API asks for each. Start at [`Off`].

/// What the setting `operation` says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// What the provider says is done.
    #[default]
    Enforce,
    /// It is taken and planned, and nothing of it is done.
    Observe,
    /// It is taken, and waits.
    Paused,
}

impl Mode {
    /// Of the setting's text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        match text {
            "observe" => Self::Observe,
            "paused" => Self::Paused,
            _ => Self::Enforce,
        }
    }
}

/// What a write is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The note in Grafana of which store is the right one (docs/decisions/0008-store-identity.md).
    Marker,
    /// Somebody's access ends.
    Closing,
    /// Anything else.
    Change,
}

/// Why nothing is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Off {
    /// `operation = observe`.
    Observing,
    /// `operation = paused`.
    Paused {
        /// `paused_closings = run`: who has to leave leaves.
        closings_run: bool,
    },
    /// Grafana's own switch: the app is disabled in the organization.
    AppDisabled,
}

impl Off {
    /// Why nothing is written, if nothing is. Grafana's switch is above the setting.
    #[must_use]
    pub const fn of(mode: Mode, closings_run: bool, app_enabled: bool) -> Option<Self> {
        match mode {
            _ if !app_enabled => Some(Self::AppDisabled),
            Mode::Enforce => None,
            Mode::Observe => Some(Self::Observing),
            Mode::Paused => Some(Self::Paused { closings_run }),
        }
    }

    /// Whether such a write goes on.
    #[must_use]
    pub const fn lets(self, purpose: Purpose) -> bool {
        matches!(
            (self, purpose),
            (Self::Observing, Purpose::Marker) | (Self::Paused { closings_run: true }, Purpose::Closing)
        )
    }

    /// Its code in the health check and in JSON.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Observing => "observing",
            Self::Paused { closings_run: false } => "paused",
            Self::Paused { closings_run: true } => "paused_closings_run",
            Self::AppDisabled => "app_disabled",
        }
    }
}

/// Whether such a write may be sent now.
///
/// # Errors
/// Why not.
pub const fn may(off: Option<Off>, purpose: Purpose) -> Result<(), Off> {
    match off {
        Some(off) if !off.lets(purpose) => Err(off),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_lets_what_it_says_and_nothing_else() {
        let all = [Purpose::Marker, Purpose::Closing, Purpose::Change];
        for mode in [Mode::Enforce, Mode::Observe, Mode::Paused] {
            for (closings_run, enabled) in [(false, true), (true, true), (false, false), (true, false)] {
                let off = Off::of(mode, closings_run, enabled);
                let let_through: Vec<Purpose> = all.into_iter().filter(|purpose| may(off, *purpose).is_ok()).collect();
                let expected = match (mode, closings_run, enabled) {
                    (_, _, false) => vec![],
                    (Mode::Enforce, ..) => all.to_vec(),
                    (Mode::Observe, ..) => vec![Purpose::Marker],
                    (Mode::Paused, true, _) => vec![Purpose::Closing],
                    (Mode::Paused, false, _) => vec![],
                };
                assert_eq!(let_through, expected, "{mode:?} {closings_run} {enabled}");
            }
        }
    }
}
