//! Queries and list answers (RFC 7644 §3.4.2, §3.4.3; RFC 9865 for cursors).

pub mod cursor;
pub mod query_string;
pub mod sort;

use serde_json::{Map, Value, json};

pub use cursor::Cursor;
pub use sort::{SortBy, SortKey, SortOrder};

use crate::{
    Error, Filter, Projection, filter,
    path::Path,
    resource::require_message,
    value::{get_any_case, refuse_case_twins},
};

/// The schema URN of a list answer.
pub const LIST_RESPONSE_URN: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
/// The schema URN of the body of `POST /.search`.
pub const SEARCH_REQUEST_URN: &str = "urn:ietf:params:scim:api:messages:2.0:SearchRequest";

/// What a client asks of a list, or of the one resource an answer has.
#[derive(Debug, Clone, PartialEq)]
pub struct ListQuery {
    /// Which resources.
    pub filter: Option<Filter>,
    /// The number of the first one, from 1; less is 1 (RFC 7644 Table 6).
    pub start_index: u64,
    /// How many at most; negative is 0, and 0 asks for the total only. `None` leaves it to the server.
    pub count: Option<u64>,
    /// In which order; `None` is the server's, which must be stable.
    pub sort: Option<SortBy>,
    /// Which attributes.
    pub projection: Projection,
    /// Where to go on, after a `nextCursor`; empty asks for the first page by cursor.
    pub cursor: Option<String>,
}

impl Default for ListQuery {
    fn default() -> Self {
        Self {
            filter: None,
            start_index: 1,
            count: None,
            sort: None,
            projection: Projection::Default,
            cursor: None,
        }
    }
}

impl ListQuery {
    /// Reads the query of a GET, as it stands after the `?`. Unknown parameters are ignored, such as Entra's flag (I5).
    ///
    /// # Errors
    /// `invalidFilter`, `tooMany` for a filter over a limit, `invalidValue` for any other parameter.
    pub fn from_query(raw_query: &str) -> Result<Self, Error> {
        let parameters = query_string::parse(raw_query);
        let get = |name: &str| query_string::one(&parameters, name);
        let number = |name: &str| {
            let text = get(name)?.map(str::trim).filter(|text| !text.is_empty());
            text.map(|text| integer(name, text)).transpose()
        };
        Self::build(Parts {
            filter: get("filter")?,
            start_index: number("startIndex")?,
            count: number("count")?,
            sort_by: get("sortBy")?,
            sort_order: get("sortOrder")?,
            attributes: query_string::names(&parameters, "attributes"),
            excluded: query_string::names(&parameters, "excludedAttributes"),
            cursor: get("cursor")?,
        })
    }

    /// Reads the bytes of a body of `POST /.search`. No bytes ask for everything: every part of a search request is optional
    /// (RFC 7644 §3.4.3).
    ///
    /// # Errors
    /// As [`ListQuery::from_search_request`].
    pub fn from_search_bytes(bytes: &[u8]) -> Result<Self, Error> {
        if bytes.trim_ascii().is_empty() {
            return Ok(Self::default());
        }
        Self::from_search_request(&crate::json::parse(bytes)?)
    }

    /// Reads the body of `POST /.search`.
    ///
    /// # Errors
    /// As [`ListQuery::from_query`], and `invalidSyntax` where it is no SearchRequest.
    pub fn from_search_request(body: &Value) -> Result<Self, Error> {
        let Value::Object(body) = body else {
            return Err(Error::invalid_syntax("A search request must be a JSON object."));
        };
        refuse_case_twins(body)?;
        require_message(body, SEARCH_REQUEST_URN)?;
        Self::build(Parts {
            filter: text(body, "filter")?,
            start_index: whole_number(body, "startIndex")?,
            count: whole_number(body, "count")?,
            sort_by: text(body, "sortBy")?,
            sort_order: text(body, "sortOrder")?,
            attributes: names(body, "attributes")?,
            excluded: names(body, "excludedAttributes")?,
            cursor: text(body, "cursor")?,
        })
    }

