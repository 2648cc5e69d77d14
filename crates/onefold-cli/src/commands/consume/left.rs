//! When `consume` ends by itself: after so many records, or with `--drain` at the ends that there were.

use super::Options;
use crate::console::say;
use crate::exit::{Done, Failure, OrFailed};
use crate::kafka::offsets::Ends;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// How long a member of a group waits for partitions of its own: longer than a dead member's session lasts.
const SHARE: Duration = Duration::from_secs(60);

/// What is still to come before the command ends by itself.
pub struct Left {
    max: Option<u64>,
    pub printed: u64,
    /// With --drain: partitions whose end at the start is not reached, and that end.
    ends: Option<BTreeMap<i32, i64>>,
}

impl Left {
    pub fn new(options: &Options, partitions: &[Ends]) -> Left {
        let open = partitions.iter().filter(|ends| ends.end > ends.earliest);
        let ends = options.drain.then(|| open.map(|ends| (ends.partition, ends.end)).collect());
        Left { max: options.max, printed: 0, ends }
    }

    pub fn took(&mut self, partition: i32, offset: i64, is_printed: bool) {
        self.printed += u64::from(is_printed);
        if let Some(ends) = &mut self.ends
            && ends.get(&partition).is_some_and(|end| offset + 1 >= *end)
        {
            ends.remove(&partition);
        }
    }

    pub fn reached_end(&mut self, partition: i32) {
        if let Some(ends) = &mut self.ends {
            ends.remove(&partition);
        }
    }

    /// Partitions that other members of the group read are theirs to drain. `owned` is when this one had some last.
    pub fn leave_to_others(&mut self, consumer: &BaseConsumer, options: &Options, owned: &mut Instant) -> Done {
        let Some(ends) = &mut self.ends else { return Ok(()) };
        let assignment = consumer.assignment().or_failed("cannot ask for the assignment")?;
        let mine: Vec<i32> = assignment.elements().iter().map(|element| element.partition()).collect();
        if mine.is_empty() {
            let waited = owned.elapsed() > SHARE;
            let why =
                || format!("other members of the group read all partitions of {}: nothing is left", options.topic);
            return if waited { Err(Failure::failed(why())) } else { Ok(()) };
        }
        *owned = Instant::now();
        let others: Vec<String> = ends.keys().filter(|one| !mine.contains(one)).map(i32::to_string).collect();
        if !others.is_empty() {
            say(&format!("partitions left to other members of the group: {}", others.join(", ")));
            ends.retain(|partition, _| mine.contains(partition));
        }
        Ok(())
    }

    pub fn is_done(&self) -> bool {
        self.max.is_some_and(|max| self.printed >= max) || self.ends.as_ref().is_some_and(BTreeMap::is_empty)
    }
}
