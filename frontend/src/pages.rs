//! One module per tab; each answers one question and says so in its first line.

pub mod mappings;
pub mod overview;
pub mod settings;
