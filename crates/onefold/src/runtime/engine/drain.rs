//! The end: what is to be reached before it, and the way out.

use std::collections::BTreeMap;
use std::time::Duration;

use onefold_core::guarantee::Protocol;

use super::Engine;
use super::elsewhere::{Elsewhere, Others};

/// How a run comes to its end.
#[derive(Default)]
pub(super) struct Ending {
    /// `--drain`: the end of each partition when the drain began.
    pub(super) targets: Option<BTreeMap<i32, i64>>,
    pub(super) others: Others,
    /// Every target is passed by commits; what they passed is still to run.
    runs_out: bool,
    /// It cannot end well, for this reason; what was done is committed all the same.
    fails: Option<String>,
    /// A drain that is through: its end says that all is done.
    is_drained: bool,
    /// Partitions went without their last positions.
    left_uncommitted: bool,
    /// Since the group answers no commit while it waits for a member.
    in_vain: bool,
    /// Records whose positions were committed, and that were given up before they ran.
    lost: usize,
    /// Records that were sent to be committed before they run, which nobody answered.
    unsure: usize,
    stage: Stage,
}

#[derive(Default, PartialEq)]
enum Stage {
    #[default]
    Running,
    /// Asked to stop, or drained; goes when it knows that its topic is still the same.
    Stopping,
    /// Gives up by itself what it has, then leaves the group.
    Leaving { deadline_ms: u64, has_left: bool },
}

/// Longest way out: the revoke's own deadline and a little.
const LEAVE_MS: u64 = 15_000;
pub(super) const ASK: Duration = Duration::from_secs(10);

impl Ending {
    /// Asked to, whatever was waited for. A drain that is through says so with its end, whoever asks for that meanwhile.
    pub(super) fn stop(&mut self) {
        self.is_drained &= self.has_begun();
        if self.stage == Stage::Running {
            self.stage = Stage::Stopping;
        }
    }

    fn drained(&mut self) {
        self.stop();
        self.is_drained = true;
    }

    /// Whether its end says that all is done.
    pub(super) fn ends_well(&self) -> bool {
        self.is_drained && self.fails.is_none()
    }

    pub(super) fn fail(&mut self, why: String) {
        self.fails.get_or_insert(why);
    }

    pub(super) fn note_uncommitted(&mut self, in_vain: bool) {
        self.left_uncommitted = true;
        self.in_vain |= in_vain;
    }

    pub(super) fn note_unsure(&mut self, records: usize) {
        self.unsure += records;
    }

    pub(super) fn note_lost(&mut self, records: usize) {
        self.lost += records;
    }

    pub(super) fn takes_no_more(&self) -> bool {
        self.has_begun() || self.runs_out
    }

    /// Asked to stop, or drained.
    pub(super) fn has_begun(&self) -> bool {
        self.stage != Stage::Running
    }
}

impl Engine {
    /// Before the first poll: what a drain is to reach.
    pub(super) fn begin(&mut self) -> Result<(), String> {
        self.look_at_window();
        if self.report.drains {
            let mut targets = BTreeMap::new();
            for partition in self.log.partitions(ASK).map_err(|error| error.to_string())? {
                let bounds = self.log.bounds(partition, ASK).map_err(|error| error.to_string())?;
                if bounds.end > bounds.earliest {
                    targets.insert(partition, bounds.end);
                }
            }
            self.ending.targets = Some(targets);
        }
        if matches!(self.worker, super::Worker::Sink(_)) {
            // An earlier run may have left verdicts behind.
            self.relay.want();
        }
        Ok(())
    }

    /// Goes towards the end where there is one; whether it is reached.
    pub(super) fn is_over(&mut self) -> Result<bool, String> {
        let now = self.clock.now_ms();
        if let Some(refused) = self.relay.refused.take() {
            return Err(refused);
        }
        match self.ending.stage {
            Stage::Running => {
                if self.is_drained() {
                    self.ending.drained();
                }
                Ok(false)
            }
            Stage::Stopping => {
                if !self.may_leave()? {
                    return Ok(false);
                }
                self.ending.stage = Stage::Leaving { deadline_ms: now + LEAVE_MS, has_left: false };
                self.give_up_all();
                Ok(false)
            }
            Stage::Leaving { deadline_ms, has_left } => {
                // Only then: while the group shares anew, librdkafka postpones this until that is over, and waiting for a
                // member that is gone may take minutes.
                if !has_left && self.has_given_up() {
                    self.ending.stage = Stage::Leaving { deadline_ms, has_left: true };
                    self.log.leave();
                }
                self.has_left(now >= deadline_ms)
            }
        }
    }

