//! One module per tab; each answers one question and says so in its first line.

pub mod activity;
pub mod mappings;
pub mod overview;
pub mod settings;
pub mod setup;
pub mod users;
