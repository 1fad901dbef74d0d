//! The language of this project: the words that are not used, and the width of a page.
//!
//! Owns: the words, each with the one to write instead. Must never judge code in a document.
//! Start at [`check`]. `CONTRIBUTING.md` has the rule and the glossary.

use super::prose;
use regex_lite::Regex;

/// This file has to say the words.
const ITSELF: &str = "xtask/src/tidy/words.rs";

/// Words of our own where the field has one, and English that nobody writes today. Parts of identifiers count as words.
const WORDS: &[(&str, &str)] = &[
    ("anew", "again"),
    ("mend", "fix"),
    ("mended", "fixed"),
    ("mends", "fixes"),
    ("mending", "fixing"),
    ("whoever", "everybody who, or name them: the user, the account"),
    ("whom", "name them: the user, the account, the caller"),
    ("whomever", "name them"),
    ("he", "they, the user, the account"),
    ("him", "them, the user, the account"),
    ("his", "their, the user's, the account's"),
    ("himself", "themselves"),
    ("rung", "deprovision policy, action"),
    ("rungs", "deprovision policies, actions"),
    ("ladder", "deprovision policy"),
    ("tombstone", "recreated account, recreate"),
    ("tombstones", "recreated accounts"),
    ("seat", "membership"),
    ("seats", "memberships"),
    ("standing", "state, member class"),
    ("deed", "event, activity"),
    ("deeds", "events, activity"),
    ("trouble", "problem, error"),
    ("troubles", "problems, errors"),
    ("occasion", "context, time"),
    ("occasions", "contexts, times"),
    ("stewardship", "management"),
    ("contest", "conflict"),
    ("contests", "conflicts"),
    ("doors", "sign-in settings"),
    ("hasten", "make due"),
    ("hastened", "made due"),
];

/// The same for words that are two.
const PHRASES: &[(&str, &str)] = &[
    ("for ever", "without end, always"),
    ("time-out", "timeout"),
    ("time-outs", "timeouts"),
];

/// Markdown is read in an editor and in a diff, not only as a page.
const WIDTH: usize = 100;

/// What is wrong with the language of one file.
pub fn check(path: &str, text: &str) -> Vec<String> {
    if path == ITSELF {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for line in prose::lines(path, text) {
        let said = words(path, &line.text);
        problems.extend(said.map(|said| format!("{path}:{}: {said}", line.number)));
        if path.ends_with(".md") && is_too_wide(&line.text) {
            problems.push(format!("{path}:{}: break the line at {WIDTH} characters", line.number));
        }
    }
    if path.ends_with(".rs") {
        problems.extend(identifiers(path, text));
    }
    problems
}

fn words(path: &str, line: &str) -> impl Iterator<Item = String> {
    let line = if path.ends_with(".md") {
        prose::without_code(line)
    } else {
        line.to_owned()
    };
    let lower = line.to_lowercase();
    let single = split(&lower).into_iter().filter_map(instead_of);
    let double = PHRASES.iter().filter(|(phrase, _)| has_phrase(&lower, phrase));
    let double = double.map(|(phrase, instead)| say(phrase, instead));
    single.chain(double.collect::<Vec<_>>()).collect::<Vec<_>>().into_iter()
}

fn instead_of(word: &str) -> Option<String> {
    let (word, instead) = WORDS.iter().find(|(avoided, _)| *avoided == word)?;
    Some(say(word, instead))
}

fn say(word: &str, instead: &str) -> String {
    format!("“{word}” is not a word of this project; say: {instead}")
}

/// Whole words of a line in lower case.
fn split(line: &str) -> Vec<&str> {
    line.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect()
}

fn has_phrase(line: &str, phrase: &str) -> bool {
    let is_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
    line.match_indices(phrase).any(|(at, found)| {
        let before = line[..at].chars().next_back();
        let after = line[at + found.len()..].chars().next();
        !is_word(before) && !is_word(after)
    })
}

/// Names in code: `TeamSeat` and `team_seat` both have the word *seat*.
fn identifiers(path: &str, text: &str) -> Vec<String> {
    let Ok(pattern) = Regex::new("[A-Za-z][A-Za-z0-9_]+") else {
        return Vec::new();
    };
    let code = text.lines().enumerate();
    let code = code.filter(|(_, line)| !line.trim_start().starts_with("//"));
    code.flat_map(|(index, line)| {
        let names = pattern.find_iter(line).map(|name| snake(name.as_str()));
        let words = names.flat_map(|name| {
            split(&name.replace('_', " "))
                .into_iter()
                .filter_map(instead_of)
                .collect::<Vec<_>>()
        });
        words
            .map(move |said| format!("{path}:{}: {said}", index + 1))
            .collect::<Vec<_>>()
    })
    .collect()
}

/// `TeamSeat` as `team_seat`.
fn snake(name: &str) -> String {
    let mut written = String::new();
    for c in name.chars() {
        if c.is_ascii_uppercase() {
            written.push('_');
        }
        written.push(c.to_ascii_lowercase());
    }
    written
}

/// A table's row, a picture and a line with a name that is longer than half the width cannot be broken well.
fn is_too_wide(line: &str) -> bool {
    let start = line.trim_start();
    let breakable = !start.starts_with('|') && !start.starts_with("![");
    let long_name = line.split_whitespace().any(|word| word.chars().count() > WIDTH / 2);
    breakable && !long_name && line.chars().count() > WIDTH
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_told_with_what_to_say_instead() {
        for (word, instead) in WORDS.iter().chain(PHRASES) {
            let told = check("docs/x.md", &format!("Say {word} here.\n"));
            assert!(told.len() == 1 && told[0].contains(instead), "{word}: {told:?}");
        }
    }

    #[test]
    fn longer_words_and_code_are_left_alone() {
        let fine = "The stand-in recommends an outstanding theme; `anew` and `Rung` are code.\n";
        assert_eq!(check("docs/x.md", fine), Vec::<String>::new());
        assert_eq!(check("docs/x.md", "```\nmend\n```\n"), Vec::<String>::new());
    }

    #[test]
    fn a_name_in_code_has_its_words() {
        assert!(check("backend/new/a.rs", "struct TeamSeat;\n")[0].contains("seat"));
        assert!(check("backend/new/a.rs", "let team_deed = 1;\n")[0].contains("deed"));
        assert!(check("backend/new/a.rs", "// made anew\nlet seated = recommend();\n").len() == 1);
    }

    #[test]
    fn a_page_wider_than_a_hundred_is_told() {
        let wide = "word ".repeat(21);
        assert!(check("docs/x.md", &wide)[0].contains("100"));
        assert!(check("docs/x.md", &format!("| {wide} |")).is_empty());
        assert!(check("docs/x.md", &format!("```\n{wide}\n```")).is_empty());
    }
}
