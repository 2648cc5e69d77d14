//! How much waits, runs and is parked, and who should deliver no more.

use super::settings::LaneSettings;

/// Records and their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Tally {
    pub records: usize,
    pub bytes: u64,
}

impl Tally {
    pub(super) fn one(bytes: u32) -> Tally {
        Tally { records: 1, bytes: u64::from(bytes) }
    }

    pub(super) fn add(&mut self, other: Tally) {
        self.records += other.records;
        self.bytes += other.bytes;
    }

    pub(super) fn sub(&mut self, other: Tally) {
        self.records -= other.records;
        self.bytes -= other.bytes;
    }
}

/// Which budget is used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Full {
    /// Too much waits for a free worker: all partitions pause.
    Queued,
    /// Too much waits behind failing keys: the partitions of these keys pause.
    Parked,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Load {
    pub(super) queued: Tally,
    pub(super) running: Tally,
    pub(super) parked: Tally,
    parked_of: Vec<Tally>,
    queued_full: bool,
    parked_full: bool,
}

impl Load {
    pub(super) fn park(&mut self, partition: u32, what: Tally) {
        let at = partition as usize;
        if self.parked_of.len() <= at {
            self.parked_of.resize(at + 1, Tally::default());
        }
        self.parked_of[at].add(what);
        self.parked.add(what);
    }

    pub(super) fn unpark(&mut self, partition: u32, what: Tally) {
        self.parked_of[partition as usize].sub(what);
        self.parked.sub(what);
    }

    pub(super) fn parked_of(&self, partition: u32) -> Tally {
        self.parked_of.get(partition as usize).copied().unwrap_or_default()
    }

    /// To be called after every change: fullness has hysteresis.
    pub(super) fn judge(&mut self, settings: &LaneSettings) {
        let judge = |full: bool, budget: super::Budget, tally| {
            if full { !budget.is_roomy(tally) } else { budget.is_used_up(tally) }
        };
        self.queued_full = judge(self.queued_full, settings.queued, self.queued);
        self.parked_full = judge(self.parked_full, settings.parked, self.parked);
    }

    pub(super) fn full(&self, partition: u32) -> Option<Full> {
        let parks = self.parked_of(partition).records > 0;
        if self.parked_full && parks { Some(Full::Parked) } else { self.queued_full.then_some(Full::Queued) }
    }
}
