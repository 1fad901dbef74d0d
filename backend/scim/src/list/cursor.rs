//! Cursors (RFC 9865): where to go on reading a list, for a server that remembers nothing.
//!
//! Owns: the text of a cursor. Must never hold anything a client may not know: it is sealed against accidents (another query, a cut
//! text), not against a client that makes one up, and what that client gains is another page of what it may read anyway.

use super::ListQuery;
use crate::{Error, ResourceType, digest};

/// How far a list has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cursor {
    /// Of which resource type the page before ended; a list over all types goes on with the next one.
    pub resource_type: ResourceType,
    /// Where it ended, in the server's own counting.
    pub after: i64,
}

impl Cursor {
    /// The cursor as `nextCursor`, in unreserved characters only (RFC 9865 §2). It belongs to the filter and the order of `query`.
    pub fn encode(self, query: &ListQuery) -> String {
        let position = self.position();
        format!("{position}.{:016x}", seal(&position, query))
    }

    /// Reads the `cursor` of `query`; `None` where it asks for the first page, or does not page by cursor.
    ///
    /// # Errors
    /// `invalidCursor` where this is no cursor, or one of another query.
    pub fn of(query: &ListQuery) -> Result<Option<Self>, Error> {
        let Some(text) = query.cursor.as_deref().filter(|text| !text.is_empty()) else {
            return Ok(None);
        };
        let read = || {
            let (position, sealed) = text.split_once('.')?;
            let mark = position.get(..1)?;
            let resource_type = ResourceType::ALL
                .into_iter()
                .find(|resource_type| mark_of(*resource_type) == mark)?;
            let after = i64::from_str_radix(position.get(1..)?, 16).ok()?;
            let cursor = Self { resource_type, after };
            // What is read must be what would be written: `u0a` and `u+a` are not cursors.
            (cursor.position() == position && sealed == format!("{:016x}", seal(position, query))).then_some(cursor)
        };
        match read() {
            Some(cursor) => Ok(Some(cursor)),
            None => Err(Error::invalid_cursor(
                "The cursor is not one of this server, or belongs to another filter or order. Start again with an empty cursor.",
            )),
        }
    }

    fn position(self) -> String {
        format!("{}{:x}", mark_of(self.resource_type), self.after.max(0))
    }
}

fn mark_of(resource_type: ResourceType) -> &'static str {
    match resource_type {
        ResourceType::User => "u",
        ResourceType::Group => "g",
    }
}

/// Over what must stay the same from page to page.
fn seal(position: &str, query: &ListQuery) -> u64 {
    let filter = query.filter.as_ref().map(ToString::to_string).unwrap_or_default();
    let sort = query
        .sort
        .as_ref()
        .map(|sort| format!("{} {:?}", sort.path, sort.order))
        .unwrap_or_default();
    let text = [position, &filter, &sort].join("\u{0}");
    digest::of(text.bytes())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Cursor;
    use crate::{ListQuery, ResourceType, ScimType};

    fn query(text: &str, cursor: Option<&str>) -> ListQuery {
        let mut query = ListQuery::from_query(text).unwrap();
        query.cursor = cursor.map(str::to_owned);
        query
    }

    #[test]
    fn a_cursor_is_good_for_its_own_query_only_as_rfc_9865_has_it() {
        let cursor = Cursor {
            resource_type: ResourceType::Group,
            after: 4711,
        };
        let text = cursor.encode(&query("filter=id+pr&count=5", None));
        assert!(
            text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-._~".contains(&b)),
            "{text}"
        );
        let go_on = |queried: &str, text: &str| Cursor::of(&query(queried, Some(text)));
        assert_eq!(go_on("filter=ID+PR&count=7", &text).unwrap(), Some(cursor));
        assert_eq!(go_on("", "").unwrap(), None);
        assert_eq!(Cursor::of(&query("", None)).unwrap(), None);
        for (queried, text) in [
            ("filter=id+eq+1", text.as_str()),
            ("", &text),
            ("filter=id+pr&sortBy=id", &text),
            ("filter=id+pr", text.get(1..).unwrap()),
            ("filter=id+pr", text.get(..text.len() - 1).unwrap()),
            ("filter=id+pr", &text.replacen('g', "u", 1)),
            ("filter=id+pr", &text.replacen("g1", "g2", 1)),
            ("filter=id+pr", &text.replacen('g', "g0", 1)),
            ("filter=id+pr", "x"),
            ("filter=id+pr", "."),
            ("filter=id+pr", "é.é"),
        ] {
            let error = go_on(queried, text).unwrap_err();
            assert_eq!(
                (error.status, error.scim_type),
                (400, Some(ScimType::InvalidCursor)),
                "{queried} {text}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(after in 0..=i64::MAX) {
            let cursor = Cursor { resource_type: ResourceType::User, after };
            let text = cursor.encode(&query("", None));
            prop_assert_eq!(Cursor::of(&query("", Some(&text))).unwrap(), Some(cursor));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,24}") {
            prop_assert!(Cursor::of(&query("", Some(&text))).is_err() || text.is_empty());
        }
    }
}
