//! Groups in the air: begun, on their way to the disk, and not yet known to be durable.
//!
//! Small ones go one at a time, so that what comes in meanwhile goes out together. Large ones overlap: while the disk takes
//! one, the next is put together and sent after it. A crash may then keep the later and lose the earlier, which the journal's
//! reader takes for the torn tail that it is. So they land in the order in which they began: of a group that has another
//! one before it in the air nobody is answered, and no reader sees anything.

use super::engine::{Engine, Journal, Synced};
use super::sequencer::Queued;
use super::{LogStopped, Planted, lock};
use crate::crash_point;
use crate::disk::is_full;
use crate::journal::{Framed, GroupWrite, Writer};
use onefold_broker_core::Lsn;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

/// So many groups are in the air at once: one that the disk takes, one that is put together.
const AT_ONCE: u64 = 2;
/// A group begins beside another one when it is as large as that.
const LARGE_BYTES: usize = 512 << 10;
/// How often who waits for its turn looks whether the log has stopped.
const LOOK_FOR_STOP: Duration = Duration::from_millis(100);

/// Which groups are in the air, by numbers in the order of their beginning.
#[derive(Debug, Default)]
pub(super) struct Air {
    begun: u64,
    landed: u64,
    /// Those below do not count: there was no space for one before them, and they are begun again after it.
    void_below: u64,
    /// Who waits for its turn: to wake nobody costs a call into the kernel.
    waiting: u64,
}

impl Air {
    pub(super) fn is_empty(&self) -> bool {
        self.begun == self.landed
    }
}

/// A group in the air.
pub(super) struct Flight {
    number: u64,
    queued: Vec<Queued>,
    framed: Vec<Framed>,
    write: GroupWrite,
    last: Lsn,
    /// Of its batches.
    bytes: usize,
}

impl Flight {
    /// How many records it holds.
    pub(super) fn records(&self) -> usize {
        self.framed.len()
    }

    fn run(&self, retried: bool) -> io::Result<()> {
        match self.write.run(&self.framed) {
            Err(_) if retried => self.write.sync_again(),
            result => result,
        }
    }
}

/// What came of asking for a group.
pub(super) enum Begun {
    /// Nothing is queued.
    Nothing,
    /// What is queued waits until a group lands.
    Later,
    /// To be flown.
    Flight(Flight),
}

impl Engine {
    /// Writes one group of what is queued and makes it durable, then lets readers see it and releases those who wait.
    ///
    /// # Errors
    /// As [`Engine::sync`].
    pub(super) fn step(&self) -> Result<Synced, LogStopped> {
        let begun = self.begin(&mut lock(&self.journal), LARGE_BYTES)?;
        match begun {
            Begun::Nothing => Ok(Synced::Nothing),
            Begun::Later => Ok(Synced::Later),
            Begun::Flight(flight) => self.fly(flight),
        }
    }

    /// Whether so much is queued that it should go beside what is in the air.
    pub(super) fn wants_another(&self) -> bool {
        self.air_bytes.load(Ordering::Relaxed) > 0 && self.waiting_bytes() >= LARGE_BYTES
    }

    /// Bytes of batches that are queued and not in the air yet.
    pub(super) fn waiting_bytes(&self) -> usize {
        let air = self.air_bytes.load(Ordering::Relaxed);
        self.queued_bytes.load(Ordering::Relaxed).saturating_sub(air)
    }

    /// Gives the next group its place, by whoever has the journal.
    pub(super) fn begin(&self, journal: &mut Journal, large: usize) -> Result<Begun, LogStopped> {
        if let Some(stopped) = self.durability.stopped() {
            return Err(stopped);
        }
        if !journal.air.is_empty() && !self.may_overlap(journal, large) {
            return Ok(Begun::Later);
        }
        journal.waiting.extend(lock(&self.sequencer).take());
        journal.last_group = journal.waiting.len();
        let Some(first) = journal.waiting.front().map(frame) else { return Ok(Begun::Nothing) };
        if first.length() as u64 > journal.writer.room() {
            // All of a file is durable before the next one begins, and a file grows by one group at a time.
            if !journal.air.is_empty() {
                return Ok(Begun::Later);
            }
            self.next_file(journal);
        }
        Ok(Begun::Flight(self.take_off(journal, first)))
    }

