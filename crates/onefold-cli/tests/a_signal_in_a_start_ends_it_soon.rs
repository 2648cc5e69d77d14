//! A start asks its cluster much, and each answer may take long: whoever tells it to end meanwhile does not wait for them.

mod common;

use common::going::{Going, LONG};
use common::{Broker, proxy, run, run_with_input};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Far more than a busy machine takes to end, and less than any answer is waited for.
const SOON: Duration = Duration::from_secs(6);

fn file(folder: &Path, kafka: &str) {
    let text = format!(
        "[kafka]\n{kafka}\n[topics.t]\n[pipelines.p]\nfrom = \"t\"\nto.exec.command = [\"sh\", \"-c\", \"cat >> got\"]\n"
    );
    std::fs::write(folder.join("onefold.toml"), text).expect("writes");
}

/// The first question is the command's own, the second one is of the library's start.
#[test]
fn a_cluster_that_falls_silent() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    run(folder.path(), &["topics", "create", "t", "--bootstrap", &broker.address]).exits(0);
    run_with_input(folder.path(), &["produce", "t", "--bootstrap", &broker.address], "{\"id\":1}\n").exits(0);
    for (answered, args, code) in
        [(0, &["run"][..], 0), (0, &["run", "--drain"], 1), (1, &["run"], 0), (1, &["run", "--drain"], 1)]
    {
        let (tell, silent) = std::sync::mpsc::channel();
        let (asked, tell) = (AtomicUsize::new(0), Mutex::new(tell));
        let address = proxy::before(&broker.address, move |answer| {
            let is_lost = answer.api == proxy::DESCRIBE_CONFIGS && asked.fetch_add(1, Ordering::Relaxed) >= answered;
            if is_lost {
                let _ = tell.lock().expect("held briefly").send(());
            }
            !is_lost
        });
        file(folder.path(), &format!("bootstrap = \"{address}\""));
        let mut running = Going::start(folder.path(), args);
        silent.recv_timeout(LONG).expect("it asks");
        let began = Instant::now();
        running.signal("-TERM");
        let draining = running.event(|event| event["event"] == "draining");
        assert_eq!(draining["in_flight"], 0, "{draining}");
        let (said, ended) = running.end();
        assert_eq!(ended, Some(code), "{said:?}");
        assert!(began.elapsed() < SOON, "{args:?}, {answered} answered: {:?}", began.elapsed());
    }
    // Nothing of it stands in the way of the next one.
    file(folder.path(), &format!("bootstrap = \"{}\"", broker.address));
    run(folder.path(), &["run", "--drain"]).exits(0);
    assert!(folder.path().join("got").is_file());
}

/// The time of a drain that is up while the library starts: nothing has run, so nothing is drained.
#[test]
fn a_drain_whose_time_is_up_before_it_began_is_late() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    run(folder.path(), &["topics", "create", "t", "--bootstrap", &broker.address]).exits(0);
    run_with_input(folder.path(), &["produce", "t", "--bootstrap", &broker.address], "{\"id\":1}\n").exits(0);
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = asked.clone();
    let address = proxy::before(&broker.address, move |answer| {
        answer.api != proxy::DESCRIBE_CONFIGS || counted.fetch_add(1, Ordering::Relaxed) == 0
    });
    file(folder.path(), &format!("bootstrap = \"{address}\""));
    let ended = run(folder.path(), &["run", "--drain", "--drain-timeout", "6s"]).exits(4);
    // Unless the machine was too busy to come as far as that.
    if asked.load(Ordering::Relaxed) > 1 {
        assert!(ended.err.contains("not drained within 6s\n  p has not begun\n"), "{}", ended.err);
    }
    assert!(!folder.path().join("got").exists(), "{}", ended.err);
}

/// The broker inside is closed: nobody has its folder afterwards, and it holds what it held.
#[test]
fn the_broker_inside_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    file(folder.path(), "embedded = { data = \"data\", listen = \"127.0.0.1:0\" }");
    for _ in 0..3 {
        let mut running = Going::start(folder.path(), &["run", "--json"]);
        running.event(|event| event["event"] == "guarantee");
        running.signal("-TERM");
        let (said, code) = running.end();
        assert_eq!(code, Some(0), "{said:?}");
        let broker = Broker::start(folder.path());
        assert!(run(folder.path(), &["topics", "list", "--bootstrap", &broker.address]).exits(0).out.contains('t'));
        assert_eq!(broker.end(), Some(0));
    }
}
