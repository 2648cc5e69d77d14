//! One owner's view of a partition: what it found, what it notes, and who may run.

use super::note::{Note, Tried};

/// The measures of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct SuspectsSettings {
    /// A record that ended the process so often while it ran alone is dead. At least 1.
    pub crashes: u32,
    /// After one end without a word: it is noted no further ahead of reading than so.
    pub window: i64,
    /// After one end without a word: the window holds until the position has come so far.
    pub watched: i64,
    /// After two: no more records than this are unsettled, or may come, up to what is noted, until the suspects are
    /// through. They are those that run alone after one more.
    pub few: i64,
}

impl SuspectsSettings {
    /// The measures of pipelines, for records that are dead after so many crashes.
    ///
    /// A window costs a durable note each time that half of it is settled. The first one holds for as long as a pipeline
    /// may need to finish what was in flight, and is wide; the second one only for what is in the first, and what it
    /// holds costs a durable note each and keeps everything else quiet: it is small.
    pub const fn crashes(crashes: u32) -> SuspectsSettings {
        let crashes = if crashes == 0 { 1 } else { crashes };
        SuspectsSettings { crashes, window: 512, watched: 32_768, few: 8 }
    }
}

/// After so many ends in a row only a few records run at a time.
const FEW: u32 = 2;
/// After so many: one.
const ALONE: u32 = 3;

/// What is to be done with a suspect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// It is to run, alone: [`Suspects::begin`], once everything else is quiet.
    Run,
    /// It ended the process so many times: it is dead, and is not run.
    Dead { deaths: u32 },
}

