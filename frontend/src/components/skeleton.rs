//! Rows that stand where a table will be, so that nothing jumps when it comes.

use leptos::prelude::*;

/// Three grey rows.
#[component]
pub fn SkeletonRows(columns: usize) -> impl IntoView {
    let row = move || {
        (0..columns)
            .map(|_| view! { <td><span class="rcl-skeleton"></span></td> })
            .collect_view()
    };
    view! {
        <table class="rcl-table" aria-busy="true" aria-label="Loading">
            <tbody>{(0..3).map(|_| view! { <tr>{row()}</tr> }).collect_view()}</tbody>
        </table>
    }
}
