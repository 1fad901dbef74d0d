//! The parts every page is made of: Grafana's look, in Leptos.
//!
//! Owns: markup, roles and keyboard behaviour of the parts; their look is `style/rollcall.css`. Must never call the backend.
//! Start at [`button`], and [`modal`] for what a dialog must do.

pub mod alert;
pub mod answered;
pub mod badge;
pub mod button;
pub mod check;
pub mod choose;
pub mod copy;
pub mod empty;
pub mod field;
pub mod icon;
pub mod modal;
pub mod pager;
pub mod radio;
pub mod rows;
pub mod search;
mod skeleton;
pub mod time;

pub use alert::{Alert, Severity, failure};
pub use answered::Answered;
pub use badge::{Badge, Tone};
pub use button::{Button, ButtonLook, IconButton};
pub use check::{Checks, Tested};
pub use choose::Select;
pub use copy::{CopyField, CopyLines};
pub use empty::EmptyState;
pub use field::Field;
pub use icon::{Icon, IconName};
pub use modal::{Confirm, Modal};
pub use pager::Pager;
pub use radio::{Choice, RadioGroup};
pub use rows::rows;
pub use search::SearchInput;
pub use time::{Ago, Clock};
