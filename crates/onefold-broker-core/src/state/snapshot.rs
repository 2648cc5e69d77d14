//! The state as bytes: the heart of a checkpoint.

use bytes::Bytes;

use super::State;
use super::transactions::Unsettled;
use crate::codec::{Coded, Reader, put_len, put_str};
use crate::record::RecordError;

impl State {
    /// Raised when the layout changes. The checkpoint around it has its own magic, version and checksum.
    pub const SNAPSHOT_VERSION: u8 = 2;

    /// Appends the state's bytes to `out`. Equal states give equal bytes.
    pub fn encode_snapshot(&self, out: &mut Vec<u8>) {
        out.push(State::SNAPSHOT_VERSION);
        self.lsn.put(out);
        self.leader_epoch.put(out);
        self.topics.put(out);
        self.groups.put(out);
        self.producer_id_next.put(out);
        self.producer_ids_changed.put(out);
        put_len(out, self.transactional_ids.len());
        for (id, transactional) in &self.transactional_ids {
            put_str(out, id);
            transactional.put(out);
        }
    }

    /// Reads a snapshot that takes all of `bytes`.
    ///
    /// # Errors
    /// [`RecordError`] for anything that [`State::encode_snapshot`] of this build does not write; never a panic, and never
    /// more memory than the bytes themselves call for.
    pub fn decode_snapshot(bytes: &[u8]) -> Result<State, RecordError> {
        // Copied once: nothing of a state that lives on may hold the checkpoint's buffer.
        let from = &mut Reader::new(Bytes::copy_from_slice(bytes));
        match u8::take(from)? {
            State::SNAPSHOT_VERSION => {}
            other => return Err(RecordError::UnknownVersion(other)),
        }
        let mut state = State {
            lsn: from.take()?,
            leader_epoch: from.take()?,
            topics: from.take()?,
            groups: from.take()?,
            producer_id_next: from.take()?,
            producer_ids_changed: from.take()?,
            transactional_ids: Default::default(),
            // A checkpoint is of what is durable, so all that has ended is settled.
            unsettled: Unsettled::default(),
        };
        for _ in 0..from.count(4)? {
            state.transactional_ids.insert(from.take::<String>()?.into(), from.take()?);
        }
        from.take_end()?;
        Ok(state)
    }
}
