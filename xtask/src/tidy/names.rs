//! What a file of Rust defines, and which names it uses.
//!
//! Owns: going through one file's syntax. Must never need a compiler: it reads code whose types do
//! not fit. Start at [`read`].
//!
//! What only tests see (`#[cfg(test)]`) is left out. Methods are not followed: which file a call
//! like `store.people()` leads to only the compiler knows.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{BTreeMap, BTreeSet};
use syn::visit::{self, Visit};

/// A path as it is written, from its first word on.
pub type Path = Vec<String>;

/// One module: a file, or a `mod name { … }` in one.
#[derive(Debug, Default)]
pub struct Module {
    /// Functions, types, constants, macros: what has a name here.
    pub defines: BTreeSet<String>,
    /// Names that stand for something defined elsewhere.
    pub imports: BTreeMap<String, Path>,
    /// Modules of which every name is brought in.
    pub globs: Vec<Path>,
    /// Modules that have a file of their own.
    pub files: Vec<String>,
    /// Modules written here.
    pub inline: Vec<(String, Module)>,
    /// Every path that the code uses; of its imports those that it does not only pass on.
    pub uses: BTreeSet<Path>,
}

/// Reads one file.
pub fn read(text: &str) -> syn::Result<Module> {
    let file = syn::parse_file(text)?;
    let mut reader = Reader::default();
    reader.visit_file(&file);
    Ok(reader.module)
}

#[derive(Default)]
struct Reader {
    module: Module,
    /// In how many bodies we are: what is defined in one has no name outside.
    bodies: usize,
}

impl Reader {
    fn define(&mut self, name: &syn::Ident) {
        if self.bodies == 0 {
            self.module.defines.insert(name.to_string());
        }
    }

    fn import(&mut self, tree: &syn::UseTree, before: &[String], passed_on: bool) {
        let with = |word: &syn::Ident| [before, &[word.to_string()]].concat();
        let (path, name) = match tree {
            syn::UseTree::Path(tree) => return self.import(&tree.tree, &with(&tree.ident), passed_on),
            syn::UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before, passed_on);
                }
                return;
            }
            syn::UseTree::Glob(_) => return self.module.globs.push(before.to_owned()),
            // `use a::b::{self}` brings in `b`.
            syn::UseTree::Name(tree) if tree.ident == "self" => {
                (before.to_owned(), before.last().cloned().unwrap_or_default())
            }
            syn::UseTree::Name(tree) => (with(&tree.ident), tree.ident.to_string()),
            syn::UseTree::Rename(tree) => (with(&tree.ident), tree.rename.to_string()),
        };
        if !passed_on {
            self.module.uses.insert(path.clone());
        }
        self.module.imports.insert(name, path);
    }

    /// What a macro is given is not Rust until the macro has seen it; its paths are read all the same.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path = Path::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(word) => {
                    if colons != 2 {
                        self.end(&mut path);
                    }
                    path.push(word.to_string());
                    colons = 0;
                }
                TokenTree::Punct(sign) if sign.as_char() == ':' && colons < 2 => colons += 1,
                TokenTree::Group(group) => {
                    self.end(&mut path);
                    self.tokens(group.stream());
                }
                _ => {
                    self.end(&mut path);
                    colons = 0;
                }
            }
        }
        self.end(&mut path);
    }

    fn end(&mut self, path: &mut Path) {
        if !path.is_empty() {
            self.module.uses.insert(std::mem::take(path));
        }
    }
}

fn only_for_tests(attributes: &[syn::Attribute]) -> bool {
    let is_test = |attribute: &syn::Attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|word| word == "test")
    };
    attributes.iter().any(is_test)
}

