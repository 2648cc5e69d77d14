//! Users script against names, flags and texts, so the help is compared as text.

mod common;

use common::run;

#[test]
fn help_of_every_command() {
    let folder = tempfile::tempdir().expect("a folder");
    let commands: [&[&str]; 12] = [
        &["--help"],
        &["run", "--help"],
        &["check", "--help"],
        &["explain", "--help"],
        &["broker", "--help"],
        &["topics", "--help"],
        &["produce", "--help"],
        &["consume", "--help"],
        &["groups", "--help"],
        &["dead-letters", "--help"],
        &["dead-letters", "list", "--help"],
        &["dead-letters", "redrive", "--help"],
    ];
    let helps = commands.map(|args| format!("$ onefold {}\n{}", args.join(" "), run(folder.path(), args).exits(0).out));
    insta::assert_snapshot!(helps.join("\n"));
}
