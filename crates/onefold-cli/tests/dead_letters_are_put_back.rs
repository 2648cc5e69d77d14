//! Dead letters are listed and put back with one command: on a file's broker whether it runs or not, and at an address.
//! Bytes are verbatim, what was put back is not put back twice, and each record takes effect once.

mod common;
#[path = "common/documented.rs"]
mod documented;

use common::{Broker, Ran, onefold, run, run_with_input};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;

const FILE: &str = r#"
[kafka]
embedded = { data = "data/broker", listen = "127.0.0.1:0" }
[topics.payments]
partitions = 3
load = { file = "payments.ndjson", key = "user" }
[pipelines.points]
from = "payments"
dedup = { id = ["id"] }
[pipelines.points.to.sql]
url = "sqlite:data/points.db"
setup = "CREATE TABLE IF NOT EXISTS points (user TEXT PRIMARY KEY, n INTEGER NOT NULL CHECK (n < LIMIT))"
statement = "INSERT INTO points VALUES ({user}, {n}) ON CONFLICT (user) DO UPDATE SET n = n + excluded.n"
"#;

fn home() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = [
        r#"{"id":"a","user":"ada","n":1}"#,
        r#"{"id":"b","user":"bob","n":900}"#,
        r#"{"user":"eve","n":901}"#,
        r#"{ "id": "c",  "n": 5}"#,
        "not json",
    ];
    std::fs::write(folder.path().join("payments.ndjson"), lines.join("\n")).expect("writes");
    limit(folder.path(), 500);
    folder
}

fn limit(folder: &Path, most: u32) {
    std::fs::write(folder.join("onefold.toml"), FILE.replace("LIMIT", &most.to_string())).expect("writes");
}

fn points(folder: &Path) -> Vec<(String, i64)> {
    let db = rusqlite::Connection::open(folder.join("data/points.db")).expect("opens");
    let mut rows = db.prepare("SELECT user, n FROM points ORDER BY user").expect("a table");
    let rows = rows.query_map((), |row| Ok((row.get(0)?, row.get(1)?))).expect("rows");
    rows.collect::<Result<_, _>>().expect("rows")
}

fn json(ran: &Ran) -> Vec<Value> {
    ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect()
}

#[track_caller]
fn count(ran: &Ran) -> (u64, u64) {
    let end = json(ran).pop().expect("an end");
    (end["letters"].as_u64().expect("a count"), end["before"].as_u64().expect("a count"))
}

