//! D7. Two producers with one id would take each other's batches for retries and lose records. Ids come from blocks that
//! are in the journal before any of their ids goes out; a start never uses what is left of an earlier start's block.

mod support;

use std::collections::BTreeSet;

use onefold_broker_core::producer::{BLOCK, ProducerIds};
use support::Broker;

#[test]
fn d7_over_blocks_and_kills() {
    let mut broker = Broker::new();
    let mut given = BTreeSet::new();
    for draws in [1, 1500, 0, 999, 1001] {
        let mut ids = ProducerIds::new();
        for _ in 0..draws {
            let drawn = ids.draw(&broker.state).expect("there are enough");
            drawn.reserve.map(|record| broker.write(record));
            assert!(drawn.id < broker.state.producer_id_next(), "its block is in the journal");
            assert!(given.insert(drawn.id), "{} was given out before", drawn.id);
        }
        broker.kill_and_restart();
    }
    assert_eq!(broker.state.producer_id_next(), 6 * BLOCK);
}

#[test]
fn d7_a_reservation_that_a_crash_takes_back_had_given_nothing_out() {
    let mut broker = Broker::new();
    // Drawn, but the journal did not get to write: the id must not have gone out, and may go to another.
    let lost = ProducerIds::new().draw(&broker.state).expect("there are enough");
    assert!(lost.reserve.is_some());
    broker.kill_and_restart();
    let drawn = ProducerIds::new().draw(&broker.state).expect("there are enough");
    assert_eq!(drawn.id, lost.id);
}
