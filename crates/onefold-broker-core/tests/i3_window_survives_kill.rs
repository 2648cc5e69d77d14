//! I3. The broker acks five batches and is killed; on its return the client, which heard none of the acks, sends them all
//! again. The window is rebuilt from the journal, or from a checkpoint and what follows it, before anything is served: each
//! batch is known, and the next one follows.

mod support;

use onefold_broker_core::State;
use support::{Broker, P0, appended, duplicate, sent};

fn five_sent() -> Broker {
    let mut broker = Broker::new();
    (0..5).for_each(|n| assert_eq!(appended(&broker.produce(P0, sent(9, 3, n, 1))), Some(n.into())));
    broker
}

fn expect_known(broker: &mut Broker) {
    (0..5).for_each(|n| assert_eq!(duplicate(&broker.produce(P0, sent(9, 3, n, 1))), Some(n.into())));
    assert_eq!(appended(&broker.produce(P0, sent(9, 3, 5, 1))), Some(5));
}

#[test]
fn i3_rebuilt_from_the_journal() {
    let mut broker = five_sent();
    broker.kill_and_restart();
    expect_known(&mut broker);
}

#[test]
fn i3_rebuilt_from_a_checkpoint_after_any_record() {
    let broker = five_sent();
    for checkpoint_at in 0..=broker.journal.len() {
        let mut state = State::new();
        broker.journal[..checkpoint_at].iter().for_each(|(stamp, record)| state.apply(stamp, record));
        let mut bytes = Vec::new();
        state.encode_snapshot(&mut bytes);
        let mut state = State::decode_snapshot(&bytes).expect("its own bytes");
        // Replay may begin before the checkpoint: what it holds already is passed over.
        broker.journal.iter().for_each(|(stamp, record)| state.apply(stamp, record));
        assert_eq!(state, broker.state);
        expect_known(&mut Broker { state, ..broker.clone() });
    }
}