#[test]
fn on_a_files_broker_that_does_not_run() {
    let folder = home();
    let at = |args: &[&str]| run(folder.path(), &[&["dead-letters"], args].concat());
    run(folder.path(), &["run", "--drain"]).exits(0);
    let listed = at(&["list", "points", "--json"]).exits(0);
    let letters = json(&listed);
    letters.iter().for_each(|letter| documented::holds("### dead-letters list", letter));
    assert_eq!(letters.len(), 4, "{}", listed.out);
    assert!(letters.iter().all(|letter| letter["class"] == "poison" && letter["put_back"] == false));
    let text = at(&["list", "points"]).exits(0);
    assert!(
        text.out.contains("CHECK constraint failed") && text.err.starts_with("4 letters in payments.points.dead"),
        "{text:?}"
    );

    let origin = |letter: &Value| {
        let at = &letter["origin"];
        format!("payments/{}/{}", at["partition"], at["offset"])
    };
    let bob = letters.iter().find(|letter| letter["error"].as_str().is_some_and(|why| why.contains("CHECK")));
    let first = origin(bob.expect("a letter of the constraint"));
    let dry = at(&["redrive", "points", "--origin", &first, "--dry-run", "--json"]).exits(0);
    assert_eq!((count(&dry), json(&dry).len()), ((1, 0), 2));
    documented::holds("### dead-letters redrive", &json(&dry)[0]);
    documented::holds("### dead-letters redrive, at the end", &json(&dry)[1]);
    // A table that is there keeps its constraint: it is mended where it is.
    limit(folder.path(), 5000);
    let db = rusqlite::Connection::open(folder.path().join("data/points.db")).expect("opens");
    db.execute_batch("DROP TABLE points; CREATE TABLE points (user TEXT PRIMARY KEY, n INTEGER NOT NULL)")
        .expect("mends");
    db.execute_batch("INSERT INTO points VALUES ('ada', 1)").expect("as before");
    drop(db);

    assert_eq!(count(&at(&["redrive", "points", "--origin", &first, "--json"]).exits(0)), (1, 0));
    assert_eq!(count(&at(&["redrive", "points", "--origin", &first, "--json"]).exits(0)), (0, 1), "once");
    let all = at(&["redrive", "points"]).exits(0);
    assert_eq!(all.err, "put back 3 letters into payments; 1 was put back before (--again takes them too)\n");
    // What repeats, by a kill or by --again, is known by its id, or by the origin that it died at.
    assert_eq!(count(&at(&["redrive", "points", "--again", "--json"]).exits(0)), (4, 4));

    run(folder.path(), &["run", "--drain"]).exits(0);
    let mended = [("ada", 1), ("bob", 900), ("eve", 901)].map(|(user, n)| (user.to_owned(), n));
    assert_eq!(points(folder.path()), mended);
    let again = json(&at(&["list", "points", "--json"]).exits(0));
    assert_eq!(again.len(), 4, "two are dead for good, and each was put back twice: {again:?}");
    assert!(again.iter().all(|letter| letter["redrives"] == 1 && letter["first_origin"].is_string()), "{again:?}");
    let ids: std::collections::BTreeSet<_> = again.iter().map(|letter| letter["id"].to_string()).collect();
    assert_eq!(ids.len(), 2, "repeats of a death have one id: {again:?}");
    assert_eq!(json(&at(&["list", "points", "--all", "--json"]).exits(0)).len(), 8);
}

#[test]
fn at_an_address_with_bytes_verbatim() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat());
    at(&["topics", "create", "orders", "--partitions", "3"]).exits(0);
    at(&["topics", "create", "orders.dead", "--partitions", "1"]).exits(0);
    // A letter of another system, in its own headers; and one that says nothing.
    produce(&broker.address, b"k\xff", b"\x00bytes", &[("__connect.errors.topic", "orders"), ("trace", "t-1")]);
    produce(&broker.address, b"n", b"nothing", &[]);
    let redriven = at(&["dlq", "redrive", "orders.dead", "--json"]).exits(0);
    assert_eq!(count(&redriven), (1, 0), "{}", redriven.out);
    assert_eq!(json(&redriven).pop().expect("an end")["without_origin"], 1);
    let [record] = json(&at(&["consume", "orders", "--drain", "--json"]).exits(0)).try_into().expect("one record");
    assert_eq!(
        (&record["key_hex"], &record["value"], &record["partition"]),
        (&"6bff".into(), &"\0bytes".into(), &2.into())
    );
    let headers: Vec<_> =
        record["headers"].as_array().expect("headers").iter().map(|header| header["name"].clone()).collect();
    assert_eq!(headers, ["trace", "onefold-redrives", "onefold-first-origin"]);

    let missing = at(&["dead-letters", "redrive", "orders.dead", "--to", "ordres"]).exits(1);
    assert!(missing.err.contains("no topic ordres") && missing.err.contains("nothing was put back"), "{}", missing.err);
    at(&["dead-letters", "redrive", "orders.dead", "--to", "orders.dead"]).exits(2);
    assert_eq!(count(&at(&["dead-letters", "redrive", "orders.dead", "--to", "orders", "--json"]).exits(0)), (1, 1));
    let nobody = at(&["dead-letters", "list", "nobody"]).exits(1);
    assert!(nobody.err.contains("no pipeline and no topic nobody"), "{}", nobody.err);
    // Made again under its name it is another topic: nothing of it was put back.
    at(&["topics", "delete", "orders.dead"]).exits(0);
    at(&["topics", "create", "orders.dead", "--partitions", "1"]).exits(0);
    run_with_input(folder.path(), &["produce", "orders.dead", "--bootstrap", &broker.address], "{}\n").exits(0);
    let fresh = json(&at(&["dead-letters", "list", "orders.dead", "--json", "--all"]).exits(0));
    assert_eq!((fresh.len(), &fresh[0]["put_back"]), (1, &false.into()));
}

