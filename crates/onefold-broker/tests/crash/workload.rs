//! A mixed workload on one thread, from a seed: topics come and go, producers retry, offsets are committed, records
//! deleted, files rolled, checkpointed and recycled, syncs fail, the disk fills up, the broker is killed and started.

mod transactions;

use crate::check::{self, Decide, FOLDER};
use crate::model::Model;
use bytes::Bytes;
use fastrand::Rng;
use onefold_broker::disk::sim::{Faults, Lost, SimDisk, World};
use onefold_broker::log::{Engine, Follows, LogSettings, Now};
use onefold_broker_core::batch::{BatchBuilder, Header, patch};
use onefold_broker_core::produce::Decision;
use onefold_broker_core::{Append, CommittedOffset, Lsn, Record, Stamp, State, TopicId, TopicPartition};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard};

/// Called with the disk before each effect.
pub type Watch = Arc<Mutex<dyn FnMut(u64, &World, &Model) -> Result<(), String> + Send>>;

pub struct Workload {
    rng: Rng,
    settings: LogSettings,
    decide: Decide,
    disk: SimDisk,
    model: Arc<Mutex<Model>>,
    watch: Watch,
    failed: Arc<Mutex<Option<String>>>,
    /// How many topics there have been: each has an id of its own.
    topics: u8,
    full: bool,
}

impl Workload {
    pub fn new(seed: u64, settings: LogSettings, decide: Decide, watch: Watch) -> Workload {
        let model = Arc::new(Mutex::new(Model::new()));
        let (disk, rng) = (SimDisk::default(), Rng::with_seed(seed));
        let mut workload =
            Workload { rng, settings, decide, disk, model, watch, failed: Arc::default(), topics: 0, full: false };
        workload.make_folder();
        workload
    }

    /// Runs so many steps; the first broken promise ends it.
    pub fn run(mut self, steps: usize) -> Result<(), String> {
        let mut engine = self.open()?;
        for step in 0..steps {
            let again = self.step(&engine)?;
            let failed = self.failed.lock().expect("unpoisoned").take();
            if let Some(why) = failed {
                return Err(format!("step {step}: {why}"));
            }
            if let Some(lost) = again {
                engine = self.restart(engine, lost).map_err(|why| format!("step {step}, started again: {why}"))?;
            }
        }
        Ok(())
    }

    /// One step; what is lost when it ends in a crash of the broker.
    fn step(&mut self, engine: &Arc<Engine>) -> Result<Option<Lost>, String> {
        match self.rng.u8(..100) {
            0..=11 => self.produce(engine, None),
            12..=17 => self.transaction(engine),
            18..=39 => self.produce_idempotent(engine),
            40..=42 => self.change_group(engine),
            43..=62 => return Ok(self.sync(engine)),
            63..=67 => self.commit_offsets(engine),
            68..=71 => self.create_topic(engine),
            72..=73 => self.delete_topic(engine),
            74..=77 => self.delete_records(engine),
            78..=79 => self.reserve_ids(engine),
            80..=84 => return Ok(self.background(engine.flush().and_then(|()| engine.sync_ahead().map(drop)))),
            85..=86 => return Ok(self.background(engine.trim())),
            87..=91 => return Ok(self.checkpoint(engine)),
            92..=96 => drop(engine.prepare_file()),
            97 if self.rng.bool() => return Ok(self.fail_a_sync(engine)),
            97 if self.rng.bool() => return Ok(self.refuse_a_write(engine)),
            97 => self.fill_or_free(),
            98 if self.rng.bool() => return Ok(Some(Lost::Nothing)),
            98 => {}
            99 if self.rng.bool() => return Ok(Some([Lost::All, Lost::Memory, Lost::Any][self.rng.usize(..3)])),
            _ => {}
        }
        Ok(None)
    }

    fn open(&mut self) -> Result<Arc<Engine>, String> {
        self.hook();
        let disk = Arc::new(self.disk.clone());
        let engine =
            Engine::open(disk, Path::new(FOLDER), self.settings.clone()).map_err(|e| format!("refused: {e}"))?;
        let engine = Arc::new(engine);
        let mut model = self.model();
        let last = check::found(&engine, &model, self.decide)?;
        model.cut(last);
        let (lsn, epoch) = engine.view(|state, _| (state.lsn(), state.leader_epoch()));
        while model.state().lsn() < lsn {
            let next = model.state().leader_epoch() + 1;
            model.started(next);
        }
        model.epoch = epoch;
        model.engine = Some(engine.clone());
        drop(model);
        Ok(engine)
    }

    fn restart(&mut self, engine: Arc<Engine>, lost: Lost) -> Result<Arc<Engine>, String> {
        self.model().let_go();
        drop(engine);
        self.full = false;
        let world = self.disk.world().crash(lost, &mut self.rng);
        self.disk = SimDisk::of(world);
        self.open()
    }

