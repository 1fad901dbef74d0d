//! Every limit of this crate, in one place. Whatever goes over one is refused with an error that names it.

/// Nesting of JSON arrays and objects in a body.
pub const JSON_DEPTH: usize = 64;
/// Length of a filter, or of a PATCH path, in bytes.
pub const FILTER_BYTES: usize = 8 * 1024;
/// Nesting of parentheses and brackets in a filter.
pub const FILTER_DEPTH: usize = 32;
/// Comparisons in one filter.
pub const FILTER_TERMS: usize = 1_000;
/// Operations in one PATCH request.
pub const PATCH_OPERATIONS: usize = 10_000;
/// Values of one multi-valued attribute other than a group's members, so that many operations on many values stay bounded.
pub const VALUES: usize = 1_000;
/// Operations of one PATCH that remove members by anything but their id: each may have to look at the whole group.
pub const MEMBER_FILTERS: usize = 100;
/// Comparisons of values in one PATCH: values that are there, times terms of a filter or values that come. Well above what
/// [`PATCH_OPERATIONS`] on a list of [`VALUES`] need; it is many long lists, or long filters on them, that go over it.
pub const PATCH_COMPARISONS: usize = 20_000_000;
/// Characters of what becomes a name elsewhere: `userName`, `displayName`, an e-mail address. Grafana's columns hold as many, and what does
/// not fit could never be applied.
pub const NAME_CHARACTERS: usize = 190;