    fn has_given_up(&self) -> bool {
        self.owned.is_empty() && self.revoking.is_none()
    }

    /// Whether all is given up that was held, or `late`.
    fn has_left(&mut self, late: bool) -> Result<bool, String> {
        let left = self.has_given_up() && !self.commits.is_under_way();
        if left && (self.relay.is_idle() || self.ending.fails.is_some()) {
            return match self.ending.fails.take() {
                Some(why) => Err(why),
                None if self.ending.left_uncommitted || self.ending.lost > 0 => self.leave_undone(false),
                None => Ok(true),
            };
        }
        let goes_anyway = !self.report.drains && left && self.relay.problem.is_some();
        if goes_anyway || late { self.leave_undone(left) } else { Ok(false) }
    }

    /// The way out took too long. A drain that ends well has left nothing behind; who is told to stop goes on later.
    fn leave_undone(&self, left: bool) -> Result<bool, String> {
        if self.ending.lost > 0 {
            return Err(format!(
                "{} records did not run before it ended and will not: at most once commits before it runs. What waits for a \
                 sink that is down is lost with a stop; to keep it, declare `guarantee = \"at-least-once\"`",
                self.ending.lost
            ));
        }
        if self.ending.unsure > 0 {
            return Err(format!(
                "the cluster did not answer the last commit before it ended. If it counts all the same, {} records are \
                 passed that did not run: at most once commits before it runs",
                self.ending.unsure
            ));
        }
        let what = match (&self.relay.problem, left) {
            (Some(problem), _) => problem.clone(),
            (None, true) => "dead letters that are stored are not all published".to_owned(),
            (None, false) if self.ending.in_vain => format!(
                "group {} shares its partitions anew, waits for a member that does not answer, and answers no commit before \
                 that is over, so what was done since the last one that it answered may run again",
                self.plan.group
            ),
            (None, false) => "partitions could not be given up with their positions committed".to_owned(),
        };
        let undone = format!("it ended with work left undone: {what}. Nothing is lost: start it again to go on");
        if self.report.drains {
            return Err(undone);
        }
        tracing::warn!(pipeline = self.plan.name(), "{undone}");
        Ok(true)
    }

    /// Whether every partition has passed its target and nothing is parked, or never will.
    fn is_drained(&mut self) -> bool {
        let Some(targets) = &self.ending.targets else { return false };
        if self.flood.is_on() {
            self.ending.fails =
                Some(self.report.systemic.clone().unwrap_or_else(|| "many keys die of one cause".into()));
            return true;
        }
        let passed = |partition: &i32, target: &i64| {
            self.owned.get(partition).is_some_and(|owned| owned.progress.position() >= *target)
        };
        let halted = &self.report.halted;
        let is_open =
            |(partition, target): &(&i32, &i64)| !halted.contains_key(partition) && !passed(partition, target);
        let open: Vec<i32> = targets.iter().filter(is_open).map(|(partition, _)| *partition).collect();
        if open.iter().any(|partition| self.owned.contains_key(partition)) || !self.starting.partitions.is_empty() {
            self.ending.runs_out = false;
            self.moves_elsewhere();
            return false;
        }
        let mine_is_done = self.lanes.parked().records == 0 && self.relay.is_idle() && self.has_run_what_it_passed();
        if !mine_is_done {
            return false;
        }
        let went_astray = match self.look_elsewhere(&open) {
            Elsewhere::Open => return false,
            Elsewhere::Passed => None,
            Elsewhere::Astray(why) => Some(why),
        };
        // The others have gone on to their ends; what is halted keeps the drain from ending well.
        let halted = self.report.halted.iter().next();
        let halted = halted.map(|(partition, reason)| format!("partition {partition} is halted: {reason}"));
        self.ending.fails = went_astray.or(halted);
        true
    }

    /// Where commits go first, a position that is passed says nothing about what has run.
    fn has_run_what_it_passed(&mut self) -> bool {
        if self.protocol != Protocol::CommitFirst {
            return true;
        }
        self.ending.runs_out = true;
        self.commits.awaiting() == 0 && !self.commits.is_under_way() && self.lanes.is_empty()
    }
}