    fn hook(&self) {
        let (model, watch, failed) = (self.model.clone(), self.watch.clone(), self.failed.clone());
        self.disk.on_effect(Box::new(move |number, world| {
            let mut failed = failed.lock().expect("unpoisoned");
            if failed.is_none() {
                let model = model.lock().expect("unpoisoned");
                let outcome = (watch.lock().expect("unpoisoned"))(number, world, &model);
                *failed = outcome.err().map(|why| format!("before effect {number}: {why}"));
            }
        }));
    }

    fn make_folder(&mut self) {
        use onefold_broker::disk::Disk;
        self.disk.create_dir(Path::new(FOLDER)).expect("the folder");
        self.disk.sync_dir(Path::new("/")).expect("the folder");
    }

    fn model(&self) -> MutexGuard<'_, Model> {
        self.model.lock().expect("unpoisoned")
    }

    fn sequence(&self, engine: &Engine, decide: impl FnOnce(&State, Now) -> Option<Record>) -> Option<Lsn> {
        let mut made = None;
        let outcome = engine.sequence(|state, now| {
            let record = decide(state, now);
            let stamp = Stamp { lsn: state.lsn().next(), start_epoch: state.leader_epoch(), time_ms: now.time_ms };
            made = record.clone().map(|record| (stamp, record));
            ((), record)
        });
        outcome.ok()?;
        let (stamp, record) = made?;
        self.model().push(stamp, record);
        Some(stamp.lsn)
    }

    fn any_partition(&mut self) -> Option<TopicPartition> {
        let model = self.model.clone();
        let model = model.lock().expect("unpoisoned");
        let topics: Vec<_> = model.state().topics().map(|topic| (topic.id, topic.partitions.len())).collect();
        let (id, partitions) = *self.rng.choice(&topics)?;
        Some(TopicPartition::new(id, self.rng.i32(0..partitions as i32)))
    }

    fn produce(&mut self, engine: &Engine, producer: Option<(i64, i32)>) {
        let Some(at) = self.any_partition() else { return self.create_topic(engine) };
        self.produce_to(engine, at, producer);
    }

    fn produce_to(&mut self, engine: &Engine, at: TopicPartition, producer: Option<(i64, i32)>) {
        let size = if self.rng.u8(..30) == 0 { 20_000 } else { self.rng.usize(10..2500) };
        let value: Vec<u8> = std::iter::repeat_with(|| self.rng.u8(..)).take(size).collect();
        let mut builder = BatchBuilder::new().records(self.rng.i32(1..4), 1_700_000_000_000, &value);
        if let Some((id, sequence)) = producer {
            builder = builder.producer(id, 0, sequence);
        }
        let mut bytes = builder.build();
        let decide = self.decide;
        self.sequence(engine, |state, _| {
            let header = Header::parse(&bytes).expect("a batch");
            let Decision::Append { base_offset } = decide(state, at, &header) else { return None };
            patch(&mut bytes, base_offset, state.leader_epoch());
            Some(Record::Appended(vec![Append { at, base_offset, batch: Bytes::from(bytes) }]))
        });
    }

    fn produce_idempotent(&mut self, engine: &Engine) {
        let Some(at) = self.any_partition() else { return self.create_topic(engine) };
        let ids = self.model().greatest_id + 1;
        if ids == 0 {
            return self.reserve_ids(engine);
        }
        // Few, so that their windows fill.
        let id = self.rng.i64(0..ids.min(3));
        let sent: Vec<Header> = {
            let model = self.model();
            let all = model.batches(at, model.state().lsn());
            all.iter().rev().map(|(header, _)| *header).filter(|header| header.producer_id == id).take(5).collect()
        };
        if self.rng.u8(..4) == 0
            && let Some(header) = self.rng.choice(&sent)
        {
            return self.retry(engine, at, header);
        }
        let next = sent.first().map_or(0, |header| header.last_sequence() + 1);
        self.produce_to(engine, at, Some((id, next)));
    }

    /// One of the last five batches comes again: it has its first offset, and nothing is appended.
    fn retry(&self, engine: &Engine, at: TopicPartition, header: &Header) {
        let known = matches!(engine.view(|state, _| (self.decide)(state, at, header)),
            Decision::Duplicate { base_offset, .. } if base_offset == header.base_offset);
        if !known {
            *self.failed.lock().expect("unpoisoned") = Some(format!("{at:?}: a retry is appended again: {header:?}"));
        }
    }

    fn sync(&mut self, engine: &Engine) -> Option<Lost> {
        // As the thread that prepares files would, now and then in between.
        if self.rng.u8(..3) == 0 {
            let _ = engine.prepare_file();
        }
        let synced = match self.rng.u8(..3) {
            0 => engine.sync_overlapping(|| self.produce(engine, None)),
            _ => engine.sync(),
        };
        match synced {
            Ok(_) => None,
            // Stopped for good: only a new start helps.
            Err(_) => Some(if self.rng.bool() { Lost::Nothing } else { Lost::Any }),
        }
    }

    /// A background failure that is not a full disk's ends the broker.
    fn background(&mut self, outcome: std::io::Result<()>) -> Option<Lost> {
        let error = outcome.err().filter(|error| !onefold_broker::disk::is_full(error))?;
        if !error.to_string().contains("sync failed") {
            *self.failed.lock().expect("unpoisoned") = Some(format!("nothing was to fail here: {error}"));
        }
        Some(Lost::Nothing)
    }

    fn checkpoint(&mut self, engine: &Engine) -> Option<Lost> {
        let snapshot = engine.snapshot();
        let lost = self.sync(engine);
        if lost.is_some() || engine.durable_lsn() < snapshot.lsn {
            return lost;
        }
        self.background(engine.checkpoint(snapshot, Follows::Journal))
    }

    fn fail_a_sync(&mut self, engine: &Engine) -> Option<Lost> {
        let failed_sync_at = Some(self.disk.effects() + self.rng.u64(..6));
        self.disk.set_faults(Faults { failed_sync_at, ..Faults::default() });
        self.full = false;
        let before = engine.durable_lsn();
        let mut lost = self.sync(engine);
        for _ in 0..3 {
            lost = lost.or_else(|| {
                self.produce(engine, None);
                if self.rng.u8(..4) == 0 { self.checkpoint(engine) } else { self.sync(engine) }
            });
        }
        assert!(engine.durable_lsn() >= before);
        self.disk.set_faults(Faults::default());
        lost
    }

    /// One of two groups in the air finds no space: mostly the earlier one, when the later is on the disk already.
    fn refuse_a_write(&mut self, engine: &Engine) -> Option<Lost> {
        self.full = false;
        self.produce(engine, None);
        let no_space_at = Some(self.disk.effects() + [0, 2, 2][self.rng.usize(..3)]);
        self.disk.set_faults(Faults { no_space_at, ..Faults::default() });
        let outcome = engine.sync_overlapping(|| self.produce(engine, None));
        self.disk.set_faults(Faults::default());
        match outcome {
            Ok(_) => self.sync(engine),
            Err(_) => Some(Lost::Any),
        }
    }

    fn fill_or_free(&mut self) {
        self.full = !self.full;
        let capacity = self.full.then(|| self.disk.world().size() + self.rng.u64(..12_000));
        self.disk.set_faults(Faults { capacity, ..Faults::default() });
    }

    fn create_topic(&mut self, engine: &Engine) {
        let names = ["a", "b", "c"];
        let name = names[self.rng.usize(..3)];
        self.topics += 1;
        let (id, partitions) = (TopicId([self.topics; 16]), self.rng.i32(1..3));
        self.sequence(engine, |state, _| {
            let free = state.topic_by_name(name).is_none();
            free.then(|| Record::TopicCreated { id, name: name.into(), partitions, configs: vec![] })
        });
    }

    fn delete_topic(&mut self, engine: &Engine) {
        let Some(at) = self.any_partition() else { return };
        let name = self.model().state().topic_by_id(at.topic).expect("known").name.to_string();
        self.sequence(engine, |_, _| Some(Record::TopicDeleted { id: at.topic }));
        // Mostly made again at once, under its name: nothing of the old one may show through.
        if self.rng.u8(..4) > 0 {
            self.topics += 1;
            let id = TopicId([self.topics; 16]);
            self.sequence(engine, |_, _| Some(Record::TopicCreated { id, name, partitions: 1, configs: vec![] }));
            self.produce_to(engine, TopicPartition::new(id, 0), None);
        }
    }

    fn delete_records(&mut self, engine: &Engine) {
        let Some(at) = self.any_partition() else { return };
        let fraction = self.rng.i64(0..=4);
        self.sequence(engine, |state, _| {
            let partition = state.partition(at)?;
            let to = partition.log_start() + (partition.log_end() - partition.log_start()) * fraction / 4;
            Some(Record::LogStartMoved(vec![(at, to)]))
        });
    }

    fn commit_offsets(&mut self, engine: &Engine) {
        let Some(at) = self.any_partition() else { return };
        let (offset, group) = (self.rng.i64(0..100), format!("g{}", self.rng.u8(..3)));
        if self.rng.u8(..8) == 0 {
            self.sequence(engine, |state, _| {
                state.group(&group).map(|_| Record::GroupDeleted { group: group.clone() })
            });
            return;
        }
        self.sequence(engine, |_, _| {
            let commit = CommittedOffset { at, offset, leader_epoch: 1, metadata: "m".into() };
            Some(Record::OffsetsCommitted { group, commits: vec![commit] })
        });
    }

    /// Reserves a block, and hands out of it what is durable.
    fn reserve_ids(&mut self, engine: &Engine) {
        let reserved = self.sequence(engine, |state, _| {
            (state.producer_id_next() < 30).then(|| Record::ProducerIdsReserved { next: state.producer_id_next() + 2 })
        });
        let _ = engine.sync();
        if reserved.is_some_and(|lsn| engine.durable_lsn() >= lsn) {
            let mut model = self.model();
            model.greatest_id = model.state().producer_id_next() - 1;
        }
    }
}
