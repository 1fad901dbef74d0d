//! Tests of the account planner. (being written)
