//! How a running pipeline looks from outside.

use std::sync::Arc;

use super::counters::Counters;

/// One pipeline, now.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Snapshot {
    pub name: String,
    pub counters: Counters,
    /// Records finished a second, over the last interval.
    pub per_second: f64,
    /// Records between the position and the end of the partitions that this process has; of the last snapshot, that it
    /// had. `None` before it has any.
    pub lag: Option<u64>,
    /// Records that run now.
    pub in_flight: usize,
    /// Keys that wait for another attempt.
    pub parked_keys: usize,
    /// Why it is paused, where it is; several reasons apart by commas.
    pub paused: Option<String>,
    /// What it waits for while it is paused.
    pub waits_for: Option<WaitsFor>,
    /// A record that failed again and again while others got through: one of them, where nothing is paused for it.
    pub failing: Option<Failing>,
    /// It runs records one at a time, since some of them may have ended the process.
    pub is_careful: bool,
    /// Partitions that this process has.
    pub partitions: usize,
    /// It has ended; the last snapshot says so.
    pub ended: bool,
}

/// A record that keeps failing. Its key's later records wait for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failing {
    pub partition: i32,
    pub offset: i64,
    /// How often it has failed by now.
    pub times: u32,
    /// What it failed of last.
    pub why: String,
}

/// What a paused pipeline waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitsFor {
    /// Where its effects go.
    Sink,
    /// Where it keeps ids, beside the sink.
    Ids,
    Cluster,
    DeadLetters,
    /// Records of its own that run one at a time.
    OwnSuspects,
    /// Another pipeline's, while which nothing else runs in the process.
    OthersSuspects,
    /// Other members of its group, which have partitions that a drain is to pass.
    OtherMembers,
    /// A person: a position is out of range, many keys die of one cause, or the group does not take this member in.
    Somebody,
}

impl WaitsFor {
    /// In words; a sink has a name of its own.
    pub const fn as_str(self) -> &'static str {
        match self {
            WaitsFor::Sink => "its sink",
            WaitsFor::Ids => "the store of its ids",
            WaitsFor::Cluster => "the cluster",
            WaitsFor::DeadLetters => "its dead-letter topic",
            WaitsFor::OwnSuspects => "its suspects",
            WaitsFor::OthersSuspects => "another pipeline's suspects",
            WaitsFor::OtherMembers => "other members of its group",
            WaitsFor::Somebody => "somebody to mend it",
        }
    }
}

/// Is told of each pipeline, about four times a second and once at the end.
#[derive(Clone, Default)]
pub struct Observer(Option<Arc<dyn Fn(Snapshot) + Send + Sync>>);

impl Observer {
    /// Calls this, on the pipeline's own thread: it must not block.
    pub fn new(tell: impl Fn(Snapshot) + Send + Sync + 'static) -> Observer {
        Observer(Some(Arc::new(tell)))
    }

    /// Snapshots by a channel, for those who wait for them elsewhere.
    pub fn channel() -> (Observer, tokio::sync::mpsc::UnboundedReceiver<Snapshot>) {
        let (sender, receiver) = tokio::sync::mpsc::unbounded_channel();
        // A receiver that is gone wants no more.
        (Observer::new(move |snapshot| drop(sender.send(snapshot))), receiver)
    }

    pub(super) fn tell(&self, snapshot: Snapshot) {
        if let Some(tell) = &self.0 {
            tell(snapshot);
        }
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.is_some()
    }
}
