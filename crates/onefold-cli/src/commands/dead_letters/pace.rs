//! How far a long reading is, told every few seconds: a topic may be named by mistake, and have very many records.

use crate::console::say;
use indicatif::HumanCount;
use std::time::{Duration, Instant};

/// Between two times.
const EVERY: Duration = Duration::from_secs(5);

pub struct Pace<'a> {
    topic: &'a str,
    /// Records between the beginnings and the ends of the partitions, those that are gone from between them included.
    all: u64,
    read: u64,
    told: Instant,
}

impl<'a> Pace<'a> {
    pub fn new(topic: &'a str, all: u64) -> Pace<'a> {
        Pace { topic, all, read: 0, told: Instant::now() }
    }

    pub fn read_one(&mut self) {
        self.read += 1;
        // A look at the clock costs more than the rest of this.
        if self.read.is_multiple_of(64)
            && let Some(text) = self.text(Instant::now())
        {
            say(&text);
        }
    }

    fn text(&mut self, now: Instant) -> Option<String> {
        if now.duration_since(self.told) < EVERY {
            return None;
        }
        self.told = now;
        let (read, all) = (HumanCount(self.read), HumanCount(self.all));
        Some(format!("read {read} of {all} records of {}", self.topic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reading_is_told_at_a_gentle_pace() {
        let mut pace = Pace::new("orders", 2_000_000);
        let began = pace.told;
        let told: Vec<String> = (0..12)
            .filter_map(|second| {
                pace.read += 100_000;
                pace.text(began + Duration::from_secs(second))
            })
            .collect();
        assert_eq!(
            told,
            ["read 600,000 of 2,000,000 records of orders", "read 1,100,000 of 2,000,000 records of orders"]
        );
    }
}
