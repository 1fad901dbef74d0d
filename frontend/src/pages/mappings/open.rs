//! Which dialog stands above the table. Start at [`Open`].

use admin_api::{GroupRow, MappingRow, Team};

use super::impact::Question;

/// What is open above the table.
#[derive(Clone, PartialEq)]
pub enum Open {
    /// "Map…", or "Map to it" with the team already chosen.
    Map(GroupRow, Option<Team>),
    /// The pencil.
    Edit(GroupRow, MappingRow),
    /// Whatever is asked before it is done.
    Ask(Question),
}
