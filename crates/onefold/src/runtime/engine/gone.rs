//! A topic that is deleted while it is read, or made again under its name. The log's client tells of the one late (librdkafka
//! when it refreshes its metadata, every five minutes), and until then nothing more comes, and commits are refused; and of the
//! other never: it reads on in the new topic where it was in the old one. So it is asked.

use std::time::Duration;

use super::Engine;
use crate::log::LogError;
use crate::record::TopicId;

/// How often it is looked for.
const QUIET_MS: u64 = 5_000;
/// And how often while commits are refused, or it was not found.
const WORRIED_MS: u64 = 1_000;
/// Not found for so long it is gone: a broker that has just started may not know it yet.
const GONE_MS: u64 = 5_000;
const ASK: Duration = Duration::from_millis(200);

#[derive(Default)]
pub(super) struct Gone {
    asked_ms: u64,
    /// A commit was refused since it was asked.
    worried: bool,
    /// Since when it is not found.
    since_ms: Option<u64>,
}

impl Gone {
    pub(super) fn worry(&mut self) {
        self.worried = true;
    }

    fn is_due(&self, now: u64) -> bool {
        let every = if self.worried || self.since_ms.is_some() { WORRIED_MS } else { QUIET_MS };
        now.saturating_sub(self.asked_ms) >= every
    }
}

impl Engine {
    /// # Errors
    /// The topic is gone, or another one has its name.
    pub(super) fn refuse_gone(&mut self) -> Result<(), String> {
        let now = self.clock.now_ms();
        if !self.gone.is_due(now) {
            return Ok(());
        }
        (self.gone.asked_ms, self.gone.worried) = (now, false);
        match self.log.partitions(ASK) {
            Err(LogError::NoTopic(_)) => {}
            Ok(_) => {
                self.gone.since_ms = None;
                return self.refuse_another();
            }
            // Says nothing about the topic; nor does what was heard before.
            Err(_) => {
                self.gone.since_ms = None;
                return Ok(());
            }
        }
        let since = *self.gone.since_ms.get_or_insert(now);
        if now - since < GONE_MS { Ok(()) } else { Err(self.it_is_gone()) }
    }

    /// # Errors
    /// Another topic has the name of the one that this started with.
    pub(super) fn refuse_another(&mut self) -> Result<(), String> {
        let known = self.report.topic_id;
        match self.log.topic_id(ASK) {
            Ok(now) if now != known && now != TopicId::default() && known != TopicId::default() => Err(format!(
                "the topic {} was deleted and made again while this ran. The new one was read on from where the old one \
                 stood, so what comes before that did not run. Start this again: it takes no position in the old topic \
                 for one in the new one",
                self.topic
            )),
            _ => Ok(()),
        }
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
