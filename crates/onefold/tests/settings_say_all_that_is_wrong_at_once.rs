//! A user fixes a file once, not once an error: whatever is wrong is said in one run, each with its line, its column
//! and the name that was probably meant. The texts are an interface, so they are compared as text.

use onefold::settings::{Cluster, File, KafkaSettings};
use std::path::Path;

fn said(name: &str) -> String {
    let path = Path::new("tests/settings").join(name);
    File::load(&path).expect_err("the file is wrong on purpose").to_string()
}

#[test]
fn slips_of_the_hand() {
    insta::assert_snapshot!(said("slips_of_the_hand.toml"));
}

#[test]
fn missing_keys() {
    insta::assert_snapshot!(said("missing_keys.toml"));
}

#[test]
fn wrong_kinds() {
    insta::assert_snapshot!(said("wrong_kinds.toml"));
}

#[test]
fn parts_that_do_not_fit() {
    insta::assert_snapshot!(said("parts_that_do_not_fit.toml"));
}

#[test]
fn what_would_fail_at_run() {
    insta::assert_snapshot!(said("what_would_fail_at_run.toml"));
}

#[test]
fn broken_syntax() {
    insta::assert_snapshot!(said("broken_syntax.toml"));
}

/// Each of these was accepted, and failed later or did something else than was meant.
#[cfg(all(feature = "http", feature = "exec"))]
#[test]
fn what_is_taken_unsaid() {
    insta::assert_snapshot!(said("what_is_taken_unsaid.toml"));
}

/// What stands beside a broken line is checked in the same round; what the line may have said is not missed.
#[test]
fn broken_lines_beside_others() {
    insta::assert_snapshot!(said("broken_lines_beside_others.toml"));
}

