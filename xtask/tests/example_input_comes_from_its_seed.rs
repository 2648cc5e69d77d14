//! The committed payments.ndjson is what the generator writes, so that whoever doubts the example can make it anew.

use std::process::Command;

#[test]
fn example_input_comes_from_its_seed() {
    let done = Command::new(env!("CARGO_BIN_EXE_xtask")).args(["payments", "--check"]).output().expect("xtask runs");
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}
