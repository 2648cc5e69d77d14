//! A service often starts before its Kafka: it says that it waits, and begins when the cluster is there. It does not wait
//! for ever, and not against a signal.

mod common;

use common::{Broker, onefold, run};
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

fn file(folder: &Path, address: &str) {
    let text = format!(
        "[kafka]\nbootstrap = \"{address}\"\n[topics.events]\npartitions = 1\nload = {{ file = \"events.ndjson\" }}\n\
         [pipelines.seen]\nfrom = \"events\"\nto.exec.command = [\"tee\", \"-a\", \"seen\"]\n"
    );
    std::fs::write(folder.join("onefold.toml"), text).expect("writes");
    std::fs::write(folder.join("events.ndjson"), "{\"id\":\"a\"}\n").expect("writes");
}

/// An address of ours where nobody listens: the port is bound, so that no other program is given it. Who binds it too, and says
/// that it may be shared, as brokers do, can listen there.
fn reserved() -> (std::os::fd::OwnedFd, String) {
    use rustix::net::{AddressFamily, SocketType, bind, getsockname, socket, sockopt::set_socket_reuseaddr};
    let reserved = socket(AddressFamily::INET, SocketType::STREAM, None).expect("a socket");
    set_socket_reuseaddr(&reserved, true).expect("may be shared");
    bind(&reserved, &std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 0)).expect("a port");
    let address: std::net::SocketAddr = getsockname(&reserved).expect("its name").try_into().expect("an address");
    (reserved, address.to_string())
}

#[test]
fn it_begins_when_the_cluster_is_there() {
    let (folder, elsewhere) = (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let (_reserved, address) = reserved();
    file(folder.path(), &address);
    let mut command = onefold(folder.path(), &["run", "--drain", "--wait", "2m"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    let mut said = String::new();
    let mut log = BufReader::new(child.stderr.take().expect("piped"));
    log.read_line(&mut said).expect("says so");
    assert!(said.starts_with("waits for the cluster, 2m at most (--wait): no broker at"), "{said}");
    let _broker = Broker::listening(elsewhere.path(), &address);
    let mut events = String::new();
    child.stdout.take().expect("piped").read_to_string(&mut events).expect("reads");
    let mut rest = String::new();
    log.read_to_string(&mut rest).expect("reads");
    assert_eq!(child.wait().expect("ends").code(), Some(0), "{rest}");
    assert!(events.starts_with("{\"event\":\"waiting\"") && events.contains("\"pipeline\":null"), "{events}");
    assert_eq!(std::fs::read_to_string(folder.path().join("seen")).expect("it ran"), "{\"id\":\"a\"}");
}

#[test]
fn it_does_not_wait_for_ever() {
    let folder = tempfile::tempdir().expect("a folder");
    file(folder.path(), "127.0.0.1:1");
    for (wait, waits) in [("0s", false), ("700ms", true)] {
        let began = Instant::now();
        let ended = run(folder.path(), &["run", "--drain", "--wait", wait]).exits(1);
        assert_eq!(ended.err.contains("waits for the cluster"), waits, "{}", ended.err);
        assert!(ended.err.contains("error: no broker at 127.0.0.1:1: nobody listens there"), "{}", ended.err);
        assert!(ended.err.contains("correct `bootstrap`"), "{}", ended.err);
        assert!(began.elapsed() < Duration::from_secs(14), "the usual time is not what was asked for");
    }
    let in_time = run(folder.path(), &["run", "--drain", "--wait", "5m", "--drain-timeout", "1s"]).exits(4);
    assert!(in_time.err.contains("not drained within 1s"), "{}", in_time.err);
}

#[test]
fn a_signal_ends_the_wait() {
    let folder = tempfile::tempdir().expect("a folder");
    file(folder.path(), "127.0.0.1:1");
    for (args, code) in [(&["run", "--wait", "5m"][..], 0), (&["run", "--drain", "--wait", "5m"], 1)] {
        let mut child = onefold(folder.path(), args).stdout(Stdio::piped()).spawn().expect("the binary runs");
        let mut event = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut event).expect("says so");
        assert!(event.contains("\"for\":\"the cluster\""), "{event}");
        let id = child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &id]).status().expect("kill").success());
        assert_eq!(child.wait().expect("ends").code(), Some(code), "{args:?}");
    }
}
