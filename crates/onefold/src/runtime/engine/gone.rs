//! A topic that is deleted while it is read, or made again under its name. The log's client tells of the one late (librdkafka
//! when it refreshes its metadata, every five minutes), and until then nothing more comes, and commits are refused; and of the
//! other never: it reads on in the new topic where it was in the old one. So the topic's id is asked for.
//!
//! Whoever asks does not wait: the answer may take as long as the network does. Until it comes nothing is known, which is
//! never taken for "the same": while it runs, the question stays open and is asked again after each answer; at the end of
//! a drain it is asked once more, and the drain ends well only with an answer ([`Engine::may_leave`]).

use std::time::Duration;

use super::Engine;
use crate::log::LogError;
use crate::record::TopicId;

/// How often it is looked for.
const QUIET_MS: u64 = 5_000;
/// And how often while commits are refused, or the last answer did not say where the topic is.
const WORRIED_MS: u64 = 1_000;
/// Not found for so long it is gone: a broker that has just started may not know it yet.
const GONE_MS: u64 = 5_000;
/// So long a drain that is through waits to be told that the topic is still the one it read: longer than [`GONE_MS`], so
/// that a topic that is gone is called so.
const DRAINED_MS: u64 = 8_000;
/// And who was told to stop: it promises nothing about the topic, and the next start compares the ids itself.
const STOPPED_MS: u64 = 500;

/// At the end the answer is all that is waited for, a little at a time: there are signals to hear.
const SOON: Duration = Duration::from_millis(50);

#[derive(Default)]
pub(super) struct Gone {
    asked_ms: u64,
    /// Asked, and not answered.
    is_open: bool,
    /// A commit was refused since it was asked, or the answer said nothing.
    worried: bool,
    /// Since when it is not found.
    since_ms: Option<u64>,
    /// When the question was asked whose answer was last that it is the same.
    same_ms: Option<u64>,
    /// When the way out began: what was asked before says nothing about the time until then.
    leaves_ms: Option<u64>,
}

/// What an answer says.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// The topic that was there at the start; or the cluster gives topics no ids.
    Same,
    Nothing,
    Another,
    /// There is none of that name, and not for a moment only.
    None,
}

impl Gone {
    pub(super) fn worry(&mut self) {
        self.worried = true;
    }

    fn is_due(&self, now: u64) -> bool {
        let every = if self.worried || self.since_ms.is_some() { WORRIED_MS } else { QUIET_MS };
        !self.is_open && now.saturating_sub(self.asked_ms) >= every
    }

    fn asks(&mut self, now: u64) {
        (self.asked_ms, self.worried, self.is_open) = (now, false, true);
    }

    fn hear(&mut self, now: u64, known: TopicId, told: &Result<TopicId, LogError>) -> Seen {
        self.is_open = false;
        match told {
            Err(LogError::NoTopic(_)) => {
                let since = *self.since_ms.get_or_insert(now);
                if now - since < GONE_MS { Seen::Nothing } else { Seen::None }
            }
            // Says nothing about the topic; nor does what was heard before.
            Err(_) => {
                (self.since_ms, self.worried) = (None, true);
                Seen::Nothing
            }
            Ok(id) => {
                self.since_ms = None;
                if *id != known && *id != TopicId::UNKNOWN && known != TopicId::UNKNOWN {
                    return Seen::Another;
                }
                self.same_ms = Some(self.asked_ms);
                Seen::Same
            }
        }
    }
}

impl Engine {
    /// The regular look. An answer that is late is heard when it comes, and the next question is asked after it.
    ///
    /// # Errors
    /// The topic is gone, or another one has its name.
    pub(super) fn refuse_gone(&mut self) -> Result<(), String> {
        self.look_for_topic(Duration::ZERO)
    }

    fn look_for_topic(&mut self, wait: Duration) -> Result<(), String> {
        let now = self.clock.now_ms();
        if self.gone.is_due(now) {
            self.gone.asks(now);
            self.log.ask_topic_id();
        }
        if !self.gone.is_open {
            return Ok(());
        }
        let Some(told) = self.log.told_topic_id(wait).transpose() else { return Ok(()) };
        match self.gone.hear(now, self.report.topic_id, &told) {
            Seen::Same | Seen::Nothing => Ok(()),
            Seen::Another => Err(self.it_is_another()),
            Seen::None => Err(self.it_is_gone()),
        }
    }

