//! A user fixes a file once, not once an error: whatever is wrong is said in one run, each with its line, its column
//! and the name that was probably meant. The texts are an interface, so they are compared as text.

use onefold::settings::File;
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
