//! A topic that is deleted while it is read. The log's client tells of it late (librdkafka when it refreshes its metadata,
//! every five minutes), and until then nothing more comes, and commits are refused: so it is asked.

use std::time::Duration;

use super::Engine;
use crate::log::LogError;

/// How often it is looked for while nothing comes.
const QUIET_MS: u64 = 5_000;
/// And while commits are refused, or it was not found.
const WORRIED_MS: u64 = 1_000;
/// Not found for so long it is gone: a broker that has just started may not know it yet.
const GONE_MS: u64 = 5_000;
const ASK: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(super) struct Gone {
    asked_ms: u64,
    /// Delivered by then.
    delivered: u64,
    /// A commit was refused since it was asked.
    worried: bool,
    /// Since when it is not found.
    since_ms: Option<u64>,
}

impl Gone {
    pub(super) fn worry(&mut self) {
        self.worried = true;
    }

    fn is_due(&mut self, now: u64, delivered: u64) -> bool {
        // What comes from it shows that it is there.
        if std::mem::replace(&mut self.delivered, delivered) != delivered && !self.worried {
            self.asked_ms = now;
        }
        let every = if self.worried || self.since_ms.is_some() { WORRIED_MS } else { QUIET_MS };
        now.saturating_sub(self.asked_ms) >= every
    }
}

impl Engine {
    /// # Errors
    /// The topic is gone.
    pub(super) fn refuse_gone(&mut self) -> Result<(), String> {
        let now = self.clock.now_ms();
        if !self.gone.is_due(now, self.counters.delivered) {
            return Ok(());
        }
        (self.gone.asked_ms, self.gone.worried) = (now, false);
        match self.log.partitions(ASK) {
            Err(LogError::NoTopic(_)) => {}
            Ok(_) => {
                self.gone.since_ms = None;
                return Ok(());
            }
            // Says nothing about the topic.
            Err(_) => return Ok(()),
        }
        let since = *self.gone.since_ms.get_or_insert(now);
        if now - since < GONE_MS { Ok(()) } else { Err(self.it_is_gone()) }
    }

    /// It was there when this started.
    pub(super) fn it_is_gone(&self) -> String {
        format!(
            "the topic {0} is there no more: it was deleted while this ran. What of it was not done is gone with it, and so \
             are the positions in it: a topic {0} that is made again is another one",
            self.topic
        )
    }
}
