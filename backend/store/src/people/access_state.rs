//! What holds in Grafana for a person, in SQL.
//!
//! Owns: the conditions by which people are filtered and counted. Must never let a person have two
//! states, or none. Start at [`AccessState`].

/// What holds in Grafana for a person. The fields of [`crate::PersonRow`] say the same; each row
/// has exactly one state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AccessState {
    Active,
    /// Must be out, and was not seen out: whatever else is true of the person.
    NotClosed,
    Closed,
    MayReturn,
    Pending,
    Attention,
    WaitingForSignIn,
    Released,
    /// Switched off by the provider, and an admin keeps the account open.
    KeptOpen,
}

impl AccessState {
    pub(super) const ALL: [Self; 9] = [
        Self::Active,
        Self::NotClosed,
        Self::Closed,
        Self::MayReturn,
        Self::Pending,
        Self::Attention,
        Self::WaitingForSignIn,
        Self::Released,
        Self::KeptOpen,
    ];

    /// Its name in the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::NotClosed => "not_closed",
            Self::Closed => "closed",
            Self::MayReturn => "closed_may_return",
            Self::Pending => "pending",
            Self::Attention => "needs_attention",
            Self::WaitingForSignIn => "waiting_for_sign_in",
            Self::Released => "released",
            Self::KeptOpen => "kept_open",
        }
    }

    /// Whether only a few people can have this state: those who are inactive, deprovisioned or
    /// waiting, or subject to a decision of an admin.
    pub(super) fn is_exception(self) -> bool {
        !matches!(self, Self::Active | Self::WaitingForSignIn)
    }

    /// In terms of the tables that [`crate::Store::people`] joins: `u` scim_user, `a` account, `w`
    /// work, `s` management, `b` a closing that an admin said no to. An unmanaged person has that state and no other.
    pub(super) fn condition(self) -> String {
        let managed = |rest: &str| format!("s.state IS NOT 'unmanaged' AND {rest}");
        match self {
            Self::Active => managed(&format!(
                "w.id IS NULL AND a.deprovisioned_by IS NULL AND {WANTED_OPEN} AND a.grafana_id IS NOT NULL"
            )),
            Self::NotClosed => managed(STILL_OPEN),
            // Without an account: there never was one.
            Self::Closed => managed(&format!(
                "NOT {KEPT_OPEN} AND NOT {STILL_OPEN} AND w.id IS NULL AND NOT ({WANTED_OPEN} AND a.grafana_id IS NULL) \
                 AND (CASE WHEN a.deprovisioned_by IS NULL THEN NOT {WANTED_OPEN} ELSE coalesce(a.holds, TRUE) END)"
            )),
            Self::MayReturn => managed(&format!(
                "NOT {KEPT_OPEN} AND NOT {STILL_OPEN} AND w.id IS NULL AND NOT ({WANTED_OPEN} AND a.grafana_id IS NULL) \
                 AND a.deprovisioned_by IS NOT NULL AND NOT a.holds"
            )),
            Self::Pending => managed(&format!("NOT {KEPT_OPEN} AND NOT {STILL_OPEN} AND w.state = 'pending'")),
            Self::Attention => managed(&format!("NOT {KEPT_OPEN} AND NOT {STILL_OPEN} AND w.state = 'blocked'")),
            // The engine has nothing left to do and there is no account: the person has to sign in
            // first.
            Self::WaitingForSignIn => managed(&format!("w.id IS NULL AND {WANTED_OPEN} AND a.grafana_id IS NULL")),
            Self::Released => "s.state = 'unmanaged'".to_owned(),
            Self::KeptOpen => managed(KEPT_OPEN),
        }
    }
}

/// The text of [`WANTED_OPEN`], for the constants that contain it.
macro_rules! wanted_open {
    () => {
        "(u.active AND s.state IS NOT 'kept_closed')"
    };
}

/// May sign in: the provider says so, and no admin keeps the person closed.
pub(super) const WANTED_OPEN: &str = wanted_open!();

/// Must be out, and was not seen out. Who has no account was looked for once the mark is gone, and
/// found nowhere: there is nothing to close.
pub(super) const STILL_OPEN: &str = concat!(
    "(NOT ",
    wanted_open!(),
    " AND a.seen_closed_ms IS NULL AND (a.user_id IS NOT NULL OR w.id IS NOT NULL) \
     AND (b.subject IS NULL OR s.state IS 'kept_closed'))"
);

/// Switched off by the provider, and an admin said no to the closing that the brake held. A later
/// word of an admin, that the person is to be out, counts for more.
const KEPT_OPEN: &str = "(NOT u.active AND b.subject IS NOT NULL AND s.state IS NOT 'kept_closed')";

pub(super) const JOINED: &str = "LEFT JOIN account a ON a.user_id = u.id \
     LEFT JOIN work w ON w.org_id = u.org_id AND w.connection = u.connection AND w.kind = 'User' AND w.id = u.id \
     LEFT JOIN management s ON s.user_id = u.id \
     LEFT JOIN brake b ON b.subject = u.id AND b.kind = 'close' AND b.state = 'rejected'";

/// Ids of the people that a table, or their own row, can give another state than active: few, as a
/// rule. A new state that comes from another table has to be added here. The text covers every
/// tenant; the query around it names one.
pub(super) const EXCEPTIONS: &str = "SELECT id FROM scim_user WHERE NOT active \
     UNION SELECT user_id FROM account WHERE deprovisioned_by IS NOT NULL \
     UNION SELECT user_id FROM management \
     UNION SELECT id FROM work WHERE kind = 'User'";

/// Ids of the people who may have to be out: few. The text covers every tenant.
pub(super) const MUST_BE_OUT: &str = "SELECT id FROM scim_user WHERE NOT active UNION SELECT user_id FROM management";