/// A quote or bracket that is left open is told once, where it stands, and not once for each line that it swallows.
#[test]
fn open_quotes_and_brackets() {
    insta::assert_snapshot!(said("open_quotes_and_brackets.toml"));
    let text =
        said_of("[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"\"\"t\"\n[topics.t]\npartitions = 0\n");
    assert!(
        text.contains("this `\"\"\"` is never closed\n --> onefold.toml:4:8") && text.contains("1 error in"),
        "{text}"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("onefold.toml");
    let broken = "[kafka]\nbootstrap = \"k:9092\n[topics.t]\npartitions = 1\n[topics.u]\npartitions = 1\n";
    std::fs::write(&path, broken).expect("writes");
    let said = Cluster::load(&path).expect_err("broken").to_string();
    assert!(said.contains("this `\"` is never closed") && said.contains("1 error in"), "{said}");
}

#[test]
fn a_file_that_is_not_there() {
    insta::assert_snapshot!(said("nowhere.toml"));
}

/// A truncated or mangled file is a user's accident, not a reason to panic.
#[test]
fn any_prefix_of_a_file_is_an_answer() {
    let whole = std::fs::read_to_string("../../examples/payments/onefold.toml").expect("the example is there");
    for end in (0..whole.len()).filter(|end| whole.is_char_boundary(*end)) {
        if let Err(wrong) = File::parse(Path::new("onefold.toml"), whole[..end].to_owned()) {
            assert!(!wrong.problems().is_empty() && !wrong.to_string().is_empty());
        }
    }
}

#[test]
fn the_example_is_right() {
    let file = File::load(Path::new("../../examples/payments/onefold.toml"));
    let file = file.unwrap_or_else(|wrong| panic!("{wrong}"));
    assert_eq!(file.pipelines.len(), 3);
}

/// A slip of completion: thousands of mistakes tell no more than ten, and take for ever.
#[test]
fn of_a_file_that_is_no_toml_the_first_mistakes_are_said() {
    let said = said_of(&"{\"id\": \"a\", \"data\": {\"x\": 1}}\n".repeat(20_000));
    let count = said.matches("error:").count();
    assert!((1..=20).contains(&count), "{count} are said");
}

fn said_of(text: &str) -> String {
    File::parse(Path::new("onefold.toml"), text.to_owned()).expect_err("wrong on purpose").to_string()
}

/// Messages end up in logs and tickets.
#[test]
fn secrets_are_shown_in_no_message() {
    for wrong in [
        "[kafka]\nbootstrap = \"k:9092\"\nsasl = { mechanism = \"PLIAN\", user = \"u\", password = [\"hunter2\"] }",
        "[kafka]\nbootstrap = \"k:9092\"\n[kafka.sasl]\nmechanism = \"PLAIN\"\nuser = \"u\"\npasswrd = \"hunter2\"",
        "[kafka]\nbootstrap = \"k:9092\"\n[kafka.sasl]\nmechanism = \"PLAIN\"\nuser = \"u\"\npassword = \"hunter2",
        "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"t\"\n[pipelines.p.to.http]\nurl = \"ftp://u:hunter2@h/\"",
        "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"t\"\n[pipelines.p.to.http]\nurl = \"http://h\"\nheaders.Authorization = [\"hunter2\"]",
    ] {
        let said = said_of(wrong);
        assert!(!said.contains("hunter2"), "{said}");
    }
}

/// Neither the line, nor the place, tells how long a secret is.
#[test]
fn the_column_counts_no_secret() {
    let place = |secret: &str| {
        let text = format!("[kafka]\nbootstrap = \"k:9092\"\nsasl = {{ password = \"{secret}\", usr = \"ada\" }}\n");
        let wrong = File::parse(Path::new("onefold.toml"), text).expect_err("it knows no `usr`");
        let of_usr = wrong.said().into_iter().find(|said| said.what.contains("`usr`")).expect("it is told");
        (of_usr.line, of_usr.column, wrong.to_string())
    };
    let short = place("pw");
    assert_eq!((short.0, short.1), (3, 28), "{}", short.2);
    assert_eq!(short, place("a password of many words"));
}

fn right_or_said(text: &str) -> Option<String> {
    File::parse(Path::new("onefold.toml"), text.to_owned()).map_err(|wrong| wrong.to_string()).err()
}

/// Braces and quotes that mean what they say are no slips.
#[cfg(feature = "sqlite")]
#[test]
fn sql_and_bodies_that_are_right_pass() {
    let sql = |statement: &str| {
        format!(
            "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"t\"\n[pipelines.p.to.sql]\n\
             url = \"sqlite:a.db\"\nsetup = \"CREATE TABLE IF NOT EXISTS t (v TEXT)\"\nstatement = '''{statement}'''\n"
        )
    };
    for right in [
        "INSERT INTO t VALUES ({x}); INSERT INTO t VALUES ('user-' || {y?} || '{' || 'z}')",
        "INSERT INTO t VALUES (json_set('{}', '$.a', {x})) -- '{x}'",
        "INSERT INTO t VALUES ('{\"a\": [1]}'); DELETE FROM t WHERE v IN (SELECT v FROM t WHERE v = {x})",
        "INSERT INTO elsewhere VALUES ({x})",
    ] {
        assert_eq!(right_or_said(&sql(right)), None, "{right}");
    }
    let http = |rest: &str| {
        format!(
            "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"t\"\n[pipelines.p.to.http]\n\
             url = \"http://h/\"\n{rest}\n"
        )
    };
    for right in [
        "body = '{\"a\": {x}, \"b\": \"{y?} and {z:text}\", \"c\": [{n:text}]}'",
        "body = '{data}'",
        "body = 'a={x}'\nheaders = { \"content-type\" = \"text/plain\" }",
        "body = \"{x}\\n{y}\"\nheaders = { \"content-type\" = \"application/x-ndjson\" }",
        "body = ''",
    ] {
        assert_eq!(right_or_said(&http(right)), None, "{right}");
    }
    let wrong = right_or_said(&http("body = 'a={x}'\nheaders.Content-Type = \"application/json\"")).expect("no JSON");
    assert!(wrong.contains("goes out as JSON, but is none"), "{wrong}");
}

/// Another cluster may know more than Kafka does; a slip of the hand is one everywhere.
#[test]
fn configs_of_other_clusters_pass() {
    let text = |config: &str| format!("[kafka]\nbootstrap = \"k:9092\"\n[topics.t]\nconfig = {{ {config} }}\n");
    for right in
        ["\"confluent.tier.enable\" = \"true\"", "\"retention.ms\" = \"-1\", \"cleanup.policy\" = \"compact, delete\""]
    {
        assert_eq!(right_or_said(&text(right)), None, "{right}");
    }
    assert!(said_of(&text("\"retension.ms\" = \"1\"")).contains("write `\"retention.ms\"`"));
    assert!(said_of(&text("\"retention.ms\" = \"7d\"")).contains("no whole number from -1 on"));
}

/// A secret that is not there would be missed at the first connection, or the first record.
#[test]
fn secrets_that_are_not_there_are_said_before_a_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("onefold.toml");
    let load = |text: &str| {
        std::fs::write(&path, text).expect("writes");
        File::load_with_secrets(&path).map_err(|wrong| wrong.to_string()).err()
    };
    let text = |password: &str| {
        format!(
            "[kafka]\nbootstrap = \"k:9092\"\nsasl = {{ mechanism = \"PLAIN\", user = \"u\", password = {password} }}\n\
             [pipelines.p]\nfrom = \"t\"\nto.http = {{ url = \"http://h/\", headers = {{ Authorization = {password} }} }}\n"
        )
    };
    let unset = "{ env = \"ONEFOLD_TEST_NOT_SET\" }";
    let said = load(&text(unset)).expect("not set");
    assert!(said.contains("kafka.sasl.password: the environment has no $ONEFOLD_TEST_NOT_SET"), "{said}");
    assert!(said.contains("onefold.toml:3:54") && said.contains("onefold.toml:6:"), "{said}");
    assert!(said.contains("export ONEFOLD_TEST_NOT_SET=...") && said.contains("2 errors in"), "{said}");
    let gone = load(&text("{ file = \"gone\" }")).expect("not there");
    assert!(gone.contains("cannot read the secret in") && gone.contains("No such file"), "{gone}");
    std::fs::write(folder.path().join("there"), "hunter2\n").expect("writes");
    for there in ["{ file = \"there\" }", "{ env = \"PATH\" }", "\"hunter2\""] {
        assert_eq!(load(&text(there)), None, "{there}");
    }
    let near = load(&text("{ env = \"CARGO_MANIFEST_DRI\" }")).expect("misspelt");
    assert!(near.contains("write `CARGO_MANIFEST_DIR` in place of `CARGO_MANIFEST_DRI`"), "{near}");
    let tls =
        load("[kafka]\nbootstrap = \"k:9092\"\ntls = { ca = \"gone.pem\", certificate = \"there\" }\n").expect("wrong");
    #[cfg(feature = "tls")]
    assert!(tls.contains("2 errors"), "{tls}");
    assert!(tls.contains("kafka.tls.ca: cannot read") && tls.contains("kafka.tls has no `key`"), "{tls}");
    // Who only explains or lists needs no secret.
    std::fs::write(&path, text(unset)).expect("writes");
    assert!(File::load(&path).is_ok() && Cluster::load(&path).is_ok());
}

