//! Tests (later).
