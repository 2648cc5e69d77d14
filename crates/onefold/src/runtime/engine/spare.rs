//! Places for records, used again: a record that comes costs no allocation of its own.

use std::sync::Arc;

use crate::record::Record;

/// Places whose records are done with.
#[derive(Default)]
pub(super) struct Spare(Vec<Arc<Record>>);

/// More are not kept.
const MOST: usize = 4096;

impl Spare {
    /// The record in a place that others can share.
    pub(super) fn place(&mut self, record: Record) -> Arc<Record> {
        let Some(mut place) = self.0.pop() else { return Arc::new(record) };
        match Arc::get_mut(&mut place) {
            Some(inside) => {
                *inside = record;
                place
            }
            None => Arc::new(record),
        }
    }

    /// Takes the place back, if nobody else has the record any more. Its bytes go at once.
    pub(super) fn keep(&mut self, mut place: Arc<Record>) {
        if self.0.len() < MOST
            && let Some(record) = Arc::get_mut(&mut place)
        {
            record.clear();
            self.0.push(place);
        }
    }
}
