//! SCIM 2.0 (RFC 7643, RFC 7644, RFC 9865) for service providers, as a library.
//!
//! Owns: the schemas as data ([`schema`]), resources as schema-driven JSON ([`resource`], [`render`]), filters ([`filter`]) and paths
//! ([`path`]), PATCH ([`patch`]), lists ([`list`], [`projection`]), versions ([`version`]), Bulk ([`bulk`]), discovery documents
//! ([`discovery`]) and errors ([`error`]). Where real identity providers (IdPs) are odd, it is forgiving, and says at the place which one.
//!
//! Must never do I/O, read a clock, make an id or panic, whatever bytes come in. It knows no server, no database and no product.
//!
//! Start at [`resource::parse`] (POST, PUT) and [`patch::Patch`] (PATCH), then [`render::render`] for what goes back.
//! Membership of a group is never inside a [`resource::Document`]: PATCH hands it out as [`patch::MemberChange`]s, so that a store
//! can keep it as rows and a group of 10,000 costs nothing until somebody asks for its members.
#![warn(missing_docs)]
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)
)]

pub mod attr_path;
pub mod bulk;
pub mod datetime;
mod digest;
pub mod discovery;
pub mod error;
pub mod filter;
pub mod group_ref;
pub mod json;
pub mod key;
pub mod limits;
pub mod list;
pub mod member;
mod names;
pub mod patch;
pub mod path;
pub mod projection;
pub mod render;
pub mod resource;
pub mod resource_type;
pub mod schema;
mod value;
pub mod version;

pub use attr_path::AttrPath;
pub use error::{Error, ScimType};
pub use filter::Filter;
pub use list::ListQuery;
pub use member::{Member, MemberKind};
pub use patch::{MemberChange, Patch};
pub use projection::Projection;
pub use resource::{Document, Incoming};
pub use resource_type::ResourceType;
