//! A member of a group that gets no partition says what it waits for: behind one that was killed, that takes as long as the
//! dead one's session, and looks as if nothing happened.

use super::Options;
use crate::console::{count, say};
use crate::kafka::offsets::{self, Group};
use rdkafka::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use std::time::{Duration, Instant};

/// Joining takes less, where nobody is waited for.
const PATIENCE: Duration = Duration::from_secs(3);
const LOOK: Duration = Duration::from_millis(500);

/// Since when there is no partition, and whether that is said.
pub struct Waiting {
    since: Instant,
    looked: Instant,
    is_said: bool,
}

impl Waiting {
    pub fn new() -> Waiting {
        Waiting { since: Instant::now(), looked: Instant::now(), is_said: false }
    }

    /// Says it once for each time without partitions.
    pub fn look(&mut self, consumer: &BaseConsumer, client: &ClientConfig, group: &str, options: &Options) {
        if self.looked.elapsed() < LOOK {
            return;
        }
        self.looked = Instant::now();
        if consumer.assignment().is_ok_and(|held| held.count() > 0) {
            *self = Waiting::new();
        } else if self.since.elapsed() >= PATIENCE && !std::mem::replace(&mut self.is_said, true) {
            // A broker that does not answer is told elsewhere.
            let found = offsets::groups_within(client, Some(group), Duration::from_secs(1)).unwrap_or_default();
            let why = text(&options.topic, group, found.first());
            say(&format!("{why}\n  to see         {}", options.place.describe_group(group)));
        }
    }
}

fn text(topic: &str, group: &str, found: Option<&Group>) -> String {
    let waits = format!("waiting for partitions of {topic}");
    let Some(found) = found else { return format!("{waits}: the group {group} has given none yet") };
    match (found.state.as_str(), found.members.len() as u64) {
        ("Stable", members @ 2..) => {
            format!("{waits}: the group {group} has {}, and the others read all of them", count(members, "member"))
        }
        (state, members @ 2..) => format!(
            "{waits}: the group {group} ({state}) has {}, and waits for one of the others; one that was killed is \
             waited for until its session is over, as a rule 45 s after its end",
            count(members, "member")
        ),
        (state, _) => format!("{waits}: the group {group} ({state}) has given none yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_is_told_by_the_state_of_the_group() {
        let member = offsets::Member { id: "a".into(), client: "c".into(), host: "/h".into(), held: vec![] };
        let group = |state: &str, members| Group {
            name: "g".into(),
            state: state.into(),
            protocol: "range".into(),
            members: vec![member.clone(); members],
        };
        let told = |group: &Group| text("t", "g", Some(group));
        assert!(
            told(&group("PreparingRebalance", 2)).contains("(PreparingRebalance) has 2 members, and waits for one")
        );
        assert!(told(&group("Stable", 3)).ends_with("has 3 members, and the others read all of them"));
        assert!(told(&group("CompletingRebalance", 1)).ends_with("(CompletingRebalance) has given none yet"));
        assert_eq!(text("t", "g", None), "waiting for partitions of t: the group g has given none yet");
    }
}
