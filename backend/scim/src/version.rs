//! Versions as weak ETags, and the conditions on them (RFC 7644 §3.14, RFC 9110 §13.1).
//!
//! A version stands for what an answer shows (RFC 9110 §8.8.1). A group's members are part of its number: a store counts it up when they
//! change. A user's groups are not, because a group of 10,000 that is renamed must not touch 10,000 users; a digest of them stands beside
//! the number instead, and costs nothing where the groups are read anyway. Start at [`Version`].

use std::fmt;

use crate::{Error, digest, group_ref::GroupRef};

/// A version of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    number: i64,
    groups: Option<u64>,
}

impl Version {
    /// Of a resource whose store counts every change of what is shown.
    pub const fn new(number: i64) -> Self {
        Self { number, groups: None }
    }

    /// Of a user: the store's number, and the groups that are shown with it.
    pub fn of_user(number: i64, groups: &[GroupRef]) -> Self {
        let parts = groups.iter().flat_map(|group| [&group.id, &group.display]);
        // No id and no name holds a NUL: JSON texts with one are refused.
        let bytes = parts.flat_map(|text| text.bytes().chain([0]));
        Self {
            number,
            groups: (!groups.is_empty()).then(|| digest::of(bytes)),
        }
    }

    /// The version as `meta.version` and the `ETag` header carry it.
    pub fn etag(self) -> String {
        format!("W/\"{self}\"")
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.groups {
            None => write!(f, "{}", self.number),
            Some(groups) => write!(f, "{}-{groups:x}", self.number),
        }
    }
}

/// The value of an `If-Match` or `If-None-Match` header.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Tags {
    /// `*`: any version, as long as there is one.
    Any,
    /// One of these tags, compared weakly (the opaque part only): all of ours are weak, and RFC 7644 §3.14 sends them in `If-Match`.
    These(Vec<String>),
}

impl Tags {
    /// What cannot be read matches nothing, so that a write is a 412 and not an overwrite.
    fn parse(header: &str) -> Self {
        let header = header.trim();
        if header == "*" {
            return Self::Any;
        }
        // Also without quotes or `W/`, as clients that took the number out of `meta.version` send it.
        let opaque = |tag: &str| {
            let tag = tag.trim();
            let tag = tag.strip_prefix("W/").or_else(|| tag.strip_prefix("w/")).unwrap_or(tag);
            tag.trim_matches('"').to_owned()
        };
        Self::These(header.split(',').map(opaque).filter(|tag| !tag.is_empty()).collect())
    }

    fn contain(&self, version: Version) -> bool {
        match self {
            Self::Any => true,
            Self::These(tags) => tags.contains(&version.to_string()),
        }
    }
}

/// The conditions of a request on the resource it is about, in the order of RFC 9110 §13.2.2.
///
/// The two on dates (`If-Modified-Since`, `If-Unmodified-Since`) are for resources with a `Last-Modified`, and no answer has one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Conditions {
    if_match: Option<Tags>,
    if_none_match: Option<Tags>,
}

impl Conditions {
    /// Reads the values of the two headers. A header that is there several times is one list (RFC 9110 §5.3).
    pub fn new<'h>(if_match: impl Iterator<Item = &'h str>, if_none_match: impl Iterator<Item = &'h str>) -> Self {
        fn joined<'h>(lines: impl Iterator<Item = &'h str>) -> Option<Tags> {
            let lines: Vec<&str> = lines.collect();
            (!lines.is_empty()).then(|| Tags::parse(&lines.join(",")))
        }
        Self {
            if_match: joined(if_match),
            if_none_match: joined(if_none_match),
        }
    }

    /// Reads the `version` of a bulk operation (RFC 7644 §3.7).
    pub fn of_bulk(version: Option<&str>) -> Self {
        Self::new(version.into_iter(), std::iter::empty())
    }

    /// Whether the client of a GET or HEAD has this version already: the answer is a 304 then.
    ///
    /// # Errors
    /// 412 where it asked for another version.
    pub fn has(&self, version: Version) -> Result<bool, Error> {
        self.require_match(version)?;
        Ok(self.if_none_match.as_ref().is_some_and(|tags| tags.contain(version)))
    }

    /// Whether a PUT, PATCH or DELETE may go on.
    ///
    /// # Errors
    /// 412 where it means another version, or anything but this one.
    pub fn allow(&self, version: Version) -> Result<(), Error> {
        if self.has(version)? {
            return Err(Error::precondition_failed("If-None-Match"));
        }
        Ok(())
    }

    fn require_match(&self, version: Version) -> Result<(), Error> {
        match &self.if_match {
            Some(tags) if !tags.contain(version) => Err(Error::precondition_failed("If-Match")),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Conditions, Version};
    use crate::group_ref::GroupRef;

    fn groups(names: &[(&str, &str)]) -> Vec<GroupRef> {
        let group = |(id, display): &(&str, &str)| GroupRef {
            id: (*id).to_owned(),
            display: (*display).to_owned(),
        };
        names.iter().map(group).collect()
    }

    #[test]
    fn weak_strong_and_bare_tags_compare_alike() {
        let allows = |header: &str, version| Conditions::of_bulk(Some(header)).allow(version).is_ok();
        for header in ["W/\"3\"", "\"3\"", "3", "\"1\", W/\"3\"", " * "] {
            assert!(allows(header, Version::new(3)), "{header}");
        }
        for header in ["W/\"4\"", "\"33\"", "", "\"", "W/", ",,"] {
            assert!(!allows(header, Version::new(3)), "{header}");
        }
        assert!(allows(&Version::new(-7).etag(), Version::new(-7)));
    }

    #[test]
    fn a_users_version_is_another_whenever_its_groups_are() {
        let all = [
            groups(&[]),
            groups(&[("g", "Eng")]),
            groups(&[("g", "eng")]),
            groups(&[("h", "Eng")]),
            groups(&[("gE", "ng")]),
            groups(&[("g", "Eng"), ("h", "Ops")]),
        ];
        for (n, one) in all.iter().enumerate() {
            for (m, other) in all.iter().enumerate() {
                let same = Version::of_user(1, one) == Version::of_user(1, other);
                assert_eq!(same, n == m, "{one:?} {other:?}");
            }
        }
        assert_eq!(
            Version::of_user(5, &[]).etag(),
            "W/\"5\"",
            "nothing more where nothing is shown"
        );
        assert_ne!(Version::of_user(1, &all[1]), Version::of_user(2, &all[1]));
    }

    #[test]
    fn if_match_is_looked_at_first() {
        let conditions = Conditions::new(["\"1\"", "\"2\""].into_iter(), ["\"2\""].into_iter());
        assert_eq!(conditions.has(Version::new(2)), Ok(true));
        assert_eq!(conditions.has(Version::new(1)), Ok(false));
        assert_eq!(conditions.has(Version::new(3)).unwrap_err().status, 412);
        assert_eq!(conditions.allow(Version::new(2)).unwrap_err().status, 412);
        assert!(Conditions::default().allow(Version::new(1)).is_ok());
    }
}
