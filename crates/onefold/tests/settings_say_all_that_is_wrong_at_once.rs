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
fn broken_syntax() {
    insta::assert_snapshot!(said("broken_syntax.toml"));
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
