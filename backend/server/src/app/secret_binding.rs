//! Where a secret that Grafana keeps may be sent: to the URL, and as the login, it was given for.
//!
//! Owns: telling a changed secret from the same one, over restarts, without keeping the secret. Grafana's own route for the app's settings
//! changes the URL without a word to us, and an organization's Admin, or a token with that role, may call it. So a secret that is *new*
//! belongs to the URL of that moment, and one that is the same as before to the URL of before. Must never keep enough of a secret to
//! find it: the digest is slow, salted and [`BITS`] short. Start at [`bound`].

use std::num::NonZeroU32;

use domain::Secret;
use ring::pbkdf2;
use store::SecretBinding;

/// Enough to tell a new password from the old one (one in 16 million is taken for the old one, and stays unused); too little to know a
/// guess for right.
const BITS: usize = 24;
/// As slow as a person may wait for once.
const ROUNDS: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// Where a secret goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) url: String,
    /// Empty for a token.
    pub(super) login: String,
}

impl Target {
    /// The secret of this name goes to that URL, and a password goes with a login.
    pub(super) fn of(name: &str, url: &str, login: Option<&str>) -> Self {
        let goes_with_login = name == "admin_password";
        Self {
            url: url.trim_end_matches('/').to_owned(),
            login: login.filter(|_| goes_with_login).unwrap_or_default().to_owned(),
        }
    }

    pub(super) fn is_of(&self, binding: &SecretBinding) -> bool {
        self.url == binding.url && self.login == binding.login
    }
}

fn digest(salt: &str, secret: &Secret) -> String {
    let mut bytes = [0_u8; BITS / 8];
    pbkdf2::derive(
        pbkdf2::PBKDF2_HMAC_SHA256,
        ROUNDS,
        salt.as_bytes(),
        secret.expose().as_bytes(),
        &mut bytes,
    );
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The binding of a secret that is given now: the one it has, if it is the same secret, else a new one to where it would go now.
pub(super) fn bound(
    name: &str,
    secret: &Secret,
    before: Option<&SecretBinding>,
    now: &Target,
    salt: impl FnOnce() -> String,
) -> SecretBinding {
    match before {
        Some(before) if digest(&before.salt, secret) == before.digest => before.clone(),
        _ => again_to(name, secret, now, salt()),
    }
}

/// From now on it goes there.
pub(super) fn again_to(name: &str, secret: &Secret, now: &Target, salt: String) -> SecretBinding {
    SecretBinding {
        name: name.to_owned(),
        url: now.url.clone(),
        login: now.login.clone(),
        digest: digest(&salt, secret),
        salt,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(url: &str) -> Target {
        Target::of("admin_password", url, Some("root"))
    }

    #[test]
    fn the_same_secret_stays_where_it_was_given_for() {
        let (here, there) = (target("http://here/"), target("http://there"));
        let salt = || "a".to_owned();
        let first = bound("admin_password", &Secret::new("hunter2"), None, &here, salt);
        assert!(here.is_of(&first) && !first.digest.contains("hunter2"));
        assert_eq!(first.digest.len(), 6);
        let same = bound("admin_password", &Secret::new("hunter2"), Some(&first), &there, salt);
        assert_eq!(same, first);
        assert!(!there.is_of(&same));
        let other = bound("admin_password", &Secret::new("hunter3"), Some(&first), &there, salt);
        assert!(there.is_of(&other));
        assert!(!Target::of("admin_password", "http://there", Some("mallory")).is_of(&other));
    }

    #[test]
    fn a_token_goes_with_no_login() {
        let token = Target::of("service_account_token", "http://here", Some("root"));
        assert_eq!(token.login, "");
    }
}