    /// Whether the way out may begin: when the topic is known to be the same, or when that was waited for in vain. A drain
    /// that is through says with its end that all of this topic is done, so without an answer it does not end well. Who is
    /// stopped, or fails anyhow, says nothing of the kind and waits but a moment.
    ///
    /// # Errors
    /// The topic is gone, or another one has its name.
    pub(super) fn may_leave(&mut self) -> Result<bool, String> {
        let now = self.clock.now_ms();
        let since = match self.gone.leaves_ms {
            Some(since) => since,
            None => {
                self.gone.leaves_ms = Some(now);
                self.gone.asks(now);
                self.log.ask_topic_id();
                now
            }
        };
        self.look_for_topic(SOON)?;
        if self.gone.same_ms.is_some_and(|asked| asked >= since) {
            return Ok(true);
        }
        let promises = self.ending.ends_well();
        let late = now - since >= if promises { DRAINED_MS } else { STOPPED_MS };
        if late && promises {
            self.ending.fail(format!(
                "all is done, but the cluster did not tell within {} s whether the topic {} is still the one that was read, \
                 or was deleted and made again meanwhile. Nothing is lost: start it again to see",
                DRAINED_MS / 1000,
                self.topic
            ));
        } else if late {
            tracing::debug!(pipeline = self.plan.name(), "it leaves without knowing whether its topic was made again");
        }
        Ok(late)
    }

    fn it_is_another(&self) -> String {
        format!(
            "the topic {} was deleted and made again while this ran. The new one was read on from where the old one \
             stood, so what comes before that did not run. Start this again: it takes no position in the old topic \
             for one in the new one",
            self.topic
        )
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

#[cfg(test)]
mod tests {
    use super::*;

    const ID: TopicId = TopicId([1; 16]);

    fn missing() -> Result<TopicId, LogError> {
        Err(LogError::NoTopic("t".into()))
    }

    fn away() -> Result<TopicId, LogError> {
        Err(LogError::Unreachable("away".into()))
    }

    #[test]
    fn it_is_gone_only_when_it_was_missing_all_the_time() {
        for between in [Ok(ID), away()] {
            let mut gone = Gone::default();
            assert_eq!(gone.hear(1_000, ID, &missing()), Seen::Nothing);
            assert_eq!(gone.hear(5_900, ID, &missing()), Seen::Nothing);
            // What was heard before says nothing any more.
            assert_ne!(gone.hear(5_950, ID, &between), Seen::None);
            assert_eq!(gone.hear(6_000, ID, &missing()), Seen::Nothing, "missing since now, after {between:?}");
            assert_eq!(gone.hear(10_999, ID, &missing()), Seen::Nothing);
            assert_eq!(gone.hear(11_000, ID, &missing()), Seen::None);
        }
    }

    #[test]
    fn no_answer_is_asked_again_soon_and_never_taken_for_the_same() {
        let mut gone = Gone::default();
        assert!(gone.is_due(QUIET_MS) && !gone.is_due(QUIET_MS - 1));
        gone.asks(QUIET_MS);
        assert!(!gone.is_due(100_000), "the question is open");
        assert_eq!(gone.hear(100_000, ID, &away()), Seen::Nothing);
        assert!(gone.is_due(100_000));
        gone.asks(100_000);
        assert_eq!(gone.hear(100_100, ID, &Ok(ID)), Seen::Same);
        assert!(!gone.is_due(100_000 + QUIET_MS - 1) && gone.is_due(100_000 + QUIET_MS));
        gone.asks(200_000);
        assert_eq!(gone.hear(200_000, ID, &away()), Seen::Nothing);
        assert!(!gone.is_due(200_000 + WORRIED_MS - 1) && gone.is_due(200_000 + WORRIED_MS));
    }

    #[test]
    fn another_id_is_another_topic_where_there_are_ids() {
        let mut gone = Gone::default();
        assert_eq!(gone.hear(0, ID, &Ok(TopicId([2; 16]))), Seen::Another);
        assert_eq!(gone.hear(0, TopicId::UNKNOWN, &Ok(ID)), Seen::Same);
        assert_eq!(gone.hear(0, ID, &Ok(TopicId::UNKNOWN)), Seen::Same);
    }
}
