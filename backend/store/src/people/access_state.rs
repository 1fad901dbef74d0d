//! What holds in Grafana for a person, in SQL.
//!
//! Owns: the conditions by which people are filtered and counted. Must never let a person have two states, or none. Start at [`Standing`].

/// What holds in Grafana for a person, as [`PersonRow`]'s fields tell it: each row has exactly one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    Active,
    Closed,
    MayReturn,
    Pending,
    Attention,
    WaitingForSignIn,
    Released,
}

impl Standing {
    pub(super) const ALL: [Self; 7] = [
        Self::Active,
        Self::Closed,
        Self::MayReturn,
        Self::Pending,
        Self::Attention,
        Self::WaitingForSignIn,
        Self::Released,
    ];

    /// Its name in the API.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Closed => "closed",
            Self::MayReturn => "closed_may_return",
            Self::Pending => "pending",
            Self::Attention => "needs_attention",
            Self::WaitingForSignIn => "waiting_for_sign_in",
            Self::Released => "released",
        }
    }

    /// Whether only who is not active for the provider, closed, waiting, or decided about by an admin can stand so.
    pub(super) fn is_exception(self) -> bool {
        !matches!(self, Self::Active | Self::WaitingForSignIn)
    }

    /// In terms of the tables that [`Store::people`] joins: `u` scim_user, `a` account, `w` work, `s` stewardship. Who is released is
    /// that and nothing else.
    pub(super) fn condition(self) -> &'static str {
        match self {
            Self::Active => {
                "s.state IS NOT 'released' AND w.id IS NULL AND a.closed_by IS NULL AND u.active AND a.grafana_id IS NOT NULL"
            }
            // Without an account of its own: inactive from the start.
            Self::Closed => {
                "s.state IS NOT 'released' AND w.id IS NULL AND NOT (u.active AND a.grafana_id IS NULL) \
                 AND (CASE WHEN a.closed_by IS NULL THEN NOT u.active ELSE coalesce(a.holds, TRUE) END)"
            }
            Self::MayReturn => {
                "s.state IS NOT 'released' AND w.id IS NULL AND NOT (u.active AND a.grafana_id IS NULL) AND a.closed_by IS NOT NULL AND NOT a.holds"
            }
            Self::Pending => "s.state IS NOT 'released' AND w.state = 'pending'",
            Self::Attention => "s.state IS NOT 'released' AND w.state = 'blocked'",
            // The engine is done with him though there is no account: it makes none before he signs in.
            Self::WaitingForSignIn => {
                "s.state IS NOT 'released' AND w.id IS NULL AND u.active AND a.grafana_id IS NULL"
            }
            Self::Released => "s.state = 'released'",
        }
    }
}

pub(super) const JOINED: &str = "LEFT JOIN account a ON a.user_id = u.id \
     LEFT JOIN work w ON w.org_id = u.org_id AND w.connection = u.connection AND w.kind = 'User' AND w.id = u.id \
     LEFT JOIN stewardship s ON s.user_id = u.id";

/// Ids of whoever is in a table, or says so himself, by which he may be anything else than active: few, as a rule. A [`Standing`] that
/// comes from another table has to be named here. Of every tenant: whoever asks names his own.
pub(super) const EXCEPTIONS: &str = "SELECT id FROM scim_user WHERE NOT active \
     UNION SELECT user_id FROM account WHERE closed_by IS NOT NULL \
     UNION SELECT user_id FROM stewardship \
     UNION SELECT id FROM work WHERE kind = 'User'";
