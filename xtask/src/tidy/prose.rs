//! The prose in a file: all of Markdown but its code, and the comments of everything else.
//!
//! Owns: where prose begins and ends. Must never judge it; [`super::citations`] and [`super::words`] do. Start at [`lines`].

/// One line of prose.
pub struct Line {
    /// Its number in the file, from 1.
    pub number: usize,
    /// What a person reads there.
    pub text: String,
}

/// The prose of a file. A kind of file that is not known has none.
pub fn lines(path: &str, text: &str) -> Vec<Line> {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    match extension {
        "md" => markdown(text),
        "rs" | "js" | "mjs" | "ts" | "tsx" | "css" => numbered(text, slashes),
        "toml" | "yml" | "yaml" => numbered(text, hash),
        "sql" => numbered(text, |line| line.trim_start().strip_prefix("--").map(str::to_owned)),
        _ => Vec::new(),
    }
}

/// Without `code`, for a rule that is about language.
pub fn without_code(line: &str) -> String {
    let mut inside = false;
    line.chars()
        .filter(|c| {
            inside ^= *c == '`';
            !inside && *c != '`'
        })
        .collect()
}

fn numbered(text: &str, prose: impl Fn(&str) -> Option<String>) -> Vec<Line> {
    let lines = text.lines().enumerate();
    lines
        .filter_map(|(index, line)| {
            let text = prose(line)?;
            Some(Line {
                number: index + 1,
                text,
            })
        })
        .collect()
}

/// A comment alone on its line, or behind code. A `//` inside a text is taken for one too if a space is before and after it.
fn slashes(line: &str) -> Option<String> {
    let trimmed = line.trim_start();
    let whole = ["///", "//!", "//", "/**", "/*", "* "];
    if let Some(rest) = whole.iter().find_map(|mark| trimmed.strip_prefix(mark)) {
        return Some(rest.to_owned());
    }
    trimmed.split_once(" // ").map(|(_, comment)| comment.to_owned())
}

fn hash(line: &str) -> Option<String> {
    line.trim_start().strip_prefix('#').map(str::to_owned)
}

fn markdown(text: &str) -> Vec<Line> {
    let mut fenced = false;
    numbered(text, |line| Some(line.to_owned()))
        .into_iter()
        .filter(|line| {
            let fence = line.text.trim_start().starts_with("```");
            fenced ^= fence;
            // A block that is set in by four spaces is code as well, unless it goes on with a list.
            !fence && !fenced && !line.text.starts_with("    ")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(path: &str, text: &str) -> Vec<(usize, String)> {
        let found = lines(path, text).into_iter();
        found.map(|line| (line.number, line.text.trim().to_owned())).collect()
    }

    #[test]
    fn comments_are_prose_and_code_is_not() {
        let source = "//! Owns it.\nlet x = \"https://a\"; // why\nlet g1 = 1;\n";
        assert_eq!(
            read("a.rs", source),
            [(1, "Owns it.".to_owned()), (2, "why".to_owned())]
        );
        assert_eq!(read("a.sql", "-- why\nSELECT 1;"), [(1, "why".to_owned())]);
        assert!(read("a.png", "// no").is_empty());
    }

    #[test]
    fn code_in_markdown_is_not_prose() {
        let page = "Text.\n```ini\nkey = 1\n```\n    cargo bench\nMore.\n";
        assert_eq!(read("a.md", page), [(1, "Text.".to_owned()), (6, "More.".to_owned())]);
        assert_eq!(without_code("say `x y` and go"), "say  and go");
    }
}
