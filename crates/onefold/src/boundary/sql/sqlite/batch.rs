//! From batches of jobs to transactions: as few as possible, and one a record where a transaction was lost.

use std::collections::HashMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::transaction::{Lost, Open, Stopped, Writing};
use super::{Sqlite, class_of, named};
use crate::boundary::TxEffect;
use crate::boundary::sink::{Answer, SinkSettings, TxDone, TxJob};
use crate::outcome::{ErrorClass, Failure};

/// A transaction takes at most so many records, and no further one after so long.
const MOST_RECORDS: usize = 500;
const LONGEST: Duration = Duration::from_millis(20);

/// A pipeline's side of the database.
pub(super) struct InDatabase {
    /// The file, as this pipeline's settings name it.
    pub(super) path: Arc<PathBuf>,
    pub(super) effect: Arc<dyn TxEffect<Sqlite>>,
    pub(super) settings: SinkSettings,
}

impl InDatabase {
    /// Tells pipelines of one writer apart.
    pub(super) fn key(&self) -> usize {
        std::ptr::from_ref(self) as usize
    }
}

/// Jobs of one pipeline, answered together.
pub(super) struct Batch {
    pub(super) of: Arc<InDatabase>,
    pub(super) jobs: Vec<TxJob>,
    pub(super) answer: Answer,
}

/// How one transaction's jobs ended.
enum Ended {
    Committed(Vec<TxDone>),
    /// Nothing of it is there, and this is why.
    Lost(Failure),
    /// A test broke off here.
    Crashed,
}

/// Runs all jobs of these batches, in order, and answers each batch.
pub(super) async fn run(writing: &mut Writing, batches: Vec<Batch>) {
    let of: HashMap<usize, Arc<InDatabase>> = batches.iter().map(|b| (b.of.key(), b.of.clone())).collect();
    let all: Vec<(&InDatabase, &TxJob)> =
        batches.iter().flat_map(|batch| batch.jobs.iter().map(|job| (&*batch.of, job))).collect();
    let mut done: Vec<TxDone> = Vec::with_capacity(all.len());
    let mut stopped = Stopped::new();
    while done.len() < all.len() {
        let rest = &all[done.len()..];
        match run_one(writing, &of, &rest[..rest.len().min(MOST_RECORDS)], &mut stopped).await {
            Ended::Committed(ended) => done.extend(ended),
            Ended::Lost(failure) if failure.class == ErrorClass::SinkDown => {
                let failure = failure.to_string();
                let why: HashMap<usize, Arc<str>> =
                    of.iter().map(|(key, of)| (*key, named(&of.path, &failure).into())).collect();
                done.extend(rest.iter().map(|(of, _)| TxDone::SinkDown(why[&of.key()].clone())));
            }
            Ended::Lost(_) => match redo(writing, &of, &rest[..rest.len().min(MOST_RECORDS)], &mut stopped).await {
                Some(ended) => done.extend(ended),
                None => return,
            },
            Ended::Crashed => return,
        }
    }
    let mut done = done.into_iter();
    for batch in batches {
        let ended = done.by_ref().take(batch.jobs.len()).collect();
        (batch.answer)(ended);
    }
}

/// One transaction over as many jobs as fit the time.
async fn run_one(
    writing: &mut Writing,
    of: &HashMap<usize, Arc<InDatabase>>,
    jobs: &[(&InDatabase, &TxJob)],
    stopped: &mut Stopped,
) -> Ended {
    if let Err(error) = writing.begin() {
        return Ended::Lost(Failure::sink_down(format!("cannot begin a transaction: {error}")));
    }
    let (started, mut open, mut done) = (Instant::now(), Open::after(stopped), Vec::with_capacity(jobs.len()));
    for (of, job) in jobs {
        match writing.run(&mut open, of, job).await {
            Ok(ended) => done.push(ended),
            Err(Lost(failure)) => {
                writing.roll_back();
                return Ended::Lost(failure);
            }
        }
        if started.elapsed() > LONGEST {
            break;
        }
    }
    if jobs.iter().any(|(of, _)| of.settings.crash.is_due("before-sink-commit")) {
        writing.roll_back();
        return Ended::Crashed;
    }
    let stopped_now = std::mem::take(&mut open.stopped);
    match writing.commit(open, of) {
        Ok(true) if jobs.iter().any(|(of, _)| of.settings.crash.is_due("after-sink-commit")) => Ended::Crashed,
        Ok(true) => {
            *stopped = stopped_now;
            Ended::Committed(done)
        }
        Ok(false) => {
            writing.roll_back();
            Ended::Committed(done.iter().map(|_| TxDone::Superseded).collect())
        }
        Err(error) => {
            writing.roll_back();
            Ended::Lost(Failure::new(class_of(&error), error))
        }
    }
}

/// A transaction each, to find the record that breaks them. Attempts are not counted for the others: they end as
/// they would have ended without it. `None`: a test broke off.
async fn redo(
    writing: &mut Writing,
    of: &HashMap<usize, Arc<InDatabase>>,
    jobs: &[(&InDatabase, &TxJob)],
    stopped: &mut Stopped,
) -> Option<Vec<TxDone>> {
    let mut done: Vec<TxDone> = Vec::with_capacity(jobs.len());
    for (nth, (of_job, job)) in jobs.iter().enumerate() {
        match run_one(writing, of, &jobs[nth..=nth], stopped).await {
            Ended::Committed(ended) => done.extend(ended),
            Ended::Lost(failure) => {
                stopped.insert((of_job.key(), job.lane));
                done.push(TxDone::Failed(failure));
            }
            Ended::Crashed => return None,
        }
    }
    Some(done)
}