    fn build(parts: Parts<'_>) -> Result<Self, Error> {
        let not_blank = |text: &&str| !text.trim().is_empty();
        let order = match parts.sort_order.filter(not_blank) {
            None => SortOrder::Ascending,
            Some(order) if order.eq_ignore_ascii_case("ascending") => SortOrder::Ascending,
            Some(order) if order.eq_ignore_ascii_case("descending") => SortOrder::Descending,
            Some(_) => return Err(Error::invalid_value("sortOrder must be ascending or descending.")),
        };
        let sort = parts
            .sort_by
            .filter(not_blank)
            .map(|sort_by| match Path::parse(sort_by) {
                Ok(Path::Attribute { attr, filter: None }) => Ok(SortBy { path: attr, order }),
                _ => Err(Error::invalid_value("sortBy must name an attribute.")),
            });
        Ok(Self {
            filter: parts.filter.filter(not_blank).map(filter::parse).transpose()?,
            start_index: parts
                .start_index
                .map_or(1, |start| u64::try_from(start).unwrap_or(1).max(1)),
            count: parts.count.map(|count| u64::try_from(count).unwrap_or(0)),
            sort: sort.transpose()?,
            projection: Projection::new(parts.attributes, parts.excluded)?,
            cursor: parts.cursor.map(str::to_owned),
        })
    }
}

struct Parts<'a> {
    filter: Option<&'a str>,
    start_index: Option<i64>,
    count: Option<i64>,
    sort_by: Option<&'a str>,
    sort_order: Option<&'a str>,
    attributes: Vec<&'a str>,
    excluded: Vec<&'a str>,
    cursor: Option<&'a str>,
}

/// An integer; one too large for 64 bits is as good as the largest.
fn integer(name: &str, text: &str) -> Result<i64, Error> {
    let digits = text.strip_prefix(['-', '+']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Error::invalid_value(format!("{name} must be an integer.")));
    }
    Ok(text
        .parse()
        .unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX }))
}

fn text<'b>(body: &'b Map<String, Value>, name: &str) -> Result<Option<&'b str>, Error> {
    match get_any_case(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::invalid_value(format!("{name} must be a string."))),
    }
}

fn whole_number(body: &Map<String, Value>, name: &str) -> Result<Option<i64>, Error> {
    match get_any_case(body, name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => integer(name, text).map(Some),
        Some(value) => integer(name, &value.to_string()).map(Some),
    }
}

fn names<'b>(body: &'b Map<String, Value>, name: &str) -> Result<Vec<&'b str>, Error> {
    let refuse = || Error::invalid_value(format!("{name} must be a list of strings."));
    match get_any_case(body, name) {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(names)) => Ok(names.split(',').collect()),
        Some(Value::Array(names)) => names.iter().map(|name| name.as_str().ok_or_else(refuse)).collect(),
        Some(_) => Err(refuse()),
    }
}

/// Where a page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paging {
    /// By index: the number of its first resource.
    Index(u64),
    /// By cursor (RFC 9865 §2.1). Where in the whole it is, nobody counts.
    Cursor {
        /// The cursor of the page before; `None` on the first.
        previous: Option<String>,
        /// The cursor of the next page; `None` on the last.
        next: Option<String>,
    },
}

/// A list answer. `total` is how many match, not how many are here: authentik and Okta page by it (I18, I23).
///
/// Everything is always there, also when empty: rauthy cannot read an answer without `itemsPerPage` and `Resources` (I24).
pub fn list_response(total: u64, paging: Paging, resources: Vec<Value>) -> Value {
    let mut response = json!({
        "schemas": [LIST_RESPONSE_URN],
        "totalResults": total,
        "itemsPerPage": resources.len(),
    });
    if let Some(object) = response.as_object_mut() {
        object.insert("Resources".to_owned(), Value::Array(resources));
        match paging {
            Paging::Index(start_index) => drop(object.insert("startIndex".to_owned(), json!(start_index))),
            Paging::Cursor { previous, next } => {
                object.extend(previous.map(|cursor| ("previousCursor".to_owned(), json!(cursor))));
                object.extend(next.map(|cursor| ("nextCursor".to_owned(), json!(cursor))));
            }
        }
    }
    response
}

#[cfg(test)]
mod tests;
