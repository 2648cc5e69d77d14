//! Handing out producer ids, none twice, over any crash (D7).
//!
//! Ids come in blocks. A block is reserved in the journal before any of its ids goes out, and what a start has not used of
//! its block is lost: the next start begins above it. There are enough.

use crate::record::Record;
use crate::state::State;

/// Ids in a block, as in Kafka.
pub const BLOCK: i64 = 1000;

/// The ids of the current block that are still to be had. A start begins with none.
#[derive(Debug, Default)]
pub struct ProducerIds {
    next: i64,
    end: i64,
}

/// An id, and what must happen before it may go out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Drawn {
    pub id: i64,
    /// To be written now, under the same hold of the sequencer. Whether or not there is one, the id may go out when
    /// [`State::producer_ids_changed`], as it is after this write, is durable.
    pub reserve: Option<Record>,
}

impl ProducerIds {
    pub fn new() -> Self {
        ProducerIds::default()
    }

    /// The next id; none when all have been handed out, which takes ten thousand years at a million a millisecond.
    pub fn draw(&mut self, state: &State) -> Option<Drawn> {
        let mut reserve = None;
        if self.next == self.end {
            let begin = state.producer_id_next();
            let end = begin.checked_add(BLOCK)?;
            (self.next, self.end) = (begin, end);
            reserve = Some(Record::ProducerIdsReserved { next: end });
        }
        let id = self.next;
        self.next += 1;
        Some(Drawn { id, reserve })
    }
}
