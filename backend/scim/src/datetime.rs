//! `dateTime` values (RFC 7643 §2.3.5): read leniently, written with milliseconds.

use time::{
    OffsetDateTime, format_description::BorrowedFormatItem, format_description::well_known::Rfc3339,
    macros::format_description,
};

const MILLISECONDS: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");

/// Reads a date and time as nanoseconds since 1970, so that values with different offsets compare chronologically.
///
/// Takes what RFC 3339 allows with any number of fractional digits (Microsoft's samples have seven), and also a missing offset
/// (then UTC) or a date alone.
pub fn parse(text: &str) -> Option<i128> {
    let read = |text: &str| {
        OffsetDateTime::parse(text, &Rfc3339)
            .ok()
            .map(OffsetDateTime::unix_timestamp_nanos)
    };
    read(text)
        .or_else(|| read(&format!("{text}Z")))
        .or_else(|| read(&format!("{text}T00:00:00Z")))
}

/// Writes milliseconds since 1970 as `2026-11-23T10:00:00.000Z`. Out of range (before year 0 or after 9999) is written as 1970.
pub fn format(milliseconds: i64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(milliseconds) * 1_000_000)
        .ok()
        .filter(|at| (0..=9999).contains(&at.year()))
        .and_then(|at| at.format(MILLISECONDS).ok())
        .unwrap_or_else(|| "1970-01-01T00:00:00.000Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::{format, parse};

    #[test]
    fn the_same_instant_in_two_offsets_is_equal() {
        assert_eq!(parse("2015-10-10T14:38:21-07:00"), parse("2015-10-10T21:38:21Z"));
        assert!(parse("2015-10-10T14:38:21.8617979-07:00") > parse("2015-10-10T21:38:21.86Z"));
    }

    #[test]
    fn a_date_without_offset_or_time_is_utc() {
        assert_eq!(parse("2015-10-10T14:38:21"), parse("2015-10-10T14:38:21Z"));
        assert_eq!(parse("2015-10-10"), parse("2015-10-10T00:00:00Z"));
        assert_eq!(parse("yesterday"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn times_are_written_with_milliseconds_and_never_fail() {
        assert_eq!(format(1_700_000_000_042), "2023-11-14T22:13:20.042Z");
        assert_eq!(format(i64::MAX), "1970-01-01T00:00:00.000Z");
        assert_eq!(format(i64::MIN), "1970-01-01T00:00:00.000Z");
    }
}
