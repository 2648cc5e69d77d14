//! What a store's row about an identity means for the record at hand.

/// How far a store knows an event to have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RowState {
    /// Claimed and not completed; somebody may be at it.
    Running,
    /// The effect is durable.
    Done,
    /// Given up; runs again only by a redrive.
    Dead,
}

impl RowState {
    /// The state as a store keeps it.
    pub const fn as_str(self) -> &'static str {
        match self {
            RowState::Running => "running",
            RowState::Done => "done",
            RowState::Dead => "dead",
        }
    }

    /// Whether a mark of this state goes over one that is there. An effect is a fact, also that of a record that was given
    /// up before; else the first mark wins.
    pub const fn replaces(self, there: RowState) -> bool {
        matches!((there, self), (RowState::Dead, RowState::Done))
    }

    pub fn read(text: &str) -> Option<RowState> {
        [RowState::Running, RowState::Done, RowState::Dead].into_iter().find(|state| state.as_str() == text)
    }
}

/// What a store holds about an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredRow<'a> {
    pub state: RowState,
    /// Digest of the payload that came first under this identity.
    pub digest: &'a [u8],
}

/// What a consumer may do with a record, by what the store knows of its identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Claim {
    /// Never seen: run it.
    New,
    /// Claimed by somebody and not completed.
    Running,
    /// Its effect is durable: skip it, and count a duplicate.
    Done,
    /// Dead-lettered before: skip it, it runs again only by a redrive.
    Dead,
    /// The same identity came with another payload: one of the two is wrong, and only a person can say which.
    /// Dead-letter it with this reason; never skip it silently.
    Conflict,
}

/// Judges a record with this payload digest against the store's row, if there is one.
///
/// A digest of another length (another algorithm) is another digest.
pub fn claim(row: Option<StoredRow<'_>>, digest: &[u8]) -> Claim {
    let Some(row) = row else { return Claim::New };
    if row.digest != digest {
        return Claim::Conflict;
    }
    match row.state {
        RowState::Running => Claim::Running,
        RowState::Done => Claim::Done,
        RowState::Dead => Claim::Dead,
    }
}
