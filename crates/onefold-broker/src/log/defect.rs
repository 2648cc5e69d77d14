//! Planted defects: what the crash enumeration must catch. In a build without the simulated disk there are none, and
//! every question about them is the constant `false`.

/// One wrong turn in the storage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Planted {
    /// Journal groups are written and never synced.
    NoSync,
    /// New names are used before their folder is synced.
    NoFolderSync,
    /// Waiters are released before the sync.
    AckBeforeSync,
    /// A recycled file's old frames count.
    StaleFramesAccepted,
    /// Frames count whatever their checksum says.
    ChecksumIgnored,
    /// A frame names a record as durable that is only written.
    DurableTooHigh,
    /// A start goes on behind the last file's end without making what it found durable again.
    TailNotRewritten,
    /// A start keeps the epoch of the one before.
    EpochNotRaised,
    /// Journal files are recycled before the checkpoint that covers them is durable.
    RecycledTooEarly,
    /// The checkpoint takes its name before its bytes are synced.
    CheckpointRenamedBeforeSync,
    /// The checkpoint names segment bytes that are not synced.
    SegmentsNotSynced,
    /// Partition folders are named without the topic's id, so that a topic made again meets the files of the one before.
    FoldersWithoutTopic,
    /// A topic's deletion is passed over at replay.
    DeletionNotReplayed,
    /// A group's changes are passed over at replay.
    GroupsNotReplayed,
    /// The markers of transactions that ended are passed over at replay.
    MarkersNotReplayed,
    /// A torn tail is searched for no evidence: damage below it is taken for it.
    DamageTakenForTornTail,
    /// A group is answered when it is durable itself, though one before it is still on its way.
    LandsOutOfTurn,
    /// A group counts though there was no space for the one before it.
    LandsOverAGap,
    /// The failed sync of the journal is tried again and believed.
    FailedSyncRetried,
}

/// Which defect is planted, if any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Defect(#[cfg(any(test, feature = "sim"))] Option<Planted>);

impl Defect {
    /// Plants one.
    #[cfg(any(test, feature = "sim"))]
    pub fn plant(defect: Planted) -> Defect {
        Defect(Some(defect))
    }

    /// Whether it is this one.
    #[cfg(any(test, feature = "sim"))]
    pub(crate) fn is(self, defect: Planted) -> bool {
        self.0 == Some(defect)
    }

    /// Whether it is this one: there are none in this build.
    #[cfg(not(any(test, feature = "sim")))]
    #[inline(always)]
    pub(crate) fn is(self, _defect: Planted) -> bool {
        false
    }
}
