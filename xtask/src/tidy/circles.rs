//! No circle between the files of a crate: of two files, one can be read without the other.
//!
//! Owns: which file needs which. Must never count less than a reader
//! would. Start at [`check`].
//!
//! File A needs file B where A's code names something that B defines: a function, type, constant,
//! trait or macro, by a path or an import. What counts, precisely:
//!
//! - `mod b;` alone is no need: a parent may hold its children and never name what is theirs.
//! - `pub use b::X;` passes a name on and is no need; who names it needs the file that defines it,
//!   not the one it came through.
//! - So parent and child are a circle where each names what the other one defines.
//! - Tests (`#[cfg(test)]`) may name both ends, and methods are not followed (see [`super::names`]).

use super::names::{self, Module};
use anyhow::{Context as _, Result};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The circles of every crate with one of these root files, as problems.
pub fn check(root: &Path, crates: &[PathBuf]) -> Result<Vec<String>> {
    let mut problems = Vec::new();
    for entry in crates {
        let program = Crate::read(entry)?;
        let needs = program.needs();
        for circle in circles(&needs, program.files.len()) {
            problems.push(format!(
                "a circle of {} files, of which none can be read without the others; move what \
                 several need into a file below them:\n    {}",
                circle.len(),
                program.examples(root, &needs, &circle).join("\n    ")
            ));
        }
    }
    Ok(problems)
}

fn shown(root: &Path, file: &Path) -> String {
    file.strip_prefix(root).unwrap_or(file).display().to_string()
}

/// One crate: its files, and its tree of modules.
struct Crate {
    files: Vec<PathBuf>,
    modules: Vec<Node>,
}

/// A module in the tree; the crate's own is the first.
struct Node {
    file: usize,
    parent: usize,
    children: BTreeMap<String, usize>,
    module: Module,
}

/// File, and an example of a name that is used.
type Needs = BTreeMap<usize, BTreeMap<usize, String>>;

impl Crate {
    fn read(entry: &Path) -> Result<Self> {
        let mut program = Self {
            files: Vec::new(),
            modules: Vec::new(),
        };
        // The modules of `lib.rs` and `main.rs` lie beside it.
        let folder = entry.parent().context("a file lies in a folder")?;
        program.file(entry, folder, 0)?;
        Ok(program)
    }

    /// Reads a file and those of its modules below `folder`; returns its module.
    fn file(&mut self, path: &Path, folder: &Path, parent: usize) -> Result<usize> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let module = names::read(&text).with_context(|| format!("in {}", path.display()))?;
        self.files.push(path.to_owned());
        self.module(module, self.files.len() - 1, folder, parent)
    }

    fn module(&mut self, mut module: Module, file: usize, folder: &Path, parent: usize) -> Result<usize> {
        let at = self.modules.len();
        let (files, inline) = (std::mem::take(&mut module.files), std::mem::take(&mut module.inline));
        self.modules.push(Node {
            file,
            parent,
            children: BTreeMap::new(),
            module,
        });
        for name in files {
            let path = folder.join(format!("{name}.rs"));
            // Another name by `#[path]` is a file that lies elsewhere, for a reason of its own.
            if path.is_file() {
                let child = self.file(&path, &folder.join(&name), at)?;
                self.modules[at].children.insert(name, child);
            }
        }
        for (name, inner) in inline {
            let child = self.module(inner, file, &folder.join(&name), at)?;
            self.modules[at].children.insert(name, child);
        }
        Ok(at)
    }

    /// Which module defines what `path` names in module `at`. Names of other crates have none.
    fn definition(&self, at: usize, path: &[String], depth: usize) -> Option<usize> {
        // Two modules that bring each other's names in.
        let depth = depth.checked_sub(1)?;
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => self.inside(0, rest, depth),
            "self" => self.inside(at, rest, depth),
            "super" => self.inside(self.modules[at].parent, rest, depth),
            _ => self.inside(at, path, depth),
        }
    }

    fn inside(&self, at: usize, path: &[String], depth: usize) -> Option<usize> {
        let (first, rest) = path.split_first()?;
        let node = &self.modules[at];
        if first == "super" {
            return self.inside(node.parent, rest, depth);
        }
        let import = node.module.imports.get(first);
        // A function may have its module's name, and then be passed on by it.
        if let Some(child) = node.children.get(first)
            && (import.is_none() || !rest.is_empty())
        {
            return self.inside(*child, rest, depth);
        }
        if node.module.defines.contains(first) {
            return Some(at);
        }
        if let Some(import) = import {
            return self.definition(at, &[import.as_slice(), rest].concat(), depth);
        }
        let mut globs = node.module.globs.iter();
        globs.find_map(|glob| self.definition(at, &[glob.as_slice(), path].concat(), depth))
    }

    fn needs(&self) -> Needs {
        let mut needs = Needs::new();
        for (at, node) in self.modules.iter().enumerate() {
            for path in &node.module.uses {
                let Some(defined) = self.definition(at, path, 12) else {
                    continue;
                };
                let of = self.modules[defined].file;
                if of != node.file {
                    needs
                        .entry(node.file)
                        .or_default()
                        .entry(of)
                        .or_insert_with(|| path.join("::"));
                }
            }
        }
        needs
    }

    /// For each file of a circle, what it needs of another one in it.
    fn examples(&self, root: &Path, needs: &Needs, circle: &[usize]) -> Vec<String> {
        let name = |file: &usize| shown(root, &self.files[*file]);
        let inside = |file: &usize| circle.contains(file);
        let mut examples = Vec::new();
        for (file, of) in needs.iter().filter(|(file, _)| inside(file)) {
            for (other, what) in of.iter().filter(|(other, _)| inside(other)) {
                examples.push(format!("{} names {what} of {}", name(file), name(other)));
            }
        }
        examples
    }
}

