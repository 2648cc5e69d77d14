//! Ctrl-C ends `produce` when what was read is acknowledged, and says how much that is; a broker that goes away is told once,
//! by `produce` and by `consume`, and waited for.

mod common;

use common::going::{Going, until};
use common::{Broker, run, run_with_input};
use rdkafka::mocking::MockCluster;
use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};
use serde_json::Value;
use std::path::Path;
use std::time::Duration;

/// The topic has so many records.
fn until_it_has(folder: &Path, address: &str, records: usize) {
    let read = ["consume", "t", "--drain", "--bootstrap", address];
    until("the topic has its records", || run(folder, &read).exits(0).out.lines().count() >= records);
}

#[test]
fn a_signal_ends_producing_with_what_was_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    run(folder.path(), &["topics", "create", "t", "--bootstrap", &broker.address]).exits(0);
    for (nth, (signal, code)) in [("-INT", 130), ("-TERM", 143)].into_iter().enumerate() {
        let mut producing = Going::start(folder.path(), &["produce", "t", "--bootstrap", &broker.address]);
        producing.give("{\"n\":1}\n{\"n\":2}\nhalf a line");
        until_it_has(folder.path(), &broker.address, 2 * (nth + 1));
        producing.signal(signal);
        let said = format!("SIG{}: 2 records in t", &signal[1..]);
        assert_eq!(producing.end(), (vec![said], Some(code)), "what it did not read to its end stays out");
    }
}

#[test]
fn consuming_ends_where_its_topic_does() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat());
    at(&["topics", "create", "t"]).exits(0);
    let mut alone = Going::start(folder.path(), &["consume", "t", "--bootstrap", &broker.address]);
    let mut member = Going::start(folder.path(), &["consume", "t", "--group", "g", "--bootstrap", &broker.address]);
    until("it is a member", || at(&["groups", "describe", "g"]).out.contains(" 1 member,"));
    at(&["topics", "delete", "t"]).exits(0);
    for consuming in [&mut alone, &mut member] {
        let gone = "error: the topic t is there no more: it was deleted".to_owned();
        assert_eq!(consuming.end(), (vec![gone], Some(1)));
    }
}

/// Where the offset is not there yet, lower ones come first.
#[test]
fn nothing_before_the_offset_that_was_asked_for_is_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat());
    at(&["topics", "create", "t", "--partitions", "1"]).exits(0);
    let ask = ["consume", "t", "--from", "3", "--json", "--max", "2", "--bootstrap", &broker.address];
    let mut consuming = Going::start(folder.path(), &ask);
    consuming.err.until("--from 3 is beyond the end of partition 0, which ends at 0: waits for it");
    let mut producing = Going::start(folder.path(), &["produce", "t", "--bootstrap", &broker.address]);
    for nth in 0..6 {
        producing.give(&format!("{nth}\n"));
        until_it_has(folder.path(), &broker.address, nth + 1);
    }
    let printed = [(); 2].map(|()| consuming.event(|_| true));
    assert_eq!(printed.map(|record| record["offset"].as_i64()), [Some(3), Some(4)]);
    assert_eq!(consuming.end(), (vec![], Some(0)), "--max counts what is printed");
    assert_eq!(at(&["consume", "t", "--from", "5", "--drain"]).exits(0).out, "5\n");
}

#[test]
fn a_broker_that_is_gone_is_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let address = broker.address.clone();
    run(folder.path(), &["topics", "create", "t", "--partitions", "1", "--bootstrap", &address]).exits(0);
    let mut producing = Going::start(folder.path(), &["produce", "t", "--bootstrap", &address]);
    let mut consuming = Going::start(folder.path(), &["consume", "t", "--bootstrap", &address]);
    producing.give("{\"n\":1}\n");
    until_it_has(folder.path(), &broker.address, 1);
    drop(broker); // by SIGKILL
    producing.give("{\"n\":2}\n");
    let told = producing.err.next().expect("says so");
    assert!(told.starts_with("waiting for the broker: 1 line is not acknowledged"), "{told}");
    let told = consuming.err.next().expect("says so");
    assert!(told.starts_with("waiting for the broker: "), "{told}");

    let broker = Broker::listening(folder.path(), &address);
    assert_eq!(producing.err.next().expect("says so"), "the broker answers again");
    until_it_has(folder.path(), &broker.address, 2);
    producing.no_more_input();
    assert_eq!(producing.end(), (vec!["2 records in t".to_owned()], Some(0)));
    consuming.signal("-INT");
    assert_eq!(consuming.end(), (vec![], Some(0)), "it was said once, for more than five seconds of trying");
}