    /// Writes a group that was begun, and lands it.
    pub(super) fn fly(&self, mut flight: Flight) -> Result<Synced, LogStopped> {
        let _alarm = Alarm(self);
        if self.settings.defect.is(Planted::AckBeforeSync) {
            self.publish(&mut flight);
            self.durability.raise(flight.last);
        }
        let written = self.write(&flight);
        self.land(flight, written)
    }

    fn write(&self, flight: &Flight) -> io::Result<()> {
        crash_point!("journal.before_write");
        let written = flight.run(self.settings.defect.is(Planted::FailedSyncRetried));
        match &written {
            Ok(()) => crash_point!("journal.synced_before_ack"),
            Err(error) if is_full(error) => {}
            // At once: a group before this one may land meanwhile, or give up its place and have this one begun again.
            Err(error) => drop(self.stop(&format!("the journal could not be written and synced ({error})"))),
        }
        written
    }

    /// Not the first group of a file, which brings its header; and not while the disk is full, when some may have to be
    /// begun again.
    fn may_overlap(&self, journal: &Journal, large: usize) -> bool {
        let in_air = journal.air.begun - journal.air.landed;
        let free = journal.retired.is_empty() && !self.full.writer.load(Ordering::Relaxed);
        in_air < AT_ONCE && free && self.waiting_bytes() >= large
    }

    fn take_off(&self, journal: &mut Journal, first: Framed) -> Flight {
        let (room, length) = (journal.writer.room(), first.length() as u64);
        // Where no file is ready, the one in use grows.
        let most = self.settings.group_bytes;
        let limit = if length > room { most } else { room.min(most) };
        let mut left = limit.saturating_sub(length);
        let mut framed = vec![first];
        for queued in journal.waiting.iter().skip(1) {
            let next = frame(queued);
            let Some(less) = left.checked_sub(next.length() as u64) else { break };
            left = less;
            framed.push(next);
        }
        let queued: Vec<Queued> = journal.waiting.drain(..framed.len()).collect();
        let last = queued.last().map_or(Lsn::NONE, |queued| queued.stamp.lsn);
        let bytes = queued.iter().map(|queued| queued.batch_bytes).sum();
        let too_high = self.settings.defect.is(Planted::DurableTooHigh);
        let durable = if too_high { last } else { self.durability.lsn() };
        let write = journal.writer.begin_group(&framed, durable);
        self.writer_room.store(journal.writer.room(), Ordering::Relaxed);
        self.air_bytes.fetch_add(bytes, Ordering::Relaxed);
        journal.air.begun += 1;
        Flight { number: journal.air.begun - 1, queued, framed, write, last, bytes }
    }

    /// Takes the next prepared file. Without one the file in use grows, which is slower but never wrong.
    fn next_file(&self, journal: &mut Journal) {
        let Some(ready) = lock(&self.files).ready.pop_front() else { return };
        let old = journal.writer.retire();
        journal.writer = Writer::begin(ready, self.identity, old.last, self.settings.defect);
        journal.retired.push(old);
    }

    /// Ends a flight, after all that began before it.
    fn land(&self, mut flight: Flight, written: io::Result<()>) -> Result<Synced, LogStopped> {
        let mut journal = self.wait_for_turn(&flight)?;
        // Before it is out of the queue: meanwhile it counts as waiting, and nobody is promised its room.
        if flight.number >= journal.air.void_below {
            self.air_bytes.fetch_sub(flight.bytes, Ordering::Relaxed);
        }
        let landed = self.landed(&mut journal, &mut flight, written);
        journal.air.landed += 1;
        let others_wait = journal.air.waiting > 0;
        drop(journal);
        if others_wait {
            self.turn.notify_all();
        }
        if matches!(landed, Ok(Synced::Group)) {
            self.durability.raise(flight.last);
        }
        landed
    }

    /// Returns when nothing is in the air, or the log has stopped.
    pub(super) fn wait_until_landed(&self) {
        let mut journal = lock(&self.journal);
        while !journal.air.is_empty() && self.durability.stopped().is_none() {
            journal = self.wait_for_landing(journal);
        }
    }

