//! A cluster that goes away and comes back: the log names the pipeline that misses it, and says when it is back, though
//! nothing comes to read.

mod common;

use common::going::Going;
use common::{Broker, run};

#[test]
fn an_outage_is_told_from_start_to_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let address = broker.address.clone();
    run(folder.path(), &["topics", "create", "events", "--bootstrap", &address]).exits(0);
    let file = format!(
        "[kafka]\nbootstrap = \"{address}\"\n[topics.events]\n[pipelines.posts]\nfrom = \"events\"\nto.http.url = \"http://127.0.0.1:1/\"\n"
    );
    std::fs::write(folder.path().join("onefold.toml"), file).expect("writes");
    let mut running = Going::start(folder.path(), &["run"]);
    // Partitions of its own: then it is connected.
    running.event(|event| event["partitions"] == 4);
    assert_eq!(broker.end(), Some(0));
    let gone = running.err.until("cannot reach the cluster");
    assert!(gone.contains("posts"), "{gone}");
    let _again = Broker::listening(folder.path(), &address);
    let mut between = vec![];
    let back = loop {
        let line = running.err.next().expect("it goes on");
        if line.contains("the cluster can be reached again") {
            break line;
        }
        between.push(line);
    };
    assert!(back.contains("posts"), "{back}");
    // Whatever librdkafka says meanwhile, and in whichever words: it is one outage.
    assert!(!between.iter().any(|line| line.contains("WARN")), "{between:?}");
    assert!(![&gone, &back].iter().any(|line| line.contains("brokers are down") || line.contains("ipv4#")), "{gone}");
}