/// Who may run in one partition, from its assignment until it is given up.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Suspects {
    settings: SuspectsSettings,
    mode: Mode,
    note: Note,
    /// Counts what the note said; the first one is 1.
    version: u64,
    durable: u64,
    /// The first offset that may not be taken in yet.
    limit: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Mode {
    /// Nothing is known against anybody.
    Calm,
    /// After one end or two: it is noted how far reading goes, until the position is here.
    Watched { until: i64 },
    /// After three: suspects, one after the other.
    Careful(Turn),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Turn {
    Nobodys,
    /// It runs alone, or will when the note is durable.
    Runs(i64),
    /// It came back, and is not settled: it runs again later, or is buried.
    Rests(i64),
}

impl Suspects {
    /// Takes the partition over at `position`, in a log that ends at `end`. `before`: the note that was found. The new
    /// note has to be durable before the first record runs.
    pub fn opened(before: Option<Note>, position: i64, end: i64, settings: SuspectsSettings) -> Suspects {
        let (note, mode) = judge(before, position, end, settings);
        let limit = if mode == Mode::Calm { i64::MAX } else { position };
        let mut opened = Suspects { settings, mode, note, version: 1, durable: 0, limit };
        opened.end_if_through(position);
        opened
    }

    /// Where nothing is delivered twice, nothing can kill twice: there is nothing to note.
    pub fn unwatched(settings: SuspectsSettings) -> Suspects {
        let note = Note::calm(0);
        Suspects { settings, mode: Mode::Calm, note, version: 0, durable: 0, limit: i64::MAX }
    }

    /// What is to be durable, and which version of it this is.
    pub fn note(&self) -> (u64, Note) {
        (self.version, self.note)
    }

    /// Whether what the note says now is durable.
    pub fn is_durable(&self) -> bool {
        self.durable == self.version
    }

    /// Nothing is to be watched: records come and run as they do without all this.
    pub fn is_calm(&self) -> bool {
        self.mode == Mode::Calm && self.limit == i64::MAX
    }

    /// Suspects run a few at a time, beside whatever else runs.
    pub fn is_wary(&self) -> bool {
        matches!(self.mode, Mode::Watched { .. }) && self.note.ends >= FEW
    }

    /// Suspects run one after the other.
    pub fn is_careful(&self) -> bool {
        matches!(self.mode, Mode::Careful(_))
    }

    /// The first offset that may not be taken in yet. It only ever rises.
    pub fn limit(&self) -> i64 {
        self.limit
    }

    /// The note of this version is durable, and so is this position.
    pub fn durable(&mut self, version: u64, position: i64) {
        self.durable = self.durable.max(version);
        if matches!(self.mode, Mode::Watched { until } if position >= until) && !self.is_wary() {
            // The note says the same as a calm one now: whoever finds it sees that the position moved.
            (self.mode, self.limit) = (Mode::Calm, i64::MAX);
        }
        if self.is_durable() {
            self.limit = self.limit.max(match self.mode {
                Mode::Calm => i64::MAX,
                Mode::Watched { .. } => self.note.horizon,
                Mode::Careful(Turn::Runs(offset)) => offset + 1,
                Mode::Careful(_) => self.limit,
            });
        }
    }

    /// Reading came to `next`, the offset of the record that waits or is awaited, in a log that ends at `end`; so many
    /// records before it are not settled, and may run or wait for no other record. Notes more room while the partition is watched.
    pub fn reached(&mut self, next: i64, unsettled: usize, end: i64) {
        if !matches!(self.mode, Mode::Watched { .. }) || !self.is_durable() {
            return;
        }
        // What is parked for long must not hold up its whole partition after a single end, which may be anybody's.
        let (window, unsettled) =
            if self.is_wary() { (self.settings.few, unsettled) } else { (self.settings.window, 0) };
        let room = window.saturating_sub(i64::try_from(unsettled).unwrap_or(i64::MAX)).max(0);
        let (noted, horizon) = (self.note.horizon, next.saturating_add(room).min(end));
        // A note for each record would cost more than they do; without any, nothing would come.
        let is_worth_it = horizon >= noted.saturating_add(window / 2) || next >= noted;
        if horizon > noted && is_worth_it {
            self.write(|note| note.horizon = horizon);
        }
    }

    /// What becomes of the suspect at `offset`, the lowest one that is unsettled. `None`: nothing now.
    pub fn call(&self, offset: i64) -> Option<Call> {
        let Mode::Careful(Turn::Nobodys | Turn::Rests(_)) = self.mode else { return None };
        let deaths = self.deaths(offset);
        Some(if deaths >= self.settings.crashes { Call::Dead { deaths } } else { Call::Run })
    }

    /// Everything else is quiet: this one is noted, and runs when the note is durable.
    pub fn begin(&mut self, offset: i64) {
        if self.call(offset) == Some(Call::Run) {
            let deaths = self.deaths(offset) + 1;
            self.mode = Mode::Careful(Turn::Runs(offset));
            self.write(|note| note.tried = Some(Tried { offset, deaths }));
        }
    }

    /// It is dead by what was noted: it may be taken in, to be buried without running.
    pub fn bury(&mut self, offset: i64) {
        if matches!(self.call(offset), Some(Call::Dead { .. })) {
            self.mode = Mode::Careful(Turn::Rests(offset));
            self.limit = self.limit.max(offset + 1);
        }
    }

    /// Whether the record at `offset`, which was taken in, may run now.
    pub fn may_run(&self, offset: i64) -> bool {
        match self.mode {
            Mode::Calm | Mode::Watched { .. } => true,
            Mode::Careful(turn) => turn == Turn::Runs(offset) && self.is_durable(),
        }
    }

    /// The suspect whose turn it is; whether it runs, or is about to.
    pub fn turn(&self) -> Option<(i64, bool)> {
        match self.mode {
            Mode::Careful(Turn::Runs(offset)) => Some((offset, true)),
            Mode::Careful(Turn::Rests(offset)) => Some((offset, false)),
            _ => None,
        }
    }

    /// The suspect came back from its run and is not settled: whatever ends the process now is not charged to it.
    pub fn rests(&mut self, offset: i64) {
        if self.mode == Mode::Careful(Turn::Runs(offset)) {
            self.mode = Mode::Careful(Turn::Rests(offset));
            let deaths = self.deaths(offset) - 1;
            self.write(|note| note.tried = (deaths > 0).then_some(Tried { offset, deaths }));
        }
    }

    /// Records were settled, and the position is here now.
    pub fn settled(&mut self, position: i64) {
        if matches!(self.turn(), Some((offset, _)) if offset < position) {
            self.mode = Mode::Careful(Turn::Nobodys);
            self.write(|note| note.tried = None);
        }
        self.end_if_through(position);
    }

    /// The owner leaves in order, with nothing running. What is known against suspects is kept for the next one.
    pub fn close(&mut self) {
        if self.version == 0 {
            return;
        }
        if let Mode::Watched { until } = self.mode
            && self.is_wary()
            && self.note.horizon != until
        {
            // Of the set nobody ended anything; those beyond it were in flight, too, at the end before.
            self.write(|note| note.horizon = until);
        }
        if let Mode::Careful(Turn::Runs(offset)) = self.mode {
            self.rests(offset);
        }
        if self.note.is_open {
            self.write(|note| note.is_open = false);
        }
    }

    /// For models: of the versions, only whether the newest is durable tells states apart.
    #[cfg(test)]
    pub(super) fn forget_count(&mut self) {
        let behind = u64::from(!self.is_durable());
        let newest = self.version.min(2);
        (self.version, self.durable) = (newest, newest - behind.min(newest));
    }

    fn end_if_through(&mut self, position: i64) {
        let suspects_end = match self.mode {
            Mode::Careful(_) => self.note.horizon,
            Mode::Watched { until } if self.is_wary() => until,
            _ => return,
        };
        if position >= suspects_end {
            self.mode = Mode::Calm;
            self.write(|note| *note = Note::calm(position));
        }
    }

    fn deaths(&self, offset: i64) -> u32 {
        self.note.tried.filter(|tried| tried.offset == offset).map_or(0, |tried| tried.deaths)
    }

    fn write(&mut self, change: impl FnOnce(&mut Note)) {
        change(&mut self.note);
        self.version += 1;
    }
}

/// What the ends of earlier owners say.
fn judge(before: Option<Note>, position: i64, end: i64, settings: SuspectsSettings) -> (Note, Mode) {
    let calm = (Note::calm(position), Mode::Calm);
    // A position that went back was moved by a person, or with its database: the note is about another time.
    let Some(before) = before.filter(|before| before.start <= position) else { return calm };
    let ends = ends_in_a_row(&before, position, end);
    let tried = before.tried.filter(|tried| ends >= ALONE && tried.offset >= position);
    let note = |horizon| Note { is_open: true, start: position, ends, horizon, tried };
    let ahead = |count: i64| position.saturating_add(count).min(end);
    match ends {
        0 => calm,
        1 => (note(ahead(settings.window)), Mode::Watched { until: ahead(settings.watched) }),
        FEW => (note(ahead(settings.few)), Mode::Watched { until: before.horizon.min(end) }),
        _ => (note(before.horizon), Mode::Careful(Turn::Nobodys)),
    }
}

/// How many owners ended without a word, the last one included, since anything spoke for what was in flight.
fn ends_in_a_row(before: &Note, position: i64, end: i64) -> u32 {
    // Suspects stay suspects until the position has passed them all, however owners come and go meanwhile.
    if before.ends >= FEW && position < before.horizon {
        // A record that was tried alone was so after two ends, by releases that knew no sets.
        let is_narrowed = before.is_open || before.tried.is_some();
        return before.ends.saturating_add(u32::from(is_narrowed)).min(ALONE);
    }
    let in_flight = position < if before.ends == 0 { end } else { before.horizon };
    match position > before.start {
        // An owner that left in order left nothing in flight.
        true => u32::from(before.is_open && position < end),
        // It is no evidence against anybody where nobody can have run.
        false => before.ends.saturating_add(u32::from(before.is_open && in_flight)).min(ALONE),
    }
}
