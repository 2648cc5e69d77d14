//! A client may call itself anything, and no byte of it is UTF-8's by rule: its group is listed all the same.

mod common;

use common::going::Going;
use common::{Broker, proxy, run, run_with_input};

#[test]
fn a_name_that_is_no_text_shows_as_far_as_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let broker = Broker::start(folder.path());
    let at = ["--bootstrap", &broker.address];
    run(folder.path(), &["topics", "create", "t", at[0], at[1]]).exits(0);
    run_with_input(folder.path(), &["produce", "t", at[0], at[1]], "one\n").exits(0);
    let mut member = Going::start(folder.path(), &["consume", "t", "--group", "g", at[0], at[1]]);
    member.out.until("one");
    // A broker that takes any bytes for a name tells them, too.
    let address = proxy::before(&broker.address, |answer| {
        if answer.api == proxy::DESCRIBE_GROUPS {
            let places: Vec<usize> =
                (0..answer.bytes.len()).filter(|at| answer.bytes[*at..].starts_with(b"onefold")).collect();
            assert!(!places.is_empty(), "the member has a name");
            places.into_iter().for_each(|at| answer.bytes[at + 4] = 0xff);
        }
        true
    });
    let described = run(folder.path(), &["groups", "describe", "g", "--bootstrap", &address]).exits(0).out;
    assert!(described.contains("1 member") && described.contains("onef\u{fffd}ld at "), "{described}");
    let listed = run(folder.path(), &["groups", "list", "--bootstrap", &address]).exits(0).out;
    assert!(listed.contains('g'), "{listed}");
}