/// Its records have none of the headers that tell of a death: it was named by mistake, and may be long.
#[test]
fn an_ordinary_topic_is_not_listed_for_dead_letters() {
    let folder = home();
    run(folder.path(), &["run", "--drain"]).exits(0);
    let at = |args: &[&str]| run(folder.path(), &[&["dead-letters"], args].concat());
    for args in [&["list", "payments"][..], &["list", "payments", "--json"], &["redrive", "payments"]] {
        let none = at(args).exits(1);
        assert_eq!(
            (none.out.as_str(), none.err.as_str()),
            (
                "",
                "error: payments holds no dead letters: nothing in its 5 records tells of a death\n  \
                 to fix         name the pipeline whose letters are meant: points\n  \
                 to see it      onefold consume payments\n"
            ),
            "{args:?}"
        );
    }
    assert_eq!(json(&at(&["list", "payments", "--json", "--all"]).exits(0)).len(), 5, "unless one asks for them");

    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat());
    // Beside letters they are counted.
    at(&["topics", "create", "orders.dead", "--partitions", "1"]).exits(0);
    produce(&broker.address, b"n", b"nothing", &[]);
    produce(&broker.address, b"k", b"v", &[("onefold-id", "a"), ("__connect.errors.topic", "orders")]);
    let listed = at(&["dead-letters", "list", "orders.dead"]).exits(0);
    assert_eq!(listed.err, "1 letter in orders.dead; 1 record is no letter (--all)\n");
    assert_eq!(listed.out.lines().count(), 2, "{}", listed.out);
}

/// However many records before it are none.
#[test]
fn a_letter_at_the_end_of_a_long_topic_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat());
    at(&["topics", "create", "orders", "--partitions", "3"]).exits(0);
    at(&["topics", "create", "orders.dead", "--partitions", "1"]).exits(0);
    let long: String = (0..20_000).map(|nth| format!("{{\"id\":{nth}}}\n")).collect();
    run_with_input(folder.path(), &["produce", "orders.dead", "--bootstrap", &broker.address], &long).exits(0);
    for args in [&["list", "orders.dead", "--json"][..], &["redrive", "orders.dead"]] {
        let none = run(folder.path(), &[&["dlq"], args, &["--bootstrap", &broker.address]].concat()).exits(1);
        assert!(none.out.is_empty() && none.err.contains("nothing in its 20000 records tells of a death"), "{none:?}");
    }
    produce(&broker.address, b"k", b"v", &[("onefold-id", "a"), ("__connect.errors.topic", "orders")]);
    let listed = at(&["dlq", "list", "orders.dead"]).exits(0);
    assert_eq!(listed.err, "1 letter in orders.dead; 20000 records are no letters (--all)\n");
    assert_eq!(count(&at(&["dlq", "redrive", "orders.dead", "--json"]).exits(0)), (1, 0));
    let all = at(&["dlq", "list", "orders.dead", "--all"]).exits(0);
    let heads = all.out.lines().filter(|line| line.starts_with("origin")).count();
    assert_eq!((heads, all.out.lines().count()), (3, 20_004), "a table has 10,000 rows at most");
}

#[test]
fn an_origin_that_no_letter_has_is_said() {
    let folder = home();
    run(folder.path(), &["run", "--drain"]).exits(0);
    let at = |args: &[&str]| run(folder.path(), &[&["dead-letters"], args].concat());
    let hint = "no letter came from paymnts/0\n  nearest        payments\n";
    let listed = at(&["list", "points", "--origin", "paymnts/0"]).exits(0);
    assert_eq!((listed.out.as_str(), listed.err), ("", format!("0 letters in payments.points.dead\n{hint}")));
    assert_eq!(at(&["list", "points", "--origin", "paymnts/0", "--json"]).exits(0).err, hint);
    // One of two is right: nothing is put back before the other is.
    for args in [&["--dry-run"][..], &[]] {
        let wrong = [&["redrive", "points", "--origin", "payments", "--origin", "paymnts/0"], args].concat();
        assert_eq!(at(&wrong).exits(1).err, format!("error: nothing was put back: {hint}"));
    }
    let all = at(&["redrive", "points", "--origin", "payments"]).exits(0);
    assert_eq!(all.err, "put back 4 letters into payments\n");
    assert_eq!(
        at(&["redrive", "points", "--origin", "payments", "--json"]).exits(0).err,
        "",
        "it is there, and was put back"
    );
}

