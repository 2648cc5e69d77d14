//! When an answer may leave: when the journal record it depends on is durable. The one rule for every API.

use onefold_broker_core::Lsn;

use crate::log::{Log, LogStopped};
use crate::wire::{Fault, Node};

pub(super) struct Release {
    log: Log,
}

impl Release {
    pub(super) fn new(node: &Node) -> Release {
        Release { log: node.log.clone() }
    }

    pub(super) fn is_durable(&self, lsn: Lsn) -> bool {
        self.log.durable_lsn() >= lsn
    }

    /// Whether records come one at a time now, each waited for before the next one.
    pub(super) fn one_at_a_time(&self) -> bool {
        self.log.is_led()
    }

    /// Whether the wait for the disk may be spent on this very thread.
    pub(super) fn may_sync_here(&self) -> bool {
        self.log.may_sync_here()
    }

    /// Waits until it is, syncing on this thread if `here`; an error when it never will be.
    pub(super) async fn wait(&self, lsn: Lsn, here: bool) -> Result<(), Fault> {
        self.log.wait_syncing(lsn, here).await.map_err(|stopped: LogStopped| Fault::Stopped(stopped))
    }
}
