//! Ids in this process: any restart forgets them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use onefold_core::identity::{Claim, Identity, RowState, StoredRow, claim};

use super::IdStore;
use crate::boundary::BoxFuture;
use crate::boundary::sink::SinkError;

/// Ids in memory, forgotten after the window. Its size is what the window holds: about 150 bytes an id.
pub struct MemoryIds {
    rows: Arc<Mutex<Rows>>,
    keep: Duration,
}

#[derive(Default)]
struct Rows {
    known: HashMap<Identity, Known>,
    /// An id that was revived stands here twice: its later time is the one that counts.
    by_age: VecDeque<(Instant, Identity)>,
}

struct Known {
    digest: [u8; 16],
    state: RowState,
    at: Instant,
}

/// So many are forgotten at once, at most.
const FEW: usize = 500;

impl MemoryIds {
    pub fn keeping(keep: Duration) -> MemoryIds {
        MemoryIds { rows: Arc::default(), keep }
    }

    /// As if all were written so much earlier.
    #[cfg(test)]
    pub(super) fn age(&self, by: Duration) {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.known.values_mut().for_each(|known| known.at -= by);
        rows.by_age.iter_mut().for_each(|(at, _)| *at -= by);
    }
}

impl IdStore for MemoryIds {
    fn look_up(&self, identity: Identity, digest: [u8; 16]) -> BoxFuture<'static, Result<Claim, SinkError>> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = rows.known.get(&identity).map(|known| StoredRow { state: known.state, digest: &known.digest });
        Box::pin(std::future::ready(Ok(claim(stored, &digest))))
    }

    fn mark(&self, identity: Identity, digest: [u8; 16], state: RowState) -> BoxFuture<'static, Result<(), SinkError>> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let there = rows.known.get(&identity).map(|known| (known.digest, known.state));
        if there.is_none_or(|(_, there)| state.replaces(there)) {
            let (digest, at) = (there.map_or(digest, |(digest, _)| digest), Instant::now());
            rows.known.insert(identity.clone(), Known { digest, state, at });
            rows.by_age.push_back((at, identity));
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn forget_old(&self) -> BoxFuture<'static, Result<usize, SinkError>> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut forgotten = 0;
        while forgotten < FEW && rows.by_age.front().is_some_and(|(at, _)| at.elapsed() > self.keep) {
            let Some((at, identity)) = rows.by_age.pop_front() else { break };
            if rows.known.get(&identity).is_some_and(|known| known.at == at) {
                rows.known.remove(&identity);
                forgotten += 1;
            }
        }
        Box::pin(std::future::ready(Ok(forgotten)))
    }
}
