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
    known: HashMap<Identity, ([u8; 16], RowState)>,
    by_age: VecDeque<(Instant, Identity)>,
}

/// So many are forgotten at once, at most.
const FEW: usize = 500;

impl MemoryIds {
    pub fn keeping(keep: Duration) -> MemoryIds {
        MemoryIds { rows: Arc::default(), keep }
    }
}

impl IdStore for MemoryIds {
    fn look_up(&self, identity: Identity, digest: [u8; 16]) -> BoxFuture<'static, Result<Claim, SinkError>> {
        let rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let stored = rows.known.get(&identity).map(|(digest, state)| StoredRow { state: *state, digest });
        Box::pin(std::future::ready(Ok(claim(stored, &digest))))
    }

    fn mark(&self, identity: Identity, digest: [u8; 16], state: RowState) -> BoxFuture<'static, Result<(), SinkError>> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        match rows.known.get_mut(&identity) {
            Some((_, there)) if state.replaces(*there) => *there = state,
            Some(_) => {}
            None => {
                rows.known.insert(identity.clone(), (digest, state));
                rows.by_age.push_back((Instant::now(), identity));
            }
        }
        Box::pin(std::future::ready(Ok(())))
    }

    fn forget_old(&self) -> BoxFuture<'static, Result<usize, SinkError>> {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        let mut forgotten = 0;
        while forgotten < FEW && rows.by_age.front().is_some_and(|(at, _)| at.elapsed() > self.keep) {
            if let Some((_, identity)) = rows.by_age.pop_front() {
                rows.known.remove(&identity);
                forgotten += 1;
            }
        }
        Box::pin(std::future::ready(Ok(forgotten)))
    }
}
