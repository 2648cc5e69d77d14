//! When an answer may leave: when the journal record it depends on is durable. The one rule for every API.

use onefold_broker_core::Lsn;
use tokio::sync::watch;

use crate::log::{Durable, Log, LogStopped};
use crate::wire::{Fault, Node};

pub(super) struct Release {
    log: Log,
    durable: watch::Receiver<Durable>,
}

impl Release {
    pub(super) fn new(node: &Node) -> Release {
        Release { log: node.log.clone(), durable: node.log.durable() }
    }

    pub(super) fn is_durable(&self, lsn: Lsn) -> bool {
        lsn == Lsn::NONE || self.durable.borrow().lsn >= lsn
    }

    /// Waits until it is; an error when it never will be.
    pub(super) async fn wait(&self, lsn: Lsn) -> Result<(), Fault> {
        self.log.wait_durable(lsn).await.map_err(|stopped: LogStopped| Fault::Stopped(stopped))
    }
}
