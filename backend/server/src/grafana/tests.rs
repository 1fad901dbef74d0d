//! Tests of the client. (later)
