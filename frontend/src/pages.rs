//! One module per tab; each answers one question and says so in its first line. Only [`again`] is a
//! part that several of them show.

pub mod activity;
pub mod again;
pub mod mappings;
pub mod overview;
pub mod plan;
pub mod settings;
pub mod setup;
pub mod users;
