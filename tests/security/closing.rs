//! Closing ends only when the account was seen closed, whatever Grafana or the way to it answers.