    fn wait_for_turn(&self, flight: &Flight) -> Result<MutexGuard<'_, Journal>, LogStopped> {
        let mut journal = lock(&self.journal);
        while journal.air.landed < flight.number && !self.settings.defect.is(Planted::LandsOutOfTurn) {
            if let Some(stopped) = self.durability.stopped() {
                return Err(stopped);
            }
            journal = self.wait_for_landing(journal);
        }
        Ok(journal)
    }

    fn wait_for_landing<'a>(&self, mut journal: MutexGuard<'a, Journal>) -> MutexGuard<'a, Journal> {
        journal.air.waiting += 1;
        let waited = self.turn.wait_timeout(journal, LOOK_FOR_STOP);
        journal = waited.unwrap_or_else(PoisonError::into_inner).0;
        journal.air.waiting -= 1;
        journal
    }

    fn landed(
        &self,
        journal: &mut Journal,
        flight: &mut Flight,
        written: io::Result<()>,
    ) -> Result<Synced, LogStopped> {
        if let Some(stopped) = self.durability.stopped() {
            return Err(stopped);
        }
        if flight.number < journal.air.void_below && !self.settings.defect.is(Planted::LandsOverAGap) {
            give_back(journal, flight);
            return Ok(Synced::NoSpace);
        }
        match written {
            Ok(()) => {
                self.full.writer.store(false, Ordering::Relaxed);
                self.publish(flight);
                if !journal.retired.is_empty() {
                    let mut files = lock(&self.files);
                    files.old.extend(journal.retired.drain(..));
                    files.current = journal.writer.sequence();
                }
                Ok(Synced::Group)
            }
            Err(error) if is_full(&error) => {
                self.full.writer.store(true, Ordering::Relaxed);
                journal.writer.rewind(&flight.write);
                journal.air.void_below = journal.air.begun;
                // Whatever is still in the air has to be written again.
                self.air_bytes.store(0, Ordering::Relaxed);
                self.writer_room.store(journal.writer.room(), Ordering::Relaxed);
                give_back(journal, flight);
                Ok(Synced::NoSpace)
            }
            Err(error) => Err(self.stop(&format!("the journal could not be written and synced ({error})"))),
        }
    }

    /// Readers see the group from now on.
    fn publish(&self, flight: &mut Flight) {
        let mut bytes = 0;
        for queued in flight.queued.drain(..) {
            self.partitions.publish(&queued.stamp, &queued.record);
            bytes += queued.batch_bytes;
        }
        self.queued_bytes.fetch_sub(bytes, Ordering::Relaxed);
    }
}

/// Stops the log when a group is lost to a panic: whoever waits for it to land would wait for ever otherwise.
struct Alarm<'a>(&'a Engine);

impl Drop for Alarm<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.stop("writing the journal panicked: report this as a bug, with this process's output");
        }
    }
}

/// What was in the air waits again, in its place by LSN: one that began later may be back before or after it.
fn give_back(journal: &mut Journal, flight: &mut Flight) {
    let Some(first) = flight.queued.first().map(|queued| queued.stamp.lsn) else { return };
    let at = journal.waiting.partition_point(|waiting| waiting.stamp.lsn < first);
    let mut later = journal.waiting.split_off(at);
    journal.waiting.extend(flight.queued.drain(..));
    journal.waiting.append(&mut later);
}

fn frame(queued: &Queued) -> Framed {
    let mut parts = Vec::new();
    queued.record.encode_parts(&mut parts);
    Framed { stamp: queued.stamp, parts }
}

/// What tests drive by hand.
#[cfg(any(test, feature = "sim"))]
impl Engine {
    /// [`Engine::sync`] of two groups in the air at once, the later one of which is on the disk first.
    ///
    /// # Errors
    /// As [`Engine::sync`].
    pub fn sync_overlapping(&self, queue_more: impl FnOnce()) -> Result<Synced, LogStopped> {
        let Begun::Flight(first) = self.begin(&mut lock(&self.journal), 0)? else { return Ok(Synced::Nothing) };
        queue_more();
        let Begun::Flight(second) = self.begin(&mut lock(&self.journal), 0)? else { return self.fly(first) };
        let second_written = self.write(&second);
        if self.settings.defect.is(Planted::LandsOutOfTurn) {
            self.land(second, second_written)?;
            return self.fly(first);
        }
        let first_written = self.write(&first);
        // Both land, whatever comes of the first.
        let landed = self.land(first, first_written);
        self.land(second, second_written).and(landed)
    }
}
