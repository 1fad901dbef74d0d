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

/// Folds a name that becomes a login: without the blanks around it, and coarse enough that whatever Grafana takes for one login is one
/// here. Grafana trims, and lower-cases letter by letter: `İ` is `i` there, and a final `Σ` is `σ`.
pub fn name(text: &str) -> String {
    let text = text.trim();
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let lower: String = text.nfc().flat_map(char::to_lowercase).collect();
    // What `İ` becomes here; in Grafana the dot is not left.
    lower.replace("i\u{307}", "i").nfc().collect()
}

#[cfg(test)]
mod tests {
    use super::{fold, name};

    #[test]
    fn case_and_composition_do_not_make_two_people() {
        assert_eq!(fold("Bjensen"), fold("BJENSEN"));
        assert_eq!(fold("Zo\u{eb}"), fold("ZOE\u{308}"));
        assert_eq!(fold("I\u{307}stanbul"), fold("\u{130}STANBUL"));
        assert_ne!(fold("strasse"), fold("stra\u{df}e"));
        assert_ne!(fold("a"), fold("a "));
    }

    #[test]
    fn a_login_is_one_where_grafana_has_one() {
        for (one, other) in [
            ("ann", " ANN\u{a0}"),
            ("\u{130}stanbul", "istanbul"),
            ("I\u{307}stanbul", "\u{130}STANBUL"),
            ("\u{39f}\u{3a3}", "\u{3bf}\u{3c3}"),
            ("Zo\u{eb}", "ZOE\u{308}"),
        ] {
            assert_eq!(name(one), name(other), "{one:?} {other:?}");
            assert_eq!(name(&name(one)), name(one));
        }
        assert_ne!(name("an n"), name("ann"));
        assert_ne!(name("strasse"), name("stra\u{df}e"));
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
