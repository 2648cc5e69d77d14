//! Where a partition starts to read.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use onefold_core::guarantee::Protocol;
use onefold_core::progress::{Ignored, METADATA_BYTES, PartitionProgress, Room, Saved};
use onefold_core::suspects::{Note, Suspects, SuspectsSettings};

use super::Engine;
use super::owned::Owned;
use super::report::Whose;
use super::suspects::Watch;
use crate::boundary::sink::{Claimed, NoteAt, SinkError};
use crate::log::{Bounds, CommittedAt, LogError};
use crate::pipeline::start::Start;

/// How long the cluster may take to answer before it is asked again.
const ASK: Duration = Duration::from_secs(10);

impl Engine {
    /// Starts the partitions that were assigned; those that cannot start yet are tried again.
    pub(super) fn start_waiting(&mut self) -> Result<(), String> {
        let is_due = !self.starting.partitions.is_empty() && self.clock.now_ms() >= self.starting.not_before_ms;
        let started = match self.starting.claiming.take() {
            Some(claiming) => self.go_on_claiming(claiming),
            None if is_due => self.start(&self.starting.partitions.clone()),
            None => return Ok(()),
        };
        match started {
            Ok(true) => {
                self.report.reached(self.plan.name(), Whose::Sink);
                Ok(())
            }
            Ok(false) => Ok(()),
            Err(StartError::Later(whose, why)) => {
                self.is_unreachable(whose, why);
                self.starting.not_before_ms = self.clock.now_ms() + 1000;
                Ok(())
            }
            Err(StartError::Never(why)) => Err(why),
        }
    }

    /// Whether they have started: what is claimed in a sink starts when it is.
    fn start(&mut self, partitions: &[i32]) -> Result<bool, StartError> {
        let committed = self.log.committed(partitions, ASK)?;
        let mut starts = Vec::new();
        for at in committed {
            let bounds = self.log.bounds(at.partition, ASK)?;
            starts.push((at, bounds));
        }
        if self.protocol.position_is_in_sink() {
            return self.claim(starts);
        }
        let positions = self.positions_in_commits(&starts)?;
        self.read_from(positions, starts)?;
        Ok(true)
    }

    /// Reads each partition from its position.
    pub(super) fn read_from(
        &mut self,
        positions: Vec<Position>,
        starts: Vec<(CommittedAt, Bounds)>,
    ) -> Result<(), StartError> {
        let mut starts = starts;
        if let Err(why) = self.look_again(&positions, &mut starts) {
            self.close_unread(positions);
            return Err(why.into());
        }
        let mut reading = Vec::new();
        let partitions: Vec<i32> = starts.iter().map(|(at, _)| at.partition).collect();
        for (position, (at, bounds)) in positions.into_iter().zip(starts) {
            let behind = self.is_behind(&at, position.start);
            if let Some(problem) = out_of_range(&position, bounds) {
                self.halt(position.partition, problem);
                continue;
            }
            if position.suspects.is_durable() {
                reading.push((position.partition, position.start));
            }
            self.own(position, bounds, behind);
        }
        if let Err(why) = self.log.start(&reading) {
            // They are taken over anew, which must not look like an end of this process.
            self.leave_notes(&partitions);
            partitions.iter().for_each(|partition| self.disown(*partition));
            return Err(why.into());
        }
        partitions.iter().for_each(|partition| self.starting.remove(*partition));
        Ok(())
    }

    /// The owner before may have gone on while the claim waited: the end is another by now. What is noted of it is not durable
    /// then, and goes into the sink before anything is read.
    fn look_again(&mut self, positions: &[Position], starts: &mut [(CommittedAt, Bounds)]) -> Result<(), LogError> {
        for (position, (_, bounds)) in positions.iter().zip(starts) {
            if position.start > bounds.end {
                *bounds = self.log.bounds(position.partition, ASK)?;
            }
        }
        Ok(())
    }

    fn own(&mut self, position: Position, bounds: Bounds, behind: Option<i64>) {
        let room = match self.protocol.position_is_in_sink() {
            true => Room::Store,
            false => Room::Metadata { bytes: METADATA_BYTES },
        };
        let (number, start) = (self.assignments.next_number(), position.start);
        let progress = PartitionProgress::assigned(number, self.report.topic_id, start, position.saved, room);
        let owned = Owned {
            progress,
            epoch: position.epoch,
            reached: start,
            end: bounds.end,
            running: 0,
            committed: None,
            held: Arc::new(AtomicBool::new(true)),
            paused: Default::default(),
            limit: position.suspects.limit(),
            watch: Watch::of(position.suspects, self.clock.now_ms()),
            behind,
        };
        // What is not read yet waits for the note, which goes with the first commit.
        self.careful.watch(self.plan.name(), position.partition, &owned);
        if self.notes_travel() {
            self.commits.dirty();
        }
        self.report.halted.remove(&position.partition);
        self.owned.insert(position.partition, owned);
    }

