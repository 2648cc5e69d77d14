//! DeleteTopics (20), versions 1 to 6, by name and (6) by id.
//!
//! One journal record a topic; it also removes the topic's committed offsets in every group. The answer comes when that is
//! durable, the files go afterwards. A topic that the request names twice is refused, and stays. Ignored: the timeout.

use std::collections::BTreeMap;

use kafka_protocol::messages::delete_topics_request::DeleteTopicState;
use kafka_protocol::messages::delete_topics_response::DeletableTopicResult;
use kafka_protocol::messages::{DeleteTopicsRequest, DeleteTopicsResponse, TopicName};
use kafka_protocol::protocol::StrBytes;
use onefold_broker_core::state::State;
use onefold_broker_core::{ErrorCode, Lsn, Record, TopicId};
use uuid::Uuid;

use super::refusal::{NOT_HOSTED, Refusal};
use super::shape::{STRINGS, Shape, fixed, string, structs};
use super::{Call, Fault};

pub(super) const SHAPE: Shape =
    Shape { flexible_since: 4, fields: &[structs(&[string(), fixed(16)]).since(6), STRINGS.until(5), fixed(4)] };

pub(super) fn answer(call: Call<'_>, request: DeleteTopicsRequest) -> Result<(DeleteTopicsResponse, Lsn), Fault> {
    let by_name = request.topic_names.into_iter().map(|name| DeleteTopicState::default().with_name(Some(name)));
    let mut depends = Lsn::NONE;
    let topics: Vec<DeleteTopicState> = by_name.chain(request.topics).collect();
    let mut times: BTreeMap<_, usize> = BTreeMap::new();
    for topic in &topics {
        *times.entry((topic.name.clone(), topic.topic_id)).or_default() += 1;
    }
    let mut responses = Vec::with_capacity(times.len());
    for topic in topics {
        match times.remove(&(topic.name.clone(), topic.topic_id)) {
            None => {} // answered already, with its twin
            Some(1) => responses.push(one(call, topic, &mut depends)?),
            Some(_) => responses.push(refused(topic, &Refusal::new(ErrorCode::INVALID_REQUEST, "Duplicate topic."))),
        }
    }
    Ok((DeleteTopicsResponse::default().with_responses(responses), depends))
}

fn one(call: Call<'_>, wanted: DeleteTopicState, depends: &mut Lsn) -> Result<DeletableTopicResult, Fault> {
    let ((found, before), lsn) = call.node.log.sequence(|state, _| {
        let found = find(state, &wanted);
        let record = found.as_ref().ok().map(|(id, _)| Record::TopicDeleted { id: *id });
        ((found, state.topics_changed()), record)
    })?;
    *depends = (*depends).max(lsn).max(before);
    Ok(match found {
        Ok((id, name)) => DeletableTopicResult::default()
            .with_name(Some(TopicName(StrBytes::from_string(name))))
            .with_topic_id(Uuid::from_bytes(id.0)),
        Err(refusal) => refused(wanted, &refusal),
    })
}

fn refused(wanted: DeleteTopicState, refusal: &Refusal) -> DeletableTopicResult {
    DeletableTopicResult::default()
        .with_error_code(refusal.code.0)
        .with_error_message(refusal.text())
        .with_name(wanted.name)
        .with_topic_id(wanted.topic_id)
}

fn find(state: &State, wanted: &DeleteTopicState) -> Result<(TopicId, String), Refusal> {
    let topic = match &wanted.name {
        Some(_) if !wanted.topic_id.is_nil() => {
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, "name a topic or give its id, not both"));
        }
        Some(name) => {
            state.topic_by_name(name).ok_or_else(|| Refusal::new(ErrorCode::UNKNOWN_TOPIC_OR_PARTITION, NOT_HOSTED))?
        }
        None if wanted.topic_id.is_nil() => {
            return Err(Refusal::new(ErrorCode::INVALID_REQUEST, "neither a topic's name nor its id"));
        }
        None => state
            .topic_by_id(TopicId(wanted.topic_id.into_bytes()))
            .ok_or_else(|| Refusal::new(ErrorCode::UNKNOWN_TOPIC_ID, "This server does not host this topic ID."))?,
    };
    Ok((topic.id, topic.name.to_string()))
}
