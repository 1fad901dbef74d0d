//! `application/x-www-form-urlencoded` queries, as forgiving as browsers: what is no escape stands for itself.

use crate::Error;

/// The parameters in order, decoded. `+` is a space: Microsoft's validator writes filters so.
pub fn parse(raw_query: &str) -> Vec<(String, String)> {
    let raw_query = raw_query.strip_prefix('?').unwrap_or(raw_query);
    raw_query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (decode(name), decode(value))
        })
        .collect()
}

/// The value of a parameter that has one, its name in any letter case.
///
/// # Errors
/// `invalidValue` where it is there twice with different values: whichever was taken, the client meant the other as well.
pub fn one<'p>(parameters: &'p [(String, String)], name: &str) -> Result<Option<&'p str>, Error> {
    let mut values = values(parameters, name);
    let first = values.next();
    match values.find(|value| Some(*value) != first) {
        None => Ok(first),
        Some(_) => Err(Error::invalid_value(format!(
            "{name} is there twice, with different values."
        ))),
    }
}

/// The names in a parameter that lists some, from all its places: `attributes=a&attributes=b,c` are three.
pub fn names<'p>(parameters: &'p [(String, String)], name: &str) -> Vec<&'p str> {
    values(parameters, name).flat_map(|names| names.split(',')).collect()
}

fn values<'p>(parameters: &'p [(String, String)], name: &str) -> impl Iterator<Item = &'p str> {
    let named = parameters.iter().filter(move |(key, _)| key.eq_ignore_ascii_case(name));
    named.map(|(_, value)| value.as_str())
}

fn decode(text: &str) -> String {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match (byte, after) {
            (b'%', [high, low, tail @ ..]) => match (hex(*high), hex(*low)) {
                (Some(high), Some(low)) => {
                    decoded.push(high << 4 | low);
                    rest = tail;
                }
                _ => decoded.push(byte),
            },
            (b'+', _) => decoded.push(b' '),
            _ => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|digit| u8::try_from(digit).ok())
}
