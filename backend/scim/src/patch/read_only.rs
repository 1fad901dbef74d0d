//! Operations on what the service provider says itself: `id`, `meta`, `groups`, `schemas`.
//!
//! Owns: when such an operation changes nothing, and is then no error. A large provider sends every attribute of a person with its own
//! path and its own value (SCIM-SDK#140), and a deactivation that stands beside them must arrive. Start at [`Edit::at_read_only`].

use serde_json::{Map, Value};

use super::{
    apply::{Edit, Place},
    operation::Op,
};
use crate::{
    Document, Error, Filter,
    filter::matches_element,
    render::render,
    schema::{Attribute, Kind},
    value::{equal, get_any_case, only},
};

impl Edit<'_> {
    /// An operation whose path names a readOnly attribute, or a readOnly part of one.
    pub(super) fn at_read_only(&mut self, op: Op, place: Place<'_>, value: Option<&Value>) -> Result<(), Error> {
        if place.attribute.name == "schemas" && place.sub.is_none() {
            return self.at_schemas(op, place, value);
        }
        // Nothing of the document is readOnly: what is shown beside it is all there is.
        let nothing = Document::from_map(Map::new());
        let shown = render(
            self.resource_type,
            &nothing,
            self.shown.meta,
            Some(self.shown.groups),
            None,
        );
        let container = match place.extension {
            Some(schema) => shown.get(schema.urn),
            None => Some(&shown),
        };
        let there = container.and_then(|container| container.get(place.attribute.name));
        if changes_nothing(op, place, value, there) {
            return Ok(());
        }
        Err(Error::mutability(format!(
            "{} is readOnly, and its value is another one.",
            place.attr
        )))
    }

    /// `schemas` follows from what a resource holds. RFC 7644 §3.5.2: "If one of the PATCH operations modifies the "schemas" attribute,
    /// subsequent operations SHALL assume the modified state". So adding a schema allows its attributes, which are allowed anyway, and
    /// taking one away takes away what is held under it. One of them is named by a comparison as path (erratum 7122).
    fn at_schemas(&mut self, op: Op, place: Place<'_>, value: Option<&Value>) -> Result<(), Error> {
        let core = self.resource_type.schema_urn();
        let is = |urn: &str, other: &str| urn.eq_ignore_ascii_case(other);
        let extensions = self.resource_type.extensions();
        let gone: Vec<&'static str> = match (op, place.filter, value) {
            (Op::Add | Op::Replace, None, value) => {
                let listed = urns(value)?;
                if let Some(unknown) = listed
                    .iter()
                    .find(|urn| !is(urn, core) && !extensions.iter().any(|schema| is(urn, schema.urn)))
                {
                    return Err(Error::invalid_value(format!("There is no schema {unknown:?} here.")));
                }
                let kept = |urn: &str| op == Op::Add || listed.iter().any(|listed| is(listed, urn));
                if !kept(core) {
                    return Err(core_stays(core));
                }
                extensions
                    .iter()
                    .map(|schema| schema.urn)
                    .filter(|urn| !kept(urn))
                    .collect()
            }
            (Op::Remove, filter, value) => {
                let listed = match (filter, value) {
                    (None, Some(Value::Array(_) | Value::String(_))) => Some(urns(value)?),
                    _ => None,
                };
                let named = |urn: &str| match (filter, &listed) {
                    (Some(filter), _) => matches_element(filter, place.attribute, &Value::from(urn)),
                    (None, Some(listed)) => listed.iter().any(|listed| is(listed, urn)),
                    (None, None) => true,
                };
                if named(core) {
                    return Err(core_stays(core));
                }
                extensions
                    .iter()
                    .map(|schema| schema.urn)
                    .filter(|urn| named(urn))
                    .collect()
            }
            _ => return Err(Error::mutability("The values of schemas cannot be changed one by one.")),
        };
        for urn in gone {
            self.document.remove(urn);
        }
        Ok(())
    }
}

fn core_stays(core: &str) -> Error {
    Error::mutability(format!("The schema {core} of a resource cannot be removed."))
}

fn urns(value: Option<&Value>) -> Result<Vec<&str>, Error> {
    let refuse = || Error::invalid_value("schemas must be a list of URNs.");
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::String(urn)) => Ok(vec![urn]),
        Some(Value::Array(urns)) => urns.iter().map(|urn| urn.as_str().ok_or_else(refuse)).collect(),
        Some(_) => Err(refuse()),
    }
}

/// Whether the operation asks for what is there.
fn changes_nothing(op: Op, place: Place<'_>, value: Option<&Value>, there: Option<&Value>) -> bool {
    let Place {
        attribute, sub, filter, ..
    } = place;
    let elements = match there {
        None => &[][..],
        Some(Value::Array(elements)) => elements.as_slice(),
        Some(one) => std::slice::from_ref(one),
    };
    let matches = |element: &&Value| filter.is_none_or(|filter: &Filter| matches_element(filter, attribute, element));
    let selected: Vec<&Value> = elements.iter().filter(matches).collect();
    let given = match value {
        Some(Value::Array(given)) if attribute.multi_valued && sub.is_none() => given.as_slice(),
        Some(given) => std::slice::from_ref(given),
        None => &[],
    };
    let has = |element: &Value, given: &Value| match sub {
        Some(sub) => covers(sub, given, element.get(sub.name)),
        None => covers(attribute, given, Some(element)),
    };
    match (op, filter, sub) {
        // Only what is listed is removed (as for members), and removing what is not there is no change.
        (Op::Remove, None, None) if attribute.multi_valued && value.is_some_and(|value| !value.is_null()) => !given
            .iter()
            .any(|given| selected.iter().any(|element| has(element, given))),
        (Op::Remove, _, None) => selected.is_empty(),
        (Op::Remove, _, Some(sub)) => !selected.iter().any(|element| element.get(sub.name).is_some()),
        (_, None, None) if attribute.multi_valued => {
            let known = |given: &Value| selected.iter().any(|element| has(element, given));
            given.iter().all(known) && (op == Op::Add || given.len() == selected.len())
        }
        (Op::Add, ..) if given.iter().all(is_unassigned) && value.is_some() => true,
        // Nothing is there, and nothing is asked for.
        _ if selected.is_empty() => given.iter().all(is_unassigned),
        _ => {
            !given.is_empty()
                && given
                    .iter()
                    .all(|given| selected.iter().all(|element| has(element, given)))
        }
    }
}

fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty(),
        Value::Object(object) => object.is_empty(),
        _ => false,
    }
}

/// Whether everything that is given is there already.
fn covers(attribute: &'static Attribute, given: &Value, there: Option<&Value>) -> bool {
    let Ok(given) = only(attribute, given) else {
        return false;
    };
    let Some(there) = there else {
        return is_unassigned(given);
    };
    match given {
        _ if is_unassigned(given) => false,
        Value::Object(parts) if attribute.kind == Kind::Complex => {
            let known = parts
                .iter()
                .filter_map(|(name, given)| Some((attribute.sub(name)?, given)));
            known
                .into_iter()
                .all(|(sub, given)| covers(sub, given, there.get(sub.name)))
        }
        bare if attribute.kind == Kind::Complex => {
            let sub = attribute.sub("value");
            sub.is_some_and(|sub| {
                covers(
                    sub,
                    bare,
                    there.as_object().and_then(|there| get_any_case(there, sub.name)),
                )
            })
        }
        given => equal(attribute, given, there),
    }
}
