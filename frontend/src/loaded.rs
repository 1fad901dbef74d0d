//! Answers of the backend that stay on screen while they are asked for again.
//!
//! Owns: "nothing moves under the pointer while it refreshes": an old answer is only ever replaced by a newer one, and what did not
//! change in it is not drawn again. Start at [`Loaded`].

use std::{any::Any, future::Future, marker::PhantomData, sync::Arc, time::Duration};

use leptos::{ev, prelude::*, task::spawn_local};

use crate::{api::ApiError, host};

/// Not generic: each type of answer would bring its own copy of a signal.
type Answer = Option<Arc<dyn Any + Send + Sync>>;

/// The last good answer, and why there is no newer one.
pub struct Loaded<T: 'static> {
    value: RwSignal<Answer>,
    error: RwSignal<Option<String>>,
    /// Answers may overtake each other; only the one that was asked for last counts.
    turn: StoredValue<u64>,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Loaded<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Loaded<T> {}

impl<T: PartialEq + Send + Sync + 'static> Loaded<T> {
    /// Nothing yet.
    pub fn new() -> Self {
        Self {
            value: RwSignal::new(None),
            error: RwSignal::new(None),
            turn: StoredValue::new(0),
            of: PhantomData,
        }
    }

    /// Takes over what `answer` resolves to, unless something newer was asked for meanwhile or the page has gone.
    pub fn load(self, answer: impl Future<Output = Result<T, ApiError>> + 'static) {
        let turn = self.turn.get_value() + 1;
        self.turn.set_value(turn);
        spawn_local(async move {
            let answer = answer.await;
            if self.turn.try_get_value() != Some(turn) {
                return;
            }
            match answer {
                Ok(value) => self.set(value),
                Err(error) => drop(self.error.try_set(Some(error.message))),
            }
        });
    }

    /// An answer that came another way.
    pub fn set(self, value: T) {
        self.error.try_set(None);
        if self.value.try_with_untracked(|old| answered::<T>(old) != Some(&value)) == Some(true) {
            self.value.try_set(Some(Arc::new(value)));
        }
    }

    /// Whether there is anything to show.
    pub fn arrived(self) -> Memo<bool> {
        Memo::new(move |_| self.value.with(Option::is_some))
    }

    /// Why the last question was not answered.
    pub fn error(self) -> ReadSignal<Option<String>> {
        self.error.read_only()
    }

    /// One part of the answer; a part that shows it is told only when this part changes.
    pub fn part<U>(self, of: impl Fn(&T) -> U + Send + Sync + 'static) -> Memo<Option<U>>
    where
        U: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| self.value.with(|value| answered(value).map(&of)))
    }

    /// A list in the answer; empty while there is none.
    pub fn list<U>(self, of: impl Fn(&T) -> Vec<U> + Send + Sync + 'static) -> Memo<Vec<U>>
    where
        U: PartialEq + Send + Sync + 'static,
    {
        Memo::new(move |_| self.value.with(|value| answered(value).map(&of).unwrap_or_default()))
    }
}

fn answered<T: 'static>(value: &Answer) -> Option<&T> {
    value.as_ref().and_then(|value| value.downcast_ref())
}

/// Calls `refresh` now, every `period` while somebody can see the page, and as soon as they can again. Ends with the component.
pub fn poll(period: Duration, refresh: impl Fn() + Copy + Send + Sync + 'static) {
    let visible = move || {
        if !host::document_hidden() {
            refresh();
        }
    };
    refresh();
    if let Ok(timer) = set_interval_with_handle(visible, period) {
        on_cleanup(move || timer.clear());
    }
    let listener = window_event_listener(ev::visibilitychange, move |_| visible());
    on_cleanup(move || listener.remove());
}
