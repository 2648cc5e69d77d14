//! What progress and lanes cost a message, and what they allocate once they are warm.
//!
//! `cargo bench -p onefold-core`. The figures are for batches of 10,000 messages.

use divan::counter::ItemsCount;
use divan::{AllocProfiler, Bencher};
use onefold_core::identity::TopicId;
use onefold_core::lane::{Arrival, LaneSettings, Lanes, Slot, hash};
use onefold_core::progress::{Assignment, Delivered, METADATA_BYTES, PartitionProgress, Room, Ticket};

#[global_allocator]
static ALLOCATIONS: AllocProfiler = AllocProfiler::system();

const MESSAGES: i64 = 10_000;
const IN_FLIGHT: usize = 512;

fn main() {
    divan::main();
}

fn progress() -> PartitionProgress {
    let room = Room::Metadata { bytes: METADATA_BYTES };
    PartitionProgress::assigned(Assignment(1), TopicId([1; 16]), 0, None, room)
}

fn deliver(progress: &mut PartitionProgress, tickets: &mut Vec<Ticket>) {
    if let Delivered::New(ticket) = progress.delivered(progress.end(), Some(1), 100) {
        tickets.push(ticket);
    }
}

#[divan::bench]
fn progress_in_order(bencher: Bencher) {
    let mut progress = progress();
    bencher.counter(ItemsCount::new(MESSAGES as usize)).bench_local(|| {
        for _ in 0..MESSAGES {
            if let Delivered::New(ticket) = progress.delivered(progress.end(), Some(1), 100) {
                divan::black_box(progress.finished(ticket));
            }
        }
    });
}

#[divan::bench]
fn progress_out_of_order_with_the_question_whether_it_may_run(bencher: Bencher) {
    let mut progress = progress();
    let mut tickets = Vec::with_capacity(IN_FLIGHT);
    let mut random = 1u64;
    bencher.counter(ItemsCount::new(MESSAGES as usize)).bench_local(|| {
        for _ in 0..MESSAGES {
            deliver(&mut progress, &mut tickets);
            divan::black_box(progress.may_run(progress.end() - 1, tickets.len()));
            if tickets.len() == IN_FLIGHT {
                random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                let ticket = tickets.swap_remove((random >> 33) as usize % IN_FLIGHT);
                divan::black_box(progress.finished(ticket));
            }
        }
    });
}

#[divan::bench(args = [0, 100, 500])]
fn commit_with_so_many_gaps(bencher: Bencher, gaps: usize) {
    let mut progress = progress();
    let mut tickets = Vec::new();
    for _ in 0..2 * gaps {
        deliver(&mut progress, &mut tickets);
    }
    for (nth, ticket) in tickets.into_iter().enumerate() {
        if nth % 2 == 1 {
            progress.finished(ticket);
        }
    }
    bencher.bench_local(|| divan::black_box(progress.commit(None)));
}

/// Arrive, take, settle, with a queue of `IN_FLIGHT` in the lanes.
fn through_lanes(bencher: Bencher, arrival: impl Fn(u64) -> Arrival) {
    let mut lanes: Lanes<u64> = Lanes::new(LaneSettings::default());
    let mut out: std::collections::VecDeque<Slot> = Default::default();
    let mut number = 0;
    bencher.counter(ItemsCount::new(MESSAGES as usize)).bench_local(|| {
        for _ in 0..MESSAGES {
            number += 1;
            lanes.arrive(arrival(number), number);
            if lanes.queued().records >= IN_FLIGHT || out.len() == 64 {
                out.pop_front().and_then(|slot| lanes.settle(slot));
            }
            out.extend(lanes.next(0, |_| true));
        }
    });
}

#[divan::bench]
fn lanes_of_500_keys(bencher: Bencher) {
    let keys: Vec<String> = (0..500).map(|n| format!("user-{n}")).collect();
    through_lanes(bencher, |number| Arrival {
        partition: number as u32 % 6,
        key: Some(hash(keys[(number * 7919) as usize % 500].as_bytes())),
        identity: None,
        bytes: 100,
    });
}

#[divan::bench]
fn lanes_of_500_keys_with_identities(bencher: Bencher) {
    let keys: Vec<String> = (0..500).map(|n| format!("user-{n}")).collect();
    through_lanes(bencher, |number| Arrival {
        partition: number as u32 % 6,
        key: Some(hash(keys[(number * 7919) as usize % 500].as_bytes())),
        identity: Some(hash(&number.to_le_bytes())),
        bytes: 100,
    });
}

#[divan::bench]
fn lanes_without_keys(bencher: Bencher) {
    through_lanes(bencher, |number| Arrival { partition: number as u32 % 6, key: None, identity: None, bytes: 100 });
}

/// One key: each record follows the one before it in the same transaction.
#[divan::bench]
fn one_lane_in_transactions_of_500(bencher: Bencher) {
    let settings = LaneSettings::default();
    let running = onefold_core::lane::Budget { records: 500, ..settings.running };
    let mut lanes: Lanes<u64> = Lanes::new(LaneSettings { running, ..settings });
    let mut taken: Vec<Slot> = Vec::with_capacity(500);
    bencher.counter(ItemsCount::new(MESSAGES as usize)).bench_local(|| {
        for number in 0..MESSAGES as u64 {
            lanes.arrive(Arrival { partition: 0, key: Some(1), identity: None, bytes: 100 }, number);
            if number % 500 == 499 {
                let mut next = lanes.next(0, |_| true);
                while let Some(slot) = next {
                    taken.push(slot);
                    next = lanes.follower(slot, |_| true);
                }
                for slot in taken.drain(..) {
                    divan::black_box(lanes.settle(slot));
                }
            }
        }
    });
}
