//! Many keys that die of one cause are no poison records: something common is wrong, and a person should look before
//! the topic is emptied into the dead letters.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::dead_letter::{Reason, ReasonClass};

/// Counts the recent ends of records. Decides before a letter is produced: one that is out cannot be called back.
#[derive(Default)]
pub(super) struct Flood {
    /// The last records that ended: of which cause they died, if they did, and in which lane.
    recent: VecDeque<Option<(u64, u64)>>,
    dead: usize,
    lanes_of: HashMap<u64, HashSet<u64>>,
    shut: Option<Shut>,
}

struct Shut {
    probe_at_ms: u64,
    probing: bool,
}

/// How many ends are looked at.
const RECENT: usize = 200;
/// One cause on so many keys, while more than half of what ends is dead, is a flood.
const MANY_KEYS: usize = 50;
/// One record is let through this often to see whether it is over.
const PROBE_EVERY_MS: u64 = 30_000;

impl Flood {
    pub(super) fn succeeded(&mut self) {
        self.note(None);
        self.shut = None;
    }

    /// Whether this death must wait, since it is one of a flood.
    pub(super) fn refuses(&mut self, reason: &Reason, lane: u64, guarded: bool, now_ms: u64) -> bool {
        // Those too old for their window die by a setting, not of a cause.
        if !guarded || reason.class == ReasonClass::Window {
            return false;
        }
        if let Some(shut) = &mut self.shut {
            *shut = Shut { probe_at_ms: now_ms + PROBE_EVERY_MS, probing: false };
            return true;
        }
        let cause = reason.fingerprint();
        self.note(Some((cause, lane)));
        let keys = self.lanes_of.get(&cause).map_or(0, HashSet::len);
        let flood = keys >= MANY_KEYS && self.dead * 2 > self.recent.len();
        if flood {
            self.shut = Some(Shut { probe_at_ms: now_ms + PROBE_EVERY_MS, probing: false });
        }
        flood
    }

    pub(super) fn is_shut(&self, now_ms: u64) -> bool {
        self.shut.as_ref().is_some_and(|shut| shut.probing || now_ms < shut.probe_at_ms)
    }

    pub(super) fn probes(&self, now_ms: u64) -> bool {
        self.shut.as_ref().is_some_and(|shut| !shut.probing && now_ms >= shut.probe_at_ms)
    }

    pub(super) fn probe_started(&mut self) {
        if let Some(shut) = &mut self.shut {
            shut.probing = true;
        }
    }

    /// The probe asked nothing: it was a letter.
    pub(super) fn probe_lost(&mut self) {
        if let Some(shut) = &mut self.shut {
            shut.probing = false;
        }
    }

    pub(super) fn is_on(&self) -> bool {
        self.shut.is_some()
    }

    fn note(&mut self, end: Option<(u64, u64)>) {
        // While nothing dies there is nothing to remember but the count.
        if end.is_none() && self.dead == 0 && self.recent.len() == RECENT {
            return;
        }
        self.recent.push_back(end);
        if let Some((cause, lane)) = end {
            self.dead += 1;
            self.lanes_of.entry(cause).or_default().insert(lane);
        }
        if self.recent.len() > RECENT
            && let Some(Some(_)) = self.recent.pop_front()
        {
            self.dead -= 1;
            if self.dead == 0 {
                self.lanes_of.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(class: ReasonClass) -> usize {
        let mut flood = Flood::default();
        let reason = Reason { class, message: "one cause".into(), attempts: 1 };
        (0..100).filter(|lane| flood.refuses(&reason, *lane, true, 0)).count()
    }

    #[test]
    fn what_is_too_old_for_its_window_is_no_flood() {
        assert_eq!(refused(ReasonClass::Poison), 100 - (MANY_KEYS - 1));
        assert_eq!(refused(ReasonClass::Window), 0);
    }
}
