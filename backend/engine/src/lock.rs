//! Locks of plain values.
//!
//! Owns: what a panic elsewhere means for them, which is nothing. Must never be held while something is waited for. Start at [`locked`].

use std::sync::{Mutex, PoisonError};

pub(super) fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Plain values are replaced whole: a panic elsewhere leaves them usable.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
