//! A page of a SCIM list, whether SQL cuts it or evaluation does.
//!
//! Owns: where a page begins and ends, and where the next one goes on. Must never know what the
//! resources are. Start at [`PageQuery`].

use scim::filter::Filter;
use sqlx::{QueryBuilder, Sqlite};

/// Which resources to list.
#[derive(Clone, Debug, Default)]
pub struct PageQuery {
    /// Only resources that match.
    pub filter: Option<Filter>,
    /// The SCIM base URL, which filters see in `meta.location` and in `$ref`.
    pub base: String,
    /// Only resources after the end of the page before ([`Page::next`]); 0 begins at the beginning.
    pub after: i64,
    /// How many matches to pass over.
    pub offset: i64,
    /// How many to return at most.
    pub limit: i64,
}

/// A page of a list.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// How many resources match: some clients (authentik) ask until they have seen as many.
    pub total: i64,
    /// This page, in a stable order (creation).
    pub items: Vec<T>,
    /// Where the next page begins ([`PageQuery::after`]); `None` at the end.
    pub next: Option<i64>,
    /// How many of all that match come before [`PageQuery::after`]: a client may go back.
    pub before: i64,
}

impl<T> Page<T> {
    /// Converts the items.
    pub fn map<U>(self, change: impl FnMut(T) -> U) -> Page<U> {
        Page {
            total: self.total,
            items: self.items.into_iter().map(change).collect(),
            next: self.next,
            before: self.before,
        }
    }
}

/// A page that SQL cuts.
pub(super) struct SqlPage<T> {
    query: PageQuery,
    items: Vec<(i64, T)>,
}

impl<T> SqlPage<T> {
    pub(super) fn new(query: &PageQuery) -> Self {
        Self {
            query: PageQuery {
                filter: None,
                base: String::new(),
                ..*query
            },
            items: Vec::new(),
        }
    }

    /// Appends the end of the text. One row more than the page holds tells whether there is a next
    /// page.
    pub(super) fn push(&self, select: &mut QueryBuilder<Sqlite>, alias: &'static str) {
        if self.query.after > 0 {
            select
                .push(" AND ")
                .push(alias)
                .push(".pk > ")
                .push_bind(self.query.after);
        }
        select
            .push(" ORDER BY ")
            .push(alias)
            .push(".pk LIMIT ")
            .push_bind(self.query.limit.max(0).saturating_add(1))
            .push(" OFFSET ")
            .push_bind(self.query.offset);
    }

    pub(super) fn take(&mut self, pk: i64, item: T) {
        self.items.push((pk, item));
    }

    /// `before`: how many matches come before the page.
    pub(super) fn finish(mut self, total: i64, before: i64) -> Page<T> {
        let limit = usize::try_from(self.query.limit.max(0)).unwrap_or(usize::MAX);
        let more = self.items.len() > limit;
        self.items.truncate(limit);
        Page {
            total,
            before,
            next: self.items.last().map(|(pk, _)| *pk).filter(|_| more),
            items: self.items.into_iter().map(|(_, item)| item).collect(),
        }
    }
}

/// A page cut from all matches, which come in order.
pub(super) struct EvaluatedPage<T> {
    page: SqlPage<T>,
    total: i64,
    before: i64,
    to_skip: i64,
}

impl<T> EvaluatedPage<T> {
    pub(super) fn new(query: &PageQuery) -> Self {
        Self {
            page: SqlPage::new(query),
            total: 0,
            before: 0,
            to_skip: query.offset,
        }
    }

    pub(super) fn take(&mut self, pk: i64, item: T) {
        self.total += 1;
        if pk <= self.page.query.after {
            self.before += 1;
            return;
        }
        if self.to_skip > 0 {
            self.to_skip -= 1;
            return;
        }
        let taken = i64::try_from(self.page.items.len()).unwrap_or(i64::MAX);
        if self.page.query.limit > 0 && taken <= self.page.query.limit {
            self.page.take(pk, item);
        }
    }

    pub(super) fn finish(self) -> Page<T> {
        self.page.finish(self.total, self.before)
    }
}