/// Whoever looks for a file of their own knows then where it was looked for, and under which name it is there.
#[test]
fn a_file_to_load_that_is_not_there_is_told_with_where_it_was_looked_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("onefold.toml");
    let said = |file: &str| {
        let text = format!("[kafka]\nbootstrap = \"k:9092\"\n[topics.t]\nload.file = \"{file}\"\n");
        std::fs::write(&path, text).expect("writes");
        File::load_to_check(&path).map(drop).map_err(|wrong| wrong.to_string())
    };
    std::fs::create_dir(folder.path().join("in")).expect("makes");
    std::fs::write(folder.path().join("in/events.ndjson"), "{}\n").expect("writes");
    assert_eq!(said("in/events.ndjson"), Ok(()));
    let misspelt = said("in/event.ndjson").expect_err("not there");
    let looked = format!("looked in      {}: a path is relative to the folder", folder.path().join("in").display());
    assert!(misspelt.contains(&looked) && misspelt.contains("that onefold.toml is in"), "{misspelt}");
    assert!(misspelt.contains("write `\"in/events.ndjson\"` in place of `\"in/event.ndjson\"`"), "{misspelt}");
    let absolute = said("/nowhere/events.ndjson").expect_err("not there");
    assert!(absolute.contains("looked in      /nowhere\n") && !absolute.contains("relative"), "{absolute}");
}

/// A program's environment is where its secrets come from: the hint names the key.
#[cfg(feature = "exec")]
#[test]
fn what_a_program_gets_from_the_environment_is_said() {
    let said = said_of(
        "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"t\"\nto.exec.command = [\"sh\", \"-c\", \"{env.TOKEN}\"]\n",
    );
    assert!(said.contains("to.exec.env adds to it, such as env = { TOKEN = { env = \"TOKEN\" } }"), "{said}");
}

/// A program that is not there fails at every record; it is said before the first one.
#[cfg(feature = "exec")]
#[test]
fn a_program_that_cannot_run_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("notes.txt"), "no program").expect("writes");
    std::fs::copy("/bin/sh", folder.path().join("effect")).expect("copies");
    let said = |command: &str| {
        let text = format!(
            "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"t\"\nto.exec.command = [\"{command}\"]\n"
        );
        File::parse(&folder.path().join("onefold.toml"), text).map_err(|wrong| wrong.to_string()).err()
    };
    let wrong = |command: &str| said(command).unwrap_or_else(|| panic!("{command} is right"));
    assert!(wrong("./missing.sh").contains("No such file"), "{}", wrong("./missing.sh"));
    assert!(wrong("./notes.txt").contains("chmod +x"), "{}", wrong("./notes.txt"));
    assert!(wrong("no-such-program-anywhere").contains("$PATH"), "{}", wrong("no-such-program-anywhere"));
    for right in ["./effect", "sh", "/bin/sh", "{data.program}"] {
        assert_eq!(said(right), None, "{right}");
    }
}

