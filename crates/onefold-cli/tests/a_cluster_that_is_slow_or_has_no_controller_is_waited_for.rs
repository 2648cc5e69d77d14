//! A broker that answers late is a broker. A cluster that is electing its controller is waited for; one that names none for good
//! is told by that name, and used as far as it goes.

mod common;

use common::going::Going;
use common::{Broker, proxy, run, run_with_input};
use onefold::log::kafka::{KafkaPublisher, KafkaSettings};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// A broker with one record, on its own address.
fn broker(folder: &Path) -> Broker {
    let broker = Broker::start(folder);
    run(folder, &["topics", "create", "t", "--bootstrap", &broker.address]).exits(0);
    run_with_input(folder, &["produce", "t", "--bootstrap", &broker.address], "{\"id\":1}\n").exits(0);
    broker
}

fn file(folder: &Path, address: &str) {
    let text = format!(
        "[kafka]\nbootstrap = \"{address}\"\n[pipelines.p]\nfrom = \"t\"\n\
         to.exec.command = [\"sh\", \"-c\", \"cat >> got\"]\n"
    );
    std::fs::write(folder.join("onefold.toml"), text).expect("writes");
}

/// Its first answers come after more than one try has waited for them.
fn slow(broker: &Broker) -> String {
    let asked = AtomicUsize::new(0);
    proxy::before(&broker.address, move |answer| {
        if answer.api == proxy::API_VERSIONS && asked.fetch_add(1, Ordering::Relaxed) < 3 {
            std::thread::sleep(Duration::from_millis(4500));
        }
        true
    })
}

#[test]
fn a_slow_broker_is_a_broker() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = broker(folder.path());
    let listed = run(folder.path(), &["topics", "list", "--bootstrap", &slow(&broker)]).exits(0);
    assert!(listed.out.contains('t') && listed.err.is_empty(), "{listed:?}");

    file(folder.path(), &slow(&broker));
    let ran = run(folder.path(), &["run", "--drain", "--wait", "2m"]).exits(0);
    assert!(ran.err.contains("waits for the cluster") && ran.err.contains("it is slow or hangs"), "{}", ran.err);
    assert!(!ran.err.contains("error") && folder.path().join("got").is_file(), "{}", ran.err);
}

/// A cluster whose brokers name no controller until it is told to.
fn without_controller(broker: &Broker) -> (String, Arc<AtomicBool>) {
    let elected = Arc::new(AtomicBool::new(false));
    let is_elected = elected.clone();
    let address = proxy::before(&broker.address, move |answer| {
        if answer.api == proxy::METADATA && !is_elected.load(Ordering::Relaxed) {
            proxy::without_controller(answer);
        }
        true
    });
    (address, elected)
}

#[test]
fn a_controller_is_waited_for_as_long_as_was_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = broker(folder.path());
    let (address, elected) = without_controller(&broker);
    file(folder.path(), &address);
    let mut running = Going::start(folder.path(), &["run", "--drain", "--wait", "10m"]);
    running.err.until("has no controller at the moment");
    elected.store(true, Ordering::Relaxed);
    let (said, code) = running.end();
    assert_eq!(code, Some(0), "{said:?}");
    assert!(folder.path().join("got").is_file(), "it ran: {said:?}");
}

/// Some that speak Kafka's protocol never name one: where all topics are there, none is needed.
#[test]
fn a_cluster_that_never_names_a_controller_is_used_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = broker(folder.path());
    let (address, _) = without_controller(&broker);
    file(folder.path(), &address);
    let path = folder.path().join("onefold.toml");
    let text = std::fs::read_to_string(&path).expect("reads");
    let says =
        format!("the cluster at {address} has no controller at the moment (said by onefold.toml): goes on without");
    std::fs::write(&path, format!("{text}[topics.t]\n[topics.missing]\n")).expect("writes");
    let missing = run(folder.path(), &["run", "--drain", "--wait", "1s"]).exits(1).err;
    assert!(missing.contains(&says) && missing.contains("error: cannot create the topic missing"), "{missing}");

    std::fs::write(&path, format!("{text}[topics.t]\n")).expect("writes");
    run(folder.path(), &["topics", "create", "t.p.dead", "--bootstrap", &broker.address]).exits(0);
    let ran = run(folder.path(), &["run", "--drain", "--wait", "1s"]).exits(0).err;
    assert!(ran.contains(&says) && folder.path().join("got").is_file(), "{ran}");
}

/// What only looks needs none, and any broker knows a topic's id.
#[test]
fn what_any_broker_knows_is_asked_of_any() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = broker(folder.path());
    let (address, _) = without_controller(&broker);
    assert!(run(folder.path(), &["topics", "list", "--bootstrap", &address]).exits(0).out.contains('t'));
    let id_at = |address: &str| {
        let publisher = KafkaPublisher::new(&KafkaSettings::new(address)).expect("a producer");
        publisher.topic_id("t", Duration::from_secs(30))
    };
    let id = id_at(&address);
    assert!(id.is_some() && id == id_at(&broker.address), "{id:?}");
}
