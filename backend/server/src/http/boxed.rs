//! The future that a trait object can return.
//!
//! Owns: the type. Start at [`Boxed`].

use std::{future::Future, pin::Pin};

/// A future a trait object can return.
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
