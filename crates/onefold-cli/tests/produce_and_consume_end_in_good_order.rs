//! Ctrl-C ends `produce` when what was read is acknowledged, and says how much that is; a broker that goes away is told once,
//! by `produce` and by `consume`, and waited for.

mod common;

use common::{Broker, onefold, run};
use std::io::{BufRead, BufReader, Lines, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};

struct Going {
    child: Child,
    says: Lines<BufReader<ChildStderr>>,
}

impl Going {
    fn start(folder: &Path, args: &[&str]) -> Going {
        let mut command = onefold(folder, args);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the binary runs");
        let says = BufReader::new(child.stderr.take().expect("piped")).lines();
        Going { child, says }
    }

    fn give(&mut self, text: &str) {
        self.child.stdin.as_mut().expect("piped").write_all(text.as_bytes()).expect("takes its input");
    }

    fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &id]).status().expect("kill").success());
    }

    /// What it says from here on, and its exit code.
    fn end(&mut self) -> (Vec<String>, Option<i32>) {
        let said = self.says.by_ref().map(|line| line.expect("text")).collect();
        (said, self.child.wait().expect("ends").code())
    }
}

impl Drop for Going {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The topic has so many records.
fn until(folder: &Path, broker: &Broker, records: usize) {
    let read = ["consume", "t", "--drain", "--bootstrap", &broker.address];
    while run(folder, &read).exits(0).out.lines().count() < records {}
}

#[test]
fn a_signal_ends_producing_with_what_was_read() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    run(folder.path(), &["topics", "create", "t", "--bootstrap", &broker.address]).exits(0);
    for (nth, (signal, code)) in [("-INT", 130), ("-TERM", 143)].into_iter().enumerate() {
        let mut producing = Going::start(folder.path(), &["produce", "t", "--bootstrap", &broker.address]);
        producing.give("{\"n\":1}\n{\"n\":2}\nhalf a line");
        until(folder.path(), &broker, 2 * (nth + 1));
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
    while !at(&["groups", "describe", "g"]).out.contains(" 1 members") {}
    at(&["topics", "delete", "t"]).exits(0);
    for consuming in [&mut alone, &mut member] {
        let gone = "error: the topic t is there no more: it was deleted".to_owned();
        assert_eq!(consuming.end(), (vec![gone], Some(1)));
    }
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
    until(folder.path(), &broker, 1);
    drop(broker); // by SIGKILL
    producing.give("{\"n\":2}\n");
    let told = producing.says.next().expect("says so").expect("text");
    assert!(told.starts_with("waiting for the broker: 1 line is not acknowledged"), "{told}");
    let told = consuming.says.next().expect("says so").expect("text");
    assert!(told.starts_with("waiting for the broker: "), "{told}");

    let broker = Broker::listening(folder.path(), &address);
    assert_eq!(producing.says.next().expect("says so").expect("text"), "the broker answers again");
    until(folder.path(), &broker, 2);
    drop(producing.child.stdin.take());
    assert_eq!(producing.end(), (vec!["2 records in t".to_owned()], Some(0)));
    consuming.signal("-INT");
    assert_eq!(consuming.end(), (vec![], Some(0)), "it was said once, for more than five seconds of trying");
}