/// Files that lead to each other, two or more at a time.
fn circles(needs: &Needs, files: usize) -> Vec<Vec<usize>> {
    let reached: Vec<BTreeSet<usize>> = (0..files).map(|file| reach(needs, file)).collect();
    let mut circles: Vec<Vec<usize>> = Vec::new();
    for file in 0..files {
        let mutual = |other: &usize| reached[*other].contains(&file);
        let circle: Vec<usize> = reached[file].iter().copied().filter(mutual).collect();
        // A file that calls itself is none; the first of a circle stands for all.
        if circle.len() > 1 && circle.first() == Some(&file) {
            circles.push(circle);
        }
    }
    circles
}

/// Every file that `from` leads to.
fn reach(needs: &Needs, from: usize) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open = vec![from];
    while let Some(file) = open.pop() {
        for next in needs.get(&file).into_iter().flat_map(BTreeMap::keys) {
            if reached.insert(*next) {
                open.push(*next);
            }
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The circles of a crate with these files, each as its files' names.
    fn found(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let program = Crate::read(&dir.path().join("lib.rs")).unwrap();
        let name = |file: &usize| shown(dir.path(), &program.files[*file]);
        let circles = circles(&program.needs(), files.len());
        circles.iter().map(|circle| circle.iter().map(name).collect()).collect()
    }

    #[test]
    fn siblings_that_name_each_other_are_a_circle() {
        let users = ("users.rs", "pub fn touch() { super::groups::of_user() }");
        let groups = ("groups.rs", "use crate::users::touch;\npub fn of_user() { touch() }");
        assert_eq!(
            found(&[("lib.rs", "mod users; mod groups;"), users, groups]),
            [["users.rs", "groups.rs"]]
        );
        let below = ("groups.rs", "pub fn of_user() {}");
        assert!(found(&[("lib.rs", "mod users; mod groups;"), users, below]).is_empty());
    }

    #[test]
    fn a_circle_may_be_long() {
        let files = [
            ("lib.rs", "mod a; mod b; mod c;"),
            ("a.rs", "pub struct A(crate::b::B);"),
            ("b.rs", "pub struct B(Vec<crate::c::C>);"),
            ("c.rs", "pub enum C { A(Box<crate::a::A>) }"),
        ];
        assert_eq!(found(&files).concat().len(), 3);
    }

    #[test]
    fn a_parent_and_its_child_are_one_where_each_names_the_others() {
        let child = ("call.rs", "use super::Answer;\npub fn send() -> Answer { todo!() }");
        let both = "mod call;\npub struct Answer;\nfn f() { call::send(); }";
        assert_eq!(found(&[("lib.rs", both), child]), [["lib.rs", "call.rs"]]);
        let holds = "mod call;\npub use call::send;\npub struct Answer;";
        assert!(found(&[("lib.rs", holds), child]).is_empty());
    }

    #[test]
    fn a_name_that_is_passed_on_leads_to_the_file_that_defines_it() {
        let files = [
            ("lib.rs", "mod a; mod b;\npub use a::A;\npub use b::*;"),
            ("a.rs", "use super::B;\npub struct A(B);"),
            ("b.rs", "pub struct B;"),
        ];
        assert!(found(&files).is_empty());
        let back = ("b.rs", "pub struct B;\nfn f(_: crate::A) {}");
        assert_eq!(found(&[files[0], files[1], back]), [["a.rs", "b.rs"]]);
    }

    #[test]
    fn names_that_come_by_a_star_count() {
        let files = [
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use super::b::*;\npub struct A(B);"),
            ("b.rs", "pub struct B;\nfn f() { crate::a::A; }"),
        ];
        assert_eq!(found(&files), [["a.rs", "b.rs"]]);
    }
}
