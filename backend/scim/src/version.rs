//! Versions as weak ETags, and the preconditions on them (RFC 7644 §3.14, RFC 9110 §13.1).

/// The version as `meta.version` and the `ETag` header carry it.
pub fn etag(version: i64) -> String {
    format!("W/\"{version}\"")
}

/// The value of an `If-Match` or `If-None-Match` header.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Precondition {
    /// `*`: any version, as long as there is one.
    Any,
    /// One of these tags, compared weakly (the opaque part only).
    Tags(Vec<String>),
}

impl Precondition {
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
        Self::Tags(header.split(',').map(opaque).filter(|tag| !tag.is_empty()).collect())
    }

    /// Reads `If-Match`. What cannot be read matches nothing, so that the answer is 412 and not an overwrite.
    pub fn from_if_match(header: &str) -> Self {
        Self::parse(header)
    }

    /// Reads `If-None-Match`.
    pub fn from_if_none_match(header: &str) -> Self {
        Self::parse(header)
    }

    /// Whether a resource of this version is meant: `If-Match` then goes ahead (else 412), `If-None-Match` answers 304 to a GET.
    pub fn matches(&self, version: i64) -> bool {
        match self {
            Self::Any => true,
            Self::Tags(tags) => {
                let version = version.to_string();
                tags.contains(&version)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Precondition, etag};

    #[test]
    fn weak_strong_and_bare_tags_compare_alike() {
        for header in ["W/\"3\"", "\"3\"", "3", "\"1\", W/\"3\"", " * "] {
            assert!(Precondition::from_if_match(header).matches(3), "{header}");
        }
        for header in ["W/\"4\"", "\"33\"", "", "\"", "W/", ",,"] {
            assert!(!Precondition::from_if_none_match(header).matches(3), "{header}");
        }
        assert!(Precondition::from_if_match(&etag(-7)).matches(-7));
    }
}
