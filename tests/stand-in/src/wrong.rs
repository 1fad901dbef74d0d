//! Answers that are JSON, come with a 200 and are wrong, for [`Effect::Rewrite`](crate::Effect::Rewrite).
//!
//! Owns: the lies that Grafanas were seen to tell, each for any answer: builds with the feature flags of
//! another store named teams with the id 0, users without names, and nobody at all (G76).

use serde_json::{Value, json};

const IDS: &[&str] = &["id", "userId", "teamId"];
const NAMES: &[&str] = &["login", "email"];

/// Every id is 0.
pub fn zero_ids(answer: &mut Value) {
    every(answer, IDS, &json!(0));
}

/// Every id is below 0.
pub fn negative_ids(answer: &mut Value) {
    every(answer, IDS, &json!(-1));
}

/// Nobody has a login or an e-mail.
pub fn blank_logins(answer: &mut Value) {
    every(answer, NAMES, &json!(""));
}

/// A list has no rows, and says that there are none.
pub fn empty_list(answer: &mut Value) {
    match answer {
        Value::Array(rows) => rows.clear(),
        Value::Object(fields) => {
            for (name, value) in fields {
                match value {
                    Value::Array(rows) => rows.clear(),
                    _ if name == "totalCount" => *value = json!(0),
                    _ => {}
                }
            }
        }
        _ => {}
    }
}

fn every(answer: &mut Value, names: &[&str], becomes: &Value) {
    match answer {
        Value::Array(rows) => rows.iter_mut().for_each(|row| every(row, names, becomes)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if names.contains(&name.as_str()) {
                    value.clone_from(becomes);
                } else {
                    every(value, names, becomes);
                }
            }
        }
        _ => {}
    }
}