#[test]
fn a_letter_that_stands_twice_is_put_back_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat());
    at(&["topics", "create", "orders", "--partitions", "3"]).exits(0);
    at(&["topics", "create", "orders.dead", "--partitions", "1"]).exits(0);
    let death = |id: &str| {
        let told = [("onefold-id", id), ("onefold-group", "g"), ("__connect.errors.topic", "orders")];
        produce(&broker.address, b"k", b"v", &told);
    };
    ["a", "a", "b"].iter().for_each(|id| death(id));
    assert_eq!(count(&at(&["dlq", "redrive", "orders.dead", "--json"]).exits(0)), (2, 0));
    assert_eq!(count(&at(&["dlq", "redrive", "orders.dead", "--json"]).exits(0)), (0, 2), "nor by the next call");
    assert_eq!(json(&at(&["consume", "orders", "--drain", "--json"]).exits(0)).len(), 2);
    let notes = json(&at(&["consume", "orders.dead.redriven", "--drain", "--json"]).exits(0));
    assert_eq!((notes.len(), &notes[0]["key"]), (1, &"0/0".into()));
}

/// More than are noted together, told to somebody who has gone: all is done, and the end says that it was not told.
#[test]
fn whoever_reads_no_more_stops_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = |args: &[&str]| run(folder.path(), &[args, &["--bootstrap", &broker.address]].concat());
    at(&["topics", "create", "orders", "--partitions", "3"]).exits(0);
    at(&["topics", "create", "orders.dead", "--partitions", "1"]).exits(0);
    let letters =
        (0..450).map(|nth: u32| letter(b"k", nth.to_string().as_bytes(), &[("__connect.errors.topic", "orders")]));
    produce_all(&broker.address, letters);
    let mut command =
        onefold(folder.path(), &["dlq", "redrive", "orders.dead", "--json", "--bootstrap", &broker.address]);
    let mut redrive = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary runs");
    drop(redrive.stdout.take());
    let ended = redrive.wait_with_output().expect("ends");
    let said = String::from_utf8(ended.stderr).expect("text");
    assert_eq!(ended.status.code(), Some(1), "nobody was told, which is no success: {said}");
    let done = "all is done: 450 letters put back and noted, but 450 of them could not be told";
    assert!(said.starts_with("error: cannot write to standard output: ") && said.contains(done), "{said}");
    let see = format!("onefold dead-letters list orders.dead --bootstrap {} --all", broker.address);
    assert!(said.trim_end().ends_with(&see), "{said}");
    assert_eq!(at(&["consume", "orders", "--drain"]).exits(0).out.lines().count(), 450);
    assert_eq!(count(&at(&["dlq", "redrive", "orders.dead", "--json"]).exits(0)), (0, 450), "and all of it is noted");
}

fn produce(address: &str, key: &[u8], value: &[u8], headers: &[(&str, &str)]) {
    produce_all(address, [letter(key, value, headers)]);
}

fn letter(key: &[u8], value: &[u8], headers: &[(&str, &str)]) -> onefold::Record {
    let mut letter = onefold::Record::new("orders.dead", Some(key), Some(value));
    for (name, text) in headers {
        letter = letter.with_header(name, text);
    }
    if !headers.is_empty() {
        letter = letter.with_header("__connect.errors.partition", "2").with_header("__connect.errors.offset", "7");
    }
    letter
}

fn produce_all(address: &str, letters: impl IntoIterator<Item = onefold::Record>) {
    use onefold::log::kafka::{KafkaPublisher, KafkaSettings};
    let runtime = tokio::runtime::Runtime::new().expect("threads");
    let publisher = KafkaPublisher::new(&KafkaSettings::new(address)).expect("a producer");
    for letter in letters {
        runtime.block_on(publisher.publish_at(letter, None)).expect("there");
    }
}
