//! What was typed in the settings and is not saved yet. Start at [`Draft`].

use std::collections::BTreeMap;

use leptos::prelude::*;

/// What was typed and not saved yet, by key. A key that is absent is unchanged.
#[derive(Clone, Copy)]
pub struct Draft {
    pub(super) typed: RwSignal<BTreeMap<String, String>>,
    pub(super) errors: RwSignal<BTreeMap<String, String>>,
}

impl Draft {
    pub(super) fn new() -> Self {
        Self {
            typed: RwSignal::default(),
            errors: RwSignal::default(),
        }
    }

    pub(super) fn get(self, key: &str) -> Option<String> {
        self.typed.with(|typed| typed.get(key).cloned())
    }

    pub(super) fn error(self, key: &str) -> Option<String> {
        self.errors.with(|errors| errors.get(key).cloned())
    }

    /// A value that is typed back to what it was is no change.
    pub(super) fn type_in(self, key: &str, value: String, before: Option<&str>) {
        self.errors.update(|errors| drop(errors.remove(key)));
        self.typed.update(|typed| {
            if before == Some(value.as_str()) {
                typed.remove(key);
            } else {
                typed.insert(key.to_owned(), value);
            }
        });
    }

    pub(super) fn forget(self, key: &str) {
        self.errors.update(|errors| drop(errors.remove(key)));
        self.typed.update(|typed| drop(typed.remove(key)));
    }

    pub(super) fn clear(self) {
        self.typed.set(BTreeMap::new());
        self.errors.set(BTreeMap::new());
    }
}
