//! A cluster that goes away and comes back: the log names the pipeline that misses it, and says when it is back, though
//! nothing comes to read.

mod common;

use common::{Broker, onefold, run};
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

struct Ended(Child);

impl Drop for Ended {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

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
    let mut command = onefold(folder.path(), &["run"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let events = BufReader::new(child.stdout.take().expect("piped")).lines();
    let mut log = BufReader::new(child.stderr.take().expect("piped")).lines();
    let _run = Ended(child);
    let mut says = |what: &str| {
        log.find_map(|line| Some(line.expect("text")).filter(|line| line.contains(what)))
            .expect("says so before it ends")
    };
    // Partitions of its own: then it is connected.
    events.map(|line| line.expect("text")).find(|line| line.contains("\"partitions\":4")).expect("is assigned");
    assert_eq!(broker.end(), Some(0));
    let gone = says("cannot reach the cluster");
    assert!(gone.contains("posts"), "{gone}");
    let mut command = onefold(folder.path(), &["broker", "--listen", &address, "--data", "data"]);
    let _again = Ended(command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary runs"));
    let back = says("the cluster can be reached again");
    assert!(back.contains("posts"), "{back}");
}
