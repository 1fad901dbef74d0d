//! The tree of a filter, and the tree as text.
//!
//! Owns: what a filter can say. Names in it are in canonical case wherever a schema knows them. Must never read text or
//! look at a resource. Start at [`Filter`].

use std::fmt;

use serde_json::{Number, Value};

use crate::AttrPath;

/// A comparison operator (RFC 7644 Table 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// equal
    Eq,
    /// not equal
    Ne,
    /// contains
    Co,
    /// starts with
    Sw,
    /// ends with
    Ew,
    /// greater than
    Gt,
    /// greater than or equal to
    Ge,
    /// less than
    Lt,
    /// less than or equal to
    Le,
}

impl CompareOp {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Eq,
        Self::Ne,
        Self::Co,
        Self::Sw,
        Self::Ew,
        Self::Gt,
        Self::Ge,
        Self::Lt,
        Self::Le,
    ];

    /// The operator as written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|op| op.as_str().eq_ignore_ascii_case(word))
    }

    pub(super) const fn is_ordering(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le)
    }

    pub(super) const fn is_textual(self) -> bool {
        matches!(self, Self::Co | Self::Sw | Self::Ew)
    }
}

/// What a comparison compares with.
#[derive(Debug, Clone, PartialEq)]
pub enum Literal {
    /// `null`: `eq null` is the same as not present.
    Null,
    /// A boolean.
    Boolean(bool),
    /// A number. Never with an attribute of the schemas: those compare numbers as text.
    Number(Number),
    /// A string.
    String(String),
}

impl Literal {
    pub(crate) fn to_json(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Boolean(value) => Value::Bool(*value),
            Self::Number(value) => Value::Number(value.clone()),
            Self::String(value) => Value::String(value.clone()),
        }
    }
}

/// A filter. `And` and `Or` have at least two parts and never directly hold one of their own kind.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All parts match.
    And(Vec<Filter>),
    /// One part matches.
    Or(Vec<Filter>),
    /// The part does not match.
    Not(Box<Filter>),
    /// A comparison. Any value of a multi-valued attribute may satisfy it.
    Compare {
        /// The attribute. Inside a value path: the sub-attribute, by its bare name.
        path: AttrPath,
        /// The operator.
        op: CompareOp,
        /// The value.
        value: Literal,
    },
    /// `pr`: has a value that is not null and not empty.
    Present {
        /// The attribute.
        path: AttrPath,
    },
    /// `attr[filter]`: one value of the attribute satisfies the whole filter.
    ValuePath {
        /// The multi-valued attribute.
        path: AttrPath,
        /// The filter on each of its values; paths in it are bare sub-attribute names.
        filter: Box<Filter>,
        /// What follows the bracket, as a comparison on the *same* value: `emails[type eq "work"].value eq "x"`. Not in the RFC's
        /// grammar; Entra matches users with it (I2).
        sub: Option<Box<Filter>>,
    },
}

impl Filter {
    /// The conjunction, flat. Of one part, the part.
    pub fn and(parts: Vec<Self>) -> Self {
        let flat = parts
            .into_iter()
            .flat_map(|part| if let Self::And(inner) = part { inner } else { vec![part] });
        Self::joined(flat.collect(), Self::And)
    }

    /// The disjunction, flat. Of one part, the part.
    pub fn or(parts: Vec<Self>) -> Self {
        let flat = parts
            .into_iter()
            .flat_map(|part| if let Self::Or(inner) = part { inner } else { vec![part] });
        Self::joined(flat.collect(), Self::Or)
    }

    fn joined(mut parts: Vec<Self>, join: fn(Vec<Self>) -> Self) -> Self {
        match (parts.len(), parts.pop()) {
            (1, Some(part)) => part,
            (_, Some(part)) => {
                parts.push(part);
                join(parts)
            }
            (_, None) => join(parts),
        }
    }

    /// How many comparisons it makes.
    pub(crate) fn terms(&self) -> usize {
        match self {
            Self::And(parts) | Self::Or(parts) => parts.iter().map(Self::terms).sum(),
            Self::Not(part) => part.terms(),
            Self::Compare { .. } | Self::Present { .. } => 1,
            Self::ValuePath { filter, sub, .. } => filter.terms() + sub.as_ref().map_or(0, |sub| sub.terms()),
        }
    }

    /// The comparisons where the filter is nothing but equalities joined by `and`: what it takes to make a value that matches.
    pub(crate) fn equalities(&self) -> Option<Vec<(&AttrPath, &Literal)>> {
        match self {
            Self::Compare {
                path,
                op: CompareOp::Eq,
                value,
            } => Some(vec![(path, value)]),
            Self::And(parts) => {
                let parts: Option<Vec<_>> = parts.iter().map(Self::equalities).collect();
                Some(parts?.into_iter().flatten().collect())
            }
            _ => None,
        }
    }

    /// The ids where the filter is nothing but `value eq "id"`, or several of those joined by `or`.
    pub(crate) fn values_named(&self) -> Option<Vec<&str>> {
        match self {
            Self::Compare {
                path,
                op: CompareOp::Eq,
                value: Literal::String(id),
            } if path.attr == "value" => Some(vec![id]),
            Self::Or(parts) => {
                let parts: Option<Vec<_>> = parts.iter().map(Self::values_named).collect();
                Some(parts?.into_iter().flatten().collect())
            }
            _ => None,
        }
    }

    fn fmt_part(&self, f: &mut fmt::Formatter<'_>, within_and: bool) -> fmt::Result {
        // `and` binds tighter than `or`; the other way round needs parentheses.
        if within_and && matches!(self, Self::Or(_)) {
            write!(f, "({self})")
        } else {
            write!(f, "{self}")
        }
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::And(parts) | Self::Or(parts) => {
                let all = matches!(self, Self::And(_));
                for (index, part) in parts.iter().enumerate() {
                    if index > 0 {
                        f.write_str(if all { " and " } else { " or " })?;
                    }
                    part.fmt_part(f, all)?;
                }
                Ok(())
            }
            Self::Not(part) => write!(f, "not ({part})"),
            Self::Compare { path, op, value } => write!(f, "{path} {} {}", op.as_str(), value.to_json()),
            Self::Present { path } => write!(f, "{path} pr"),
            Self::ValuePath { path, filter, sub } => match sub {
                None => write!(f, "{path}[{filter}]"),
                Some(sub) => write!(f, "{path}[{filter}].{sub}"),
            },
        }
    }
}
