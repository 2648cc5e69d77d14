//! What the three config APIs share: which resources there are, and how a topic's configs change.

use std::collections::BTreeSet;

use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::state::State;
use onefold_broker_core::topic::Topic;
use onefold_broker_core::{ErrorCode, Lsn, Record};

use super::node::{NODE_ID, Node};
use super::refusal::{NOT_HOSTED, Refusal, verdict};
use super::{Fault, creation, topic_configs};

pub(super) const TOPIC: i8 = 2;
pub(super) const BROKER: i8 = 4;

/// A topic's configs as they were set.
pub(super) type Pairs = Vec<(String, String)>;

pub(super) fn topic<'a>(state: &'a State, name: &str) -> Result<&'a Topic, Refusal> {
    creation::check_name(name)?;
    state.topic_by_name(name).ok_or_else(|| Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, NOT_HOSTED))
}

/// The broker's resource is named by its id; the empty name (defaults of all brokers) means the same here.
pub(super) fn check_broker(name: &str) -> Result<(), Refusal> {
    match name.is_empty() || name == NODE_ID.to_string() {
        true => Ok(()),
        false => Err(Refusal::new(
            ErrorCode::INVALID_REQUEST,
            format!("Unexpected broker id, expected {NODE_ID}, but received {name}"),
        )),
    }
}

/// The broker's configs are its settings, and none is ever set beside them: what leaves it at that may be asked for, as
/// tools do that clear after themselves whatever they had set.
fn check_broker_unchanged(name: &str, changed: Result<Pairs, Refusal>) -> Result<(), Refusal> {
    check_broker(name)?;
    match changed {
        Ok(pairs) if pairs.is_empty() => Ok(()),
        _ => Err(Refusal::new(
            ErrorCode::INVALID_REQUEST,
            "the broker's configs are its settings: change them there and start it again",
        )),
    }
}

/// What every other alteration must be of: a topic.
fn check_alterable(resource_type: i8, name: &str) -> Result<(), Refusal> {
    match resource_type {
        TOPIC if name.is_empty() => {
            Err(Refusal::new(ErrorCode::INVALID_REQUEST, "Default topic resources are not allowed."))
        }
        TOPIC => Ok(()),
        _ => Err(Refusal::new(ErrorCode::INVALID_REQUEST, "only topics have configs that can be altered here")),
    }
}

/// Alters each resource by its own change, and makes a line of the answer of each verdict: what AlterConfigs and
/// IncrementalAlterConfigs share. A resource is its type, its name, and what it is asked to become.
pub(super) fn alter_each<R, A>(
    node: &Node,
    resources: Vec<R>,
    validate_only: bool,
    named: impl Fn(&R) -> (i8, StrBytes),
    change: impl Fn(&Pairs, &R) -> Result<Pairs, Refusal>,
    line: impl Fn(i8, StrBytes, (i16, Option<StrBytes>)) -> A,
) -> Result<(Vec<A>, Lsn), Fault> {
    let mut depends = Lsn::NONE;
    let mut lines = Vec::with_capacity(resources.len());
    for resource in &resources {
        let (kind, name) = named(resource);
        let result = match (kind, check_alterable(kind, &name)) {
            (BROKER, _) => check_broker_unchanged(&name, change(&Pairs::new(), resource)),
            (_, Err(refusal)) => Err(refusal),
            (_, Ok(())) => {
                let (result, lsn) = alter(node, &name, validate_only, |now| change(now, resource))?;
                depends = depends.max(lsn);
                result
            }
        };
        lines.push(line(kind, name, verdict(&result)));
    }
    Ok((lines, depends))
}

/// A request for one resource may name each config once.
pub(super) fn check_named_once<'a>(names: impl Iterator<Item = &'a str>) -> Result<(), Refusal> {
    let mut seen = BTreeSet::new();
    for name in names {
        if !seen.insert(name) {
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, "Error due to duplicate config keys"));
        }
    }
    Ok(())
}

/// Gives a topic the configs that `change` makes of its present ones. The LSN is what the verdict depends on.
fn alter(
    node: &Node,
    name: &str,
    validate_only: bool,
    change: impl FnOnce(&Pairs) -> Result<Pairs, Refusal>,
) -> Result<(Result<(), Refusal>, Lsn), Fault> {
    let ((verdict, before), lsn) = node.log.sequence(|state, _| {
        let changed = topic(state, name).and_then(|topic| {
            let configs = change(&topic.configs)?;
            topic_configs::check_all(configs.iter().map(|(name, value)| (name.as_str(), Some(value.as_str()))))?;
            Ok(Record::TopicConfigured { id: topic.id, configs })
        });
        match changed {
            Ok(record) => ((Ok(()), state.topics_changed()), (!validate_only).then_some(record)),
            Err(refusal) => ((Err(refusal), state.topics_changed()), None),
        }
    })?;
    Ok((verdict, lsn.max(before)))
}