/// Commands that only talk to the cluster do not mind what is wrong with a pipeline.
#[test]
fn where_the_cluster_is_can_be_read_from_a_file_with_other_mistakes() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("onefold.toml");
    let load = |text: &str| {
        std::fs::write(&path, text).expect("writes");
        Cluster::load(&path).map_err(|wrong| wrong.to_string())
    };
    let cluster =
        load("[kafka]\nbootstrap = \"k:9092\"\n[topics.t]\nload = { file = \"gone\" }\n[pipelines.p]\nform = 1\n");
    let Ok(Cluster { kafka: KafkaSettings::Bootstrap { servers, .. }, .. }) = cluster else { panic!("{cluster:?}") };
    assert_eq!(servers, "k:9092");
    for (wrong, named) in [
        ("[kafka]\nbotstrap = \"k:9092\"\n", "botstrap"),
        ("[kafak]\nbootstrap = \"k:9092\"\n", "kafak"),
        ("[topics.t]\n", "no [kafka]"),
        ("[kafka\nbootstrap = \"k:9092\"\n", "error"),
    ] {
        let said = load(wrong).expect_err(wrong);
        assert!(said.contains(named), "{said}");
    }
}

/// What can be checked is checked, whatever else is wrong; and nothing is concluded from what could not be read.
#[test]
fn one_error_does_not_hide_another_nor_make_one_up() {
    let said = said_of(
        "[kafka]\nembeded = { data = \"d\" }\n[topics.payments]\n[pipelines.p]\nfrom = \"paymnts\"\n\
         retry = { first = 100, longest = \"1ms\" }\nto.http = { url = 5 }",
    );
    assert!(said.contains("in place of `\"paymnts\"`") && said.contains("`embedded`"), "{said}");
    assert!(said.contains("to.http.url") && !said.contains("shorter"), "{said}");
}

/// An id store that cannot be used is one mistake: `store` is there, and adding another would be a second one.
#[cfg(feature = "http")]
#[test]
fn a_store_that_is_no_database_is_not_missing_too() {
    let text = said_of(
        "[kafka]\nbootstrap = \"k:9092\"\n[topics.t]\n[pipelines.p]\nfrom = \"t\"\n\
         dedup = { id = \"id\", store = \"redis:localhost\" }\nto.http.url = \"http://127.0.0.1:1/\"\n",
    );
    assert!(text.contains("is no database of this build") && text.contains("1 error in"), "{text}");
}

#[test]
fn a_key_that_is_written_twice_is_named_with_its_first_place() {
    for (lines, key, first) in [
        ("[topics.t]\npartitions = 1\n\npartitions = 2\n", "partitions", 4),
        ("[topics.t]\npartitions = 1\n[topics.u]\n[topics.t] # again\n", "t", 3),
        ("[topics.t]\nload = { file = \"a\", file = \"b\" }\n", "file", 4),
        ("[pipelines.p]\nto.http.url = \"http://a/\"\nto.http.url = \"http://b/\"\n", "url", 4),
    ] {
        let text = said_of(&format!("[kafka]\nbootstrap = \"k:9092\"\n{lines}"));
        assert!(text.contains(&format!("duplicate key: `{key}` is written twice")), "{text}");
        assert!(text.lines().any(|line| line.trim() == format!("first          in line {first}")), "{text}");
    }
}

#[cfg(feature = "http")]
#[test]
fn an_answer_that_says_yes_cannot_be_rejected() {
    let with = |rejected: &str| {
        let text = format!(
            "[kafka]\nbootstrap = \"k:9092\"\n[topics.t]\n[pipelines.p]\nfrom = \"t\"\nto.http = {{ url = \"http://a/\", \
             rejected = {rejected} }}\n"
        );
        File::parse(Path::new("onefold.toml"), text).map_err(|wrong| wrong.to_string())
    };
    assert!(with("[404]").is_ok());
    let said = with("[200]").expect_err("200 is done");
    assert!(said.contains("200 says no to nothing"), "{said}");
    let said = with("404").expect_err("a list");
    assert!(said.contains("such as [404]") && said.contains("write `[404]` in place of `404`"), "{said}");
}
