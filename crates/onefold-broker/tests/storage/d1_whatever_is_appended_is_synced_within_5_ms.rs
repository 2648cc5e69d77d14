//! Whatever is appended is on its way to the disk within 5 ms, whether or not anyone waits for it: also right after others
//! have synced by themselves, which is when nobody is woken for a record, and long after they stopped.

use crate::support::{append, at, create_topic};
use crate::watched::{PATIENCE, Watched};
use onefold_broker::disk::sim::SimDisk;
use onefold_broker::log::{Log, LogSettings};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

const ROUNDS: usize = 60;
const BOUND: Duration = Duration::from_millis(5);

/// How long a record that nobody waits for lay in memory, its sync included.
fn time_to_sync(watched: &Watched, log: &Log) -> Duration {
    watched.forget();
    let begin = Instant::now();
    let (offset, _) = append(log, at(1, 0), b"not waited for");
    while log.high_watermark(at(1, 0)) != Some(offset + 1) {
        assert!(begin.elapsed() < PATIENCE, "it never becomes durable");
        std::thread::yield_now();
    }
    let synced = watched.events().iter().filter(|event| event.is_group()).filter_map(|event| event.done).max();
    synced.expect("a group was synced").duration_since(begin)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_waits() {
    let watched = Watched::on(SimDisk::default());
    let settings = LogSettings { ready_files: 0, ..LogSettings::default() };
    let log = Log::open(Arc::new(watched.clone()), Path::new("/data"), settings).expect("the log opens");
    create_topic(&log, 1, 1);
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        // Some that are waited for, one at a time: so those who wait begin to sync by themselves, and end it again.
        for _ in 0..round % 7 {
            let waiting = log.clone();
            let lsn = append(&log, at(1, 0), b"waited for").1;
            tokio::spawn(async move { waiting.wait_durable(lsn).await }).await.expect("a task").expect("durable");
        }
        if round % 20 == 19 {
            tokio::time::sleep(Duration::from_millis(80)).await; // nobody has led for a while
        }
        times.push(time_to_sync(&watched, &log));
    }
    times.sort_unstable();
    // The rest is the machine's: it may be busy with other things for longer than this.
    let quick = times[ROUNDS / 4];
    assert!(quick <= BOUND, "three quarters took more than {quick:?}: {times:?}");
}