fn attributes(item: &syn::Item) -> &[syn::Attribute] {
    match item {
        syn::Item::Const(item) => &item.attrs,
        syn::Item::Enum(item) => &item.attrs,
        syn::Item::Fn(item) => &item.attrs,
        syn::Item::Impl(item) => &item.attrs,
        syn::Item::Macro(item) => &item.attrs,
        syn::Item::Mod(item) => &item.attrs,
        syn::Item::Static(item) => &item.attrs,
        syn::Item::Struct(item) => &item.attrs,
        syn::Item::Trait(item) => &item.attrs,
        syn::Item::Type(item) => &item.attrs,
        syn::Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

impl<'ast> Visit<'ast> for Reader {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if only_for_tests(attributes(item)) {
            return;
        }
        match item {
            syn::Item::Const(item) => self.define(&item.ident),
            syn::Item::Enum(item) => self.define(&item.ident),
            syn::Item::Fn(item) => self.define(&item.sig.ident),
            syn::Item::Macro(item) => item.ident.iter().for_each(|name| self.define(name)),
            syn::Item::Static(item) => self.define(&item.ident),
            syn::Item::Struct(item) => self.define(&item.ident),
            syn::Item::Trait(item) => self.define(&item.ident),
            syn::Item::Type(item) => self.define(&item.ident),
            syn::Item::Union(item) => self.define(&item.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let Some((_, items)) = &item.content else {
            self.module.files.push(item.ident.to_string());
            return;
        };
        let mut inner = Reader::default();
        items.iter().for_each(|item| inner.visit_item(item));
        self.module.inline.push((item.ident.to_string(), inner.module));
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        let passed_on = !matches!(item.vis, syn::Visibility::Inherited);
        self.import(&item.tree, &[], passed_on);
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        if !only_for_tests(&item.attrs) {
            visit::visit_impl_item_fn(self, item);
        }
    }

    fn visit_block(&mut self, block: &'ast syn::Block) {
        self.bodies += 1;
        visit::visit_block(self, block);
        self.bodies -= 1;
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let words = path.segments.iter().map(|segment| segment.ident.to_string());
        self.module.uses.insert(words.collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        visit::visit_macro(self, item);
        self.tokens(item.tokens.clone());
    }

    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {
        // `pub(in crate::store)` says who may come in, not what this file needs.
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn used(text: &str) -> Vec<String> {
        read(text)
            .unwrap()
            .uses
            .into_iter()
            .map(|path| path.join("::"))
            .collect()
    }

    #[test]
    fn imports_are_uses_unless_they_are_passed_on() {
        let module = read("use a::{b::C, d::{self, E as F}};\npub(super) use g::H;").unwrap();
        let uses: Vec<String> = module.uses.iter().map(|path| path.join("::")).collect();
        assert_eq!(uses, ["a::b::C", "a::d", "a::d::E"]);
        assert_eq!(module.imports["F"].join("::"), "a::d::E");
        assert_eq!(module.imports["H"].join("::"), "g::H");
    }

    #[test]
    fn names_in_macros_are_read_and_those_in_texts_are_not() {
        let text = "fn f() { assert!(matches!(x.y, super::Z::A), \"crate::store\"); } // crate::http";
        assert_eq!(
            used(text),
            ["A", "assert", "matches", "super::Z::A", "x", "y"]
                .into_iter()
                .skip(1)
                .collect::<Vec<_>>()
        );
    }

    #[test]
    fn what_only_tests_see_is_left_out() {
        let text = "#[cfg(test)]\nmod tests { use super::x; }\n#[cfg(test)]\nuse crate::y;\nmod z;";
        let module = read(text).unwrap();
        assert!(module.uses.is_empty() && module.inline.is_empty(), "{module:?}");
        assert_eq!(module.files, ["z"]);
    }

    #[test]
    fn what_a_body_defines_has_no_name_outside() {
        let module = read("fn f() { const N: u8 = 1; } mod m { fn g() {} }").unwrap();
        assert_eq!(module.defines.iter().collect::<Vec<_>>(), ["f"]);
        assert!(module.inline[0].1.defines.contains("g"));
    }
}
