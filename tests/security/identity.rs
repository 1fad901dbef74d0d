//! Whose account it is: a name is where to look, never proof.
