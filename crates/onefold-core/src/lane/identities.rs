//! Who holds an identity: two records with the same one never run at once.

use super::key::Map;

#[derive(Clone, Debug)]
struct Held {
    /// The record that runs, or waits for its next attempt.
    by: u32,
    /// Lanes whose oldest record has the same identity. Empty nearly always, and then it allocates nothing.
    waiting: Vec<u32>,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Identities {
    held: Map<u64, Held>,
}

impl Identities {
    /// Whether `record` holds the identity now, or did already.
    pub(super) fn take(&mut self, identity: u64, record: u32) -> bool {
        self.held.entry(identity).or_insert(Held { by: record, waiting: Vec::new() }).by == record
    }

    pub(super) fn is_free_for(&self, identity: u64, record: u32) -> bool {
        self.held.get(&identity).is_none_or(|held| held.by == record)
    }

    pub(super) fn is_held(&self, identity: u64) -> bool {
        self.held.contains_key(&identity)
    }

    pub(super) fn wait(&mut self, identity: u64, lane: u32) {
        if let Some(held) = self.held.get_mut(&identity) {
            held.waiting.push(lane);
        }
    }

    pub(super) fn stop_waiting(&mut self, identity: u64, lane: u32) {
        if let Some(held) = self.held.get_mut(&identity) {
            held.waiting.retain(|waiting| *waiting != lane);
        }
    }

    /// Lets go if `record` is the holder; the lanes that waited may try again.
    pub(super) fn release(&mut self, identity: u64, record: u32) -> Vec<u32> {
        if self.held.get(&identity).is_some_and(|held| held.by == record) {
            self.held.remove(&identity).map(|held| held.waiting).unwrap_or_default()
        } else {
            Vec::new()
        }
    }

    /// The lanes that wait for an identity, first come first.
    #[cfg(test)]
    pub(super) fn waiting(&self, identity: u64) -> &[u32] {
        self.held.get(&identity).map_or(&[], |held| &held.waiting)
    }
}
