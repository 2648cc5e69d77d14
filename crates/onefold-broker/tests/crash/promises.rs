//! What a start must find of transactions and groups, computed from the records by other means than the state's own.

use crate::model::Model;
use onefold_broker_core::batch::{HEADER_BYTES, Header};
use onefold_broker_core::group::GroupSnapshot;
use onefold_broker_core::{Lsn, Record, State, TopicPartition};
use std::collections::BTreeMap;

/// Where in a marker's batch its one record says whether the transaction was committed: the last byte of the key.
const COMMITTED_AT: usize = HEADER_BYTES + 8;

/// One partition's transactions: readers of what is committed see the same end and skip the same ranges as before the crash.
pub fn transactions(state: &State, at: TopicPartition, model: &Model, last: Lsn) -> Result<(), String> {
    let Some(partition) = state.partition(at) else { return Ok(()) };
    let (start, end) = (partition.log_start(), partition.log_end());
    let (mut open, mut aborted) = (BTreeMap::new(), Vec::new());
    for (header, bytes) in model.batches(at, last) {
        let Header { producer_id: id, base_offset, .. } = header;
        if header.is_control() {
            let first = open.remove(&id);
            match first {
                Some(first) if bytes[COMMITTED_AT] == 0 => aborted.push((first, id, base_offset)),
                _ => {}
            }
        } else if header.is_transactional() {
            open.entry(id).or_insert(base_offset);
        }
    }
    let stable = open.values().map(|first| (*first).max(start)).min().unwrap_or(end);
    if state.last_stable_offset(at, end) != Some(stable) {
        return Err(format!("{at:?} is stable up to {:?}, not {stable}", state.last_stable_offset(at, end)));
    }
    aborted.retain(|(_, _, marker)| *marker >= start);
    aborted.sort_unstable();
    let listed = partition.aborted_within(start, end);
    let listed: Vec<_> = listed.iter().map(|one| (one.first_offset, one.producer_id, one.last_offset)).collect();
    match listed == aborted {
        true => Ok(()),
        false => Err(format!("{at:?} lists as aborted {listed:?}, not {aborted:?}")),
    }
}

/// Each group is as its last record says.
pub fn groups(state: &State, model: &Model, last: Lsn) -> Result<(), String> {
    let mut expected: BTreeMap<&str, &GroupSnapshot> = BTreeMap::new();
    for (_, record) in model.records(last) {
        match record {
            Record::GroupChanged(snapshot) => drop(expected.insert(&snapshot.group, snapshot)),
            Record::GroupDeleted { group } => drop(expected.remove(group.as_str())),
            _ => {}
        }
    }
    let found: BTreeMap<&str, &GroupSnapshot> =
        state.groups().filter_map(|(name, group)| Some((name, group.snapshot.as_ref()?))).collect();
    match found == expected {
        true => Ok(()),
        false => Err(format!("the groups are {found:?}, not {expected:?}")),
    }
}
