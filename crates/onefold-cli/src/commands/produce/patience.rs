//! A broker that acknowledges nothing is waited for, and it is said so: it may be gone.

use crate::console::say;
use std::time::{Duration, Instant};

/// Nothing was acknowledged for so long.
const LONG: Duration = Duration::from_secs(5);

#[derive(Default)]
pub struct Patience {
    acknowledged: u64,
    /// Since when something is outstanding and nothing comes.
    since: Option<Instant>,
    is_said: bool,
}

impl Patience {
    pub fn look(&mut self, acknowledged: u64, outstanding: usize) {
        if let Some(text) = self.text(Instant::now(), acknowledged, outstanding) {
            say(&text);
        }
    }

    fn text(&mut self, now: Instant, acknowledged: u64, outstanding: usize) -> Option<String> {
        let came = acknowledged != self.acknowledged || outstanding == 0;
        self.acknowledged = acknowledged;
        if came {
            self.since = None;
            return std::mem::take(&mut self.is_said).then(|| "the broker answers again".to_owned());
        }
        let waits = now.duration_since(*self.since.get_or_insert(now)) >= LONG;
        if !waits || std::mem::replace(&mut self.is_said, true) {
            return None;
        }
        let lines = super::lines_are(outstanding as u64);
        Some(format!(
            "waiting for the broker: {lines} not acknowledged. It is gone, or refuses them for now, as with a full disk: it says so \
         where it runs. A line is given up after 5 minutes"
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silence_is_told_once_and_its_end_too() {
        let (mut patience, began) = (Patience::default(), Instant::now());
        let mut at = |second, acknowledged, outstanding| {
            patience.text(began + Duration::from_secs(second), acknowledged, outstanding)
        };
        assert_eq!((at(0, 0, 0), at(60, 0, 0)), (None, None), "nothing was sent");
        assert_eq!((at(61, 0, 1), at(65, 0, 1)), (None, None), "not yet");
        let said = at(66, 0, 1).expect("said");
        assert!(said.starts_with("waiting for the broker: 1 line is not acknowledged"), "{said}");
        assert_eq!(at(67, 0, 2), None, "once");
        assert_eq!(at(68, 1, 1).as_deref(), Some("the broker answers again"));
        assert_eq!((at(69, 1, 1), at(73, 1, 1)), (None, None), "a silence begins anew");
        assert!(at(74, 1, 1).is_some());
    }
}
