//! The key under which strings with `caseExact: false` are compared, sorted and kept unique.

use unicode_normalization::UnicodeNormalization;

/// Folds `text` to its comparison key: NFC, Unicode lower case, NFC again (lower-casing `İ` leaves a combining dot behind).
///
/// RFC 7643 §2.2 only says "case-insensitive"; PRECIS `UsernameCaseMapped` (RFC 8265) is this plus refusals, and a service provider
/// that refuses what the IdP holds helps nobody.
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.nfc().collect::<String>().to_lowercase().nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::fold;

    #[test]
    fn case_and_composition_do_not_make_two_people() {
        assert_eq!(fold("Bjensen"), fold("BJENSEN"));
        assert_eq!(fold("Zo\u{eb}"), fold("ZOE\u{308}"));
        assert_eq!(fold("I\u{307}stanbul"), fold("\u{130}STANBUL"));
        assert_ne!(fold("strasse"), fold("stra\u{df}e"));
        assert_ne!(fold("a"), fold("a "));
    }

    #[test]
    fn folding_twice_changes_nothing_more() {
        for text in [
            "Ada",
            "\u{130}",
            "A\u{30a}NGSTRO\u{308}M",
            "\u{1F600}",
            "\u{3a3}\u{3a3}",
        ] {
            assert_eq!(fold(&fold(text)), fold(text));
        }
    }
}
