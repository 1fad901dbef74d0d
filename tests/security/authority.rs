//! What an organization's provider may do to an account, and to people of other organizations.
