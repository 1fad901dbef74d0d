//! Membership of the organization and of teams is looked at, and what people did by hand stays.
