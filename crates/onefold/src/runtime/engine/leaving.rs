//! The way out of the group, which must not take as long as others please.
//!
//! While a group shares its partitions anew it waits for all members, also for one that is gone, as long as that one's
//! session lasts. librdkafka postpones an unsubscribe until that is over, so nobody asks this member for what it has; a
//! commit waits on the same connection behind the join; and a client with a commit under way does not close. So whoever
//! ends gives up by itself what it has, waits for a commit only while there may be an answer, and for the client's own end
//! only a while.

use std::sync::mpsc::channel;
use std::time::Duration;

use super::Engine;
use super::assignment::Revoking;
use crate::log::Log;

/// A commit that is not answered for so long may be one that cannot be: the group is asked.
const UNANSWERED_MS: u64 = 3_000;
/// And one that only lag tools read.
const COURTESY_MS: u64 = 500;
/// How often, and how long it may take.
const ASK_EVERY_MS: u64 = 1_000;
const ASK: Duration = Duration::from_secs(1);
/// So long the client may take to leave the group; a little of that is usual.
const LEAVES: Duration = Duration::from_secs(3);

impl Engine {
    /// Gives up what it has as if it was asked to: it may be asked late, or never.
    pub(super) fn give_up_all(&mut self) {
        let mut all: Vec<i32> = self.owned.keys().chain(&self.starting.partitions).copied().collect();
        all.sort_unstable();
        all.dedup();
        all.retain(|partition| !self.revoking.as_ref().is_some_and(|revoking| revoking.partitions.contains(partition)));
        if !all.is_empty() {
            self.on_revoked(all);
        }
    }

    /// Whether what is left of the revoke is the answer to a commit, and there will be none before the group is done with
    /// something that it waits for. A drain that is through waits all the same where its end says that all is committed.
    pub(super) fn commits_in_vain(&mut self, now: u64) -> bool {
        let promises = self.ending.ends_well() && !self.protocol.position_is_in_sink();
        let is_left = self.ending.has_begun() && self.commits.is_under_way() && !self.careful.is_writing();
        let Some(Revoking { ask_ms, .. }) = self.revoking.as_mut().filter(|_| is_left && !promises) else {
            return false;
        };
        let unanswered_ms = if self.protocol.position_is_in_sink() { COURTESY_MS } else { UNANSWERED_MS };
        if now < *ask_ms.get_or_insert(now + unanswered_ms) {
            return false;
        }
        *ask_ms = Some(now + ASK_EVERY_MS);
        matches!(self.log.is_sharing(ASK), Ok(true))
    }

    /// The last commit of these partitions is not waited for any more; it may count all the same.
    pub(super) fn leave_uncommitted(&mut self, partitions: &[i32], in_vain: bool) {
        if !self.ending.has_begun() {
            return;
        }
        // Asked to stop, it may still have others, or begin to: not before it leaves all are given up at once.
        let is_all = self.starting.partitions.is_empty() && self.owned.keys().all(|owned| partitions.contains(owned));
        self.ending.note_unsure(self.commits.abandon(partitions, is_all));
        // In a sink that holds the position, the commit is a courtesy.
        if self.protocol.position_is_in_sink() {
            return;
        }
        self.ending.note_uncommitted(in_vain);
        if self.notes_travel() {
            tracing::warn!(
                pipeline = self.plan.name(),
                "the last commit was not answered, nor that this process ended in order, which goes with it: the next owner \
                 may count it as an end without a word"
            );
        }
    }
}

/// Lets the member leave its group, and does not wait for long: what it had is given up, and a cluster that does not answer
/// takes it for gone when its session is over.
pub(super) fn part_with(log: Box<dyn Log>) {
    let (holds, held) = channel::<()>();
    let leave = move || {
        drop(log);
        drop(holds);
    };
    match std::thread::Builder::new().name("onefold-leaves".into()).spawn(leave) {
        // It never sends: it ends, or it does not in time.
        Ok(_) => drop(held.recv_timeout(LEAVES)),
        // Without a thread the closure was dropped here, and the log with it.
        Err(error) => tracing::debug!("the group was left without a thread for it: {error}"),
    }
}
