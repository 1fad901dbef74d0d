//! Rows of a list that is asked for again and again.
//!
//! Owns: "a row whose content has not changed keeps its elements, and with them focus and selection". Start at [`rows`].

use std::{
    hash::{BuildHasher as _, Hash, RandomState},
    sync::Arc,
};

use leptos::prelude::*;

/// A row before it is drawn: one type for every list, so that the bundle holds the comparing of lists once.
struct Row {
    /// Of its whole content.
    key: u64,
    draw: Box<dyn FnOnce() -> AnyView + Send + Sync>,
}

/// What `items` holds, each drawn by `row`.
pub fn rows<T, S, V>(items: S, row: impl Fn(T) -> V + Send + Sync + 'static) -> AnyView
where
    T: Hash + Send + Sync + 'static,
    S: Get<Value = Vec<T>> + Send + Sync + 'static,
    V: IntoView + 'static,
{
    let (row, hasher) = (Arc::new(row), RandomState::new());
    drawn(Box::new(move || {
        let items = items.get().into_iter();
        items
            .map(|item| {
                let row = row.clone();
                Row {
                    key: hasher.hash_one(&item),
                    draw: Box::new(move || row(item).into_any()),
                }
            })
            .collect()
    }))
}

fn drawn(rows: Box<dyn Fn() -> Vec<Row> + Send + Sync>) -> AnyView {
    view! { <For each=move || rows() key=|row| row.key children=|row: Row| (row.draw)() /> }.into_any()
}
