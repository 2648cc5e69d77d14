//! What was said of who cannot be reached. librdkafka has many words for one outage, and says them many times a second: an
//! outage is a line at its begin and one at its end. But a cluster that is back and refuses the password is another
//! matter than one that was down, and is to be heard of.

use std::collections::{BTreeMap, BTreeSet};

use super::report::Whose;

/// Another reason for an absence that goes on is said no sooner than so long after the last line of it. And an absence that
/// nobody looks after, since another one came between, is over when nothing was heard of it for so long.
const AGAIN_MS: u64 = 30_000;
/// So many reasons are said of one absence.
const REASONS: usize = 8;

/// Whose absence was said, and not yet that it is over.
#[derive(Default)]
pub(super) struct Absences(BTreeMap<Whose, Absence>);

struct Absence {
    /// Those that were said.
    reasons: BTreeSet<String>,
    said_ms: u64,
    heard_ms: u64,
}

impl Absences {
    /// Whether this is to be said. `last`: whose absence is looked after until now; of others it is not noticed that they
    /// are over.
    pub(super) fn is_news(&mut self, now: u64, last: Option<Whose>, whose: Whose, why: &str) -> bool {
        self.0.retain(|of, absence| Some(*of) == last || now < absence.heard_ms + AGAIN_MS);
        let is_known = self.0.contains_key(&whose);
        let begin = || Absence { reasons: BTreeSet::new(), said_ms: now, heard_ms: now };
        let absence = self.0.entry(whose).or_insert_with(begin);
        absence.heard_ms = now;
        let may_say = now >= absence.said_ms + AGAIN_MS && absence.reasons.len() < REASONS;
        let is_news = !is_known || may_say && !absence.reasons.contains(why);
        if is_news {
            absence.said_ms = now;
            absence.reasons.insert(why.to_owned());
        }
        is_news
    }

    /// It is over; whether it was said.
    pub(super) fn end(&mut self, whose: Whose) -> bool {
        self.0.remove(&whose).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::Whose::{Cluster, Sink};
    use super::*;

    #[test]
    fn many_words_for_one_outage_are_said_once() {
        let mut absences = Absences::default();
        let mut said = |nth: u64| absences.is_news(nth * 60, Some(Cluster), Cluster, &format!("words {}", nth % 5));
        assert_eq!((0..30).filter(|nth| said(*nth)).collect::<Vec<_>>(), [0]);
    }

    #[test]
    fn another_reason_is_said_once_and_later() {
        let mut absences = Absences::default();
        let mut said = |now, why: &str| absences.is_news(now, Some(Cluster), Cluster, why);
        assert!(said(1_000, "no broker answers") && !said(1_000 + AGAIN_MS - 1, "authentication refused"));
        assert!(said(1_000 + AGAIN_MS, "authentication refused"), "it was not said before");
        assert!(!said(10 * AGAIN_MS, "no broker answers") && !said(10 * AGAIN_MS, "authentication refused"));
    }

    #[test]
    fn reasons_without_end_are_said_a_few_times() {
        let mut absences = Absences::default();
        let said = |nth: &u64| absences.is_news(nth * AGAIN_MS, Some(Cluster), Cluster, &nth.to_string());
        assert_eq!((0..100).filter(said).count(), REASONS);
    }

    #[test]
    fn two_that_come_in_turns_are_said_once_each() {
        let (mut absences, mut last, mut lines) = (Absences::default(), None, 0);
        for nth in 0..200 {
            let whose = if nth % 2 == 0 { Cluster } else { Sink };
            lines += u32::from(absences.is_news(nth * 1_000, last, whose, "away"));
            last = Some(whose);
        }
        assert_eq!(lines, 2);
    }

    #[test]
    fn the_next_outage_is_said_anew() {
        let mut absences = Absences::default();
        assert!(absences.is_news(0, None, Cluster, "away") && absences.end(Cluster) && !absences.end(Cluster));
        assert!(absences.is_news(1, None, Cluster, "away"));
        // The sink's came between, so nobody noticed when the cluster was back.
        assert!(absences.is_news(2, Some(Cluster), Sink, "away") && absences.end(Sink));
        assert!(absences.is_news(1 + AGAIN_MS, None, Cluster, "away"));
    }
}