    fn positions_in_commits(&mut self, starts: &[(CommittedAt, Bounds)]) -> Result<Vec<Position>, StartError> {
        let mut positions = Vec::new();
        for (at, bounds) in starts {
            let (partition, topic_id) = (at.partition, self.report.topic_id);
            let position = match at.offset {
                Some(committed) => {
                    let read = Saved::read(at.metadata.as_deref(), topic_id, committed, at.leader_epoch);
                    let start = match read {
                        Err(Ignored::OtherTopic) => self.start_of_another(partition, committed, *bounds),
                        _ => committed,
                    };
                    let saved = read.ok();
                    let found = saved.as_ref().and_then(|saved| saved.note);
                    let found = found.map(|note| self.careful.as_left(partition, note));
                    let suspects = self.take_over(found, start, bounds.end);
                    Position { partition, start, saved, epoch: 0, suspects }
                }
                None => {
                    let start = self.configured_start(partition, *bounds)?;
                    let suspects = self.take_over(None, start, bounds.end);
                    Position { partition, start, saved: None, epoch: 0, suspects }
                }
            };
            positions.push(position);
        }
        Ok(positions)
    }

    /// A run that did not notice that its topic was made again has committed a position in the old one. All of the new one
    /// runs, some of it perhaps again; where nothing may run again, the commit stands.
    fn start_of_another(&self, partition: i32, committed: i64, bounds: Bounds) -> i64 {
        let start = if self.protocol == Protocol::CommitFirst { committed } else { bounds.earliest };
        tracing::warn!(
            pipeline = self.plan.name(),
            "group {} has committed {}/{partition} up to {committed} in another topic of that name, which was deleted: it \
             begins at {start}",
            self.plan.group,
            self.topic
        );
        start
    }

    pub(super) fn suspects_settings(&self) -> SuspectsSettings {
        SuspectsSettings::crashes(self.plan.retry.crashes)
    }

    fn take_over(&self, before: Option<Note>, start: i64, end: i64) -> Suspects {
        match self.notes_travel() {
            true => Suspects::opened(before, start, end, self.suspects_settings()),
            false => Suspects::unwatched(self.suspects_settings()),
        }
    }

    pub(super) fn configured_start(&mut self, partition: i32, bounds: Bounds) -> Result<i64, LogError> {
        match self.plan.start {
            Start::Earliest => Ok(bounds.earliest),
            Start::Latest => Ok(bounds.end),
            Start::Timestamp(at_ms) => self.log.offset_for_time(partition, at_ms, ASK),
        }
    }

    /// Somebody moved the group's offset with a tool, and would wonder why nothing happens: the sink's own position counts.
    pub(super) fn remark_on_foreign_commit(&self, at: &CommittedAt, claim: &Claimed) {
        let Some(offset) = at.offset.filter(|_| !Saved::is_ours(at.metadata.as_deref())) else { return };
        let (group, topic, partition) = (&self.plan.group, &self.topic, at.partition);
        let quoted = |name: &str| format!("'{}'", name.replace('\'', "''"));
        let row = format!("[group] = {} AND topic = {} AND partition = {partition}", quoted(group), quoted(topic));
        tracing::warn!(
            "group {group} has a committed offset {offset} for {topic}/{partition} that Onefold did not write; it is \
             not used, since the sink holds the position ({}). To move that, while no member runs: BEGIN; DELETE FROM \
             onefold_done WHERE {row}; UPDATE onefold_position SET next_offset = {offset} WHERE {row}; COMMIT. Events \
             whose ids are in onefold_ids do not run again",
            claim.next_offset
        );
    }
}

/// Where a partition starts.
pub(super) struct Position {
    partition: i32,
    start: i64,
    saved: Option<Saved>,
    epoch: i64,
    suspects: Suspects,
}

impl Position {
    /// What is to be noted where nothing of it will run, if anything was.
    pub(super) fn closed(mut self) -> Option<NoteAt> {
        if !self.suspects.is_durable() {
            return None;
        }
        self.suspects.close();
        let (_, note) = self.suspects.note();
        Some(NoteAt { partition: self.partition, epoch: self.epoch, note })
    }

    pub(super) fn of_claim(claim: Claimed) -> Position {
        let saved = Saved { base: claim.next_offset, leader_epoch: claim.leader_epoch, runs: claim.done, note: None };
        Position {
            partition: claim.partition,
            start: claim.next_offset,
            saved: Some(saved),
            epoch: claim.epoch,
            suspects: claim.suspects,
        }
    }
}

/// A position outside of the log is never moved by itself: what lies between would be lost, or run twice.
fn out_of_range(position: &Position, bounds: Bounds) -> Option<String> {
    let start = position.start;
    if start < bounds.earliest {
        Some(format!(
            "the position {start} is below the earliest record {}: retention has deleted {} that were not handled. \
             Move the position to {} to go on without them",
            bounds.earliest,
            bounds.earliest - start,
            bounds.earliest
        ))
    } else if start > bounds.end {
        Some(format!(
            "the position {start} is beyond the end of the log {}: the log was cut or replaced. Move the position to \
             where reading should go on",
            bounds.end
        ))
    } else {
        None
    }
}

/// Why a partition does not start.
pub(super) enum StartError {
    Later(Whose, String),
    Never(String),
}

impl From<LogError> for StartError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Unreachable(why) => StartError::Later(Whose::Cluster, why),
            error => StartError::Never(error.to_string()),
        }
    }
}

impl From<SinkError> for StartError {
    fn from(error: SinkError) -> Self {
        match error {
            SinkError::Down(why) => StartError::Later(Whose::Sink, why),
            SinkError::Foreign(why) | SinkError::Setup(why) => StartError::Never(why),
        }
    }
}