/// A cluster of which a part refuses lines and the other hangs: `t` has its partition 0 there, and 1 here.
fn half_gone(folder: &Path) -> (MockCluster<'static, rdkafka::producer::DefaultProducerContext>, String) {
    let cluster = MockCluster::new(2).expect("a cluster");
    cluster.create_topic("t", 2, 1).expect("a topic");
    cluster
        .partition_leader("t", 0, Some(1))
        .and_then(|()| cluster.partition_leader("t", 1, Some(2)))
        .expect("leaders");
    let address = cluster.bootstrap_servers();
    run(folder, &["topics", "describe", "t", "--bootstrap", &address]).exits(0);
    (cluster, address)
}

/// Waits for a refusal's neighbours are no time in which nobody listens.
#[test]
fn ctrl_c_ends_the_wait_after_a_refusal() {
    let folder = tempfile::tempdir().expect("a folder");
    let (cluster, address) = half_gone(folder.path());
    let to = ["produce", "t", "--key", "k", "--json", "--bootstrap", &address];
    let mut producing = Going::start(folder.path(), &to);
    let lines: Vec<String> = (0..20).map(|nth| format!("{{\"k\":{nth}}}\n")).collect();
    producing.give(&lines.concat());
    until_it_has(folder.path(), &address, 20);
    let too_large = RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    cluster.broker_round_trip_time(2, Duration::from_secs(600)).expect("slow");
    cluster.request_errors(RDKafkaApiKey::Produce, &[too_large; 4]);
    producing.give(&lines.concat());
    let said = producing.err.next().expect("says what it waits for");
    assert!(said.starts_with("line 2") && said.contains("MessageSizeTooLarge"), "{said}");
    let said = producing.err.next().expect("and for how many");
    assert!(said.contains("not acknowledged; Ctrl-C ends that"), "{said}");
    producing.signal("-INT");
    let result: Value = serde_json::from_str(&producing.out.next().expect("a result")).expect("JSON");
    let (said, code) = producing.end();
    assert_eq!(code, Some(1), "{said:?}");
    assert_eq!(
        (&result["signal"], &result["produced"], &result["unacknowledged"]),
        (&"SIGINT".into(), &20.into(), &20.into()),
        "{result}"
    );
    assert!(said[0].starts_with("error: line 2") && said[0].contains("MessageSizeTooLarge"), "{said:?}");
    assert_eq!(said[1], "20 lines are acknowledged, 20 are not; SIGINT ended the wait");
}

#[test]
fn what_is_not_acknowledged_is_told_whatever_ends_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    run(folder.path(), &["topics", "create", "t", "--partitions", "1", "--bootstrap", &broker.address]).exits(0);
    let mut producing = Going::start(folder.path(), &["produce", "t", "--json", "--bootstrap", &broker.address]);
    producing.give("{\"n\":1}\n");
    until_it_has(folder.path(), &broker.address, 1);
    drop(broker); // by SIGKILL
    producing.give("{\"n\":2}\n{\"n\":3}\n");
    producing.err.until("waiting for the broker: 2 lines are not acknowledged");
    producing.signal("-TERM");
    let result: Value = serde_json::from_str(&producing.out.next().expect("a result")).expect("JSON");
    let all = serde_json::json!({
        "topic": "t", "produced": 1, "without_key": 3, "unacknowledged": 2, "signal": "SIGTERM", "error": null,
    });
    assert_eq!(result, all);
    assert_eq!(producing.end().1, Some(143));
}

/// Nobody can tell from an exit code of 0 that the result went nowhere.
#[test]
fn a_result_that_cannot_be_written_is_an_error() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let command = "echo '{}' | \"$0\" produce t --json --bootstrap \"$1\" > /dev/full";
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", command, env!("CARGO_BIN_EXE_onefold"), &broker.address]);
    let (said, code) = Going::of(shell).end();
    let said = said.join("\n");
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("error: cannot write to standard output: ") && said.ends_with("\n1 line is acknowledged"),
        "{said}"
    );
}

/// As `| head` does: the member leaves its group, so that the next one need not wait until it is given up.
#[test]
fn a_reader_that_goes_away_ends_consuming_in_good_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat());
    at(&["topics", "create", "t", "--partitions", "1"]).exits(0);
    for lines in [20, 20_000] {
        let all: String = (0..lines).map(|n| format!("{{\"n\":{n}}}\n")).collect();
        run_with_input(folder.path(), &["produce", "t", "--bootstrap", &broker.address], &all).exits(0);
        let script =
            format!("{} consume t --group g --bootstrap {} | head -2", env!("CARGO_BIN_EXE_onefold"), broker.address);
        let mut reading = std::process::Command::new("sh").arg("-c").arg(&script).spawn().expect("starts");
        until("it has ended", || reading.try_wait().expect("looked").is_some());
        assert!(at(&["groups", "describe", "g"]).out.contains("0 members"), "{lines}");
    }
}
