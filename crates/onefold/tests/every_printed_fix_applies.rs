//! "Every fix that it prints can be applied to the file as printed." This test knows only what was printed: it reads
//! the sentence, changes the file as a person would, and the problem must be gone.

use onefold::settings::{File, SettingsErrors};
use std::path::Path;

const FILES: [&str; 6] = [
    "slips_of_the_hand.toml",
    "missing_keys.toml",
    "wrong_kinds.toml",
    "parts_that_do_not_fit.toml",
    "what_would_fail_at_run.toml",
    "what_is_taken_unsaid.toml",
];

fn wrong(text: &str) -> Option<SettingsErrors> {
    File::parse(Path::new("tests/settings/onefold.toml"), text.to_owned()).err()
}

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new("tests/settings").join(name)).expect("a test file")
}

/// One printed problem: what is wrong, its line, and the fixes as sentences.
struct Printed {
    what: String,
    line: usize,
    fixes: Vec<String>,
}

fn printed(errors: &SettingsErrors) -> Vec<Printed> {
    let text = errors.to_string();
    let blocks = text.split("\n\n").filter(|block| block.starts_with("error: "));
    blocks.map(one).collect()
}

fn one(block: &str) -> Printed {
    let lines: Vec<&str> = block.lines().collect();
    let place = lines.iter().find_map(|line| line.trim_start().strip_prefix("--> ")).expect("a place");
    let line = place.rsplit(':').nth(1).and_then(|line| line.parse().ok()).expect("a line number");
    let mut fixes: Vec<String> = vec![];
    let mut continues = false;
    for text in lines {
        let starts = text.strip_prefix("  to fix").or(text.strip_prefix("  or "));
        if let Some(fix) = starts {
            fixes.push(fix.trim().to_owned());
        } else if let (true, Some(more)) = (continues, text.strip_prefix(&" ".repeat(17))) {
            let last = fixes.last_mut().expect("a fix");
            last.push('\n');
            last.push_str(more);
        }
        continues = starts.is_some() || (continues && text.starts_with(&" ".repeat(17)));
    }
    Printed { what: block.lines().next().unwrap_or_default().to_owned(), line, fixes }
}

/// Does by hand what the sentence says.
fn apply(text: &str, line: usize, fix: &str) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    if let Some(rest) = fix.strip_prefix("write `") {
        let (with, old) = rest.trim_end_matches('`').split_once("` in place of `").expect("what to replace");
        assert!(lines[line - 1].contains(old), "line {line} has no {old}");
        lines[line - 1] = lines[line - 1].replacen(old, with, 1);
    } else if let Some(more) = fix.strip_prefix("add at the end of the file:\n") {
        lines.push(more.to_owned());
    } else if let Some(rest) = fix.strip_prefix("in the braces of `") {
        let (key, rest) = rest.split_once("` on line ").expect("a key");
        let (number, added) = rest.split_once(": ").expect("a line");
        let number: usize = number.parse().expect("a number");
        let target = &mut lines[number - 1];
        let start = target.find(&format!("{key} = {{")).or(target.find(&format!(".{key} = {{"))).expect("the key");
        let open = start + target[start..].find('{').expect("a brace");
        let close = open + target[open..].rfind('}').expect("a brace");
        let comma = if target[open + 1..close].trim().is_empty() { "" } else { ", " };
        target.insert_str(close, &format!("{comma}{added} "));
    } else {
        let (header, added) = fix.strip_prefix("in ").and_then(|rest| rest.split_once(": ")).expect("a known sentence");
        let at = lines.iter().position(|line| line.trim() == header).expect("the header");
        lines.splice(at + 1..at + 1, added.split(" and ").map(str::to_owned));
    }
    lines.join("\n") + "\n"
}

#[test]
fn each_fix_on_its_own_mends_its_problem() {
    let mut tried = 0;
    for name in FILES {
        let text = read(name);
        for problem in printed(&wrong(&text).expect("wrong on purpose")) {
            for fix in &problem.fixes {
                let fixed = apply(&text, problem.line, fix);
                let left = wrong(&fixed).map(|errors| printed(&errors)).unwrap_or_default();
                let still = left.iter().find(|other| other.what == problem.what);
                assert!(still.is_none(), "{name}: `{fix}` does not mend `{}`:\n{fixed}", problem.what);
                tried += 1;
            }
        }
    }
    assert!(tried > 40, "only {tried} fixes were printed");
}

#[test]
fn first_fixes_one_after_another_leave_nothing_that_has_a_fix() {
    for name in FILES {
        let mut text = read(name);
        for _ in 0..100 {
            let Some(errors) = wrong(&text) else { break };
            let next =
                printed(&errors).into_iter().find_map(|problem| Some((problem.line, problem.fixes.first()?.clone())));
            let Some((line, fix)) = next else { break };
            text = apply(&text, line, &fix);
        }
        let left = wrong(&text).map(|errors| printed(&errors)).unwrap_or_default();
        assert!(left.iter().all(|problem| problem.fixes.is_empty()), "{name} is not mended:\n{text}");
    }
}

/// A number without a unit is not guessed at: each unit that is offered can be written as it stands there.
#[test]
fn every_unit_that_is_offered_is_taken() {
    let (mut tried, mut fixed) = (0, 0);
    for (key, number) in
        [("retention", "7"), ("retention_size", "10"), ("retention", "\"7\""), ("retention", "\"soon\"")]
    {
        let text = |value: &str| format!("[kafka]\nbootstrap = \"k:9092\"\n[topics.t]\n{key} = {value}\n");
        let wrong_on_purpose = wrong(&text(number)).expect("wrong on purpose");
        let said = wrong_on_purpose.to_string();
        let offered = said.lines().next().and_then(|line| line.split_once("its unit: ")).expect("an offer").1;
        for value in offered.split(", ") {
            assert!(wrong(&text(value)).is_none(), "{value} is not taken");
            tried += 1;
        }
        // All of them, so that whoever takes one has chosen it; of what is no number none is likelier.
        let fixes = &wrong_on_purpose.problems()[0].fixes;
        assert!(fixes.iter().all(|fix| wrong(&fix.apply(&text(number))).is_none()), "{said}");
        fixed += fixes.len();
    }
    assert_eq!((tried, fixed), (5 + 4 + 5 + 5, 5 + 4 + 5));
}

/// The edit that the library offers and the sentence that it prints are the same change.
#[test]
fn the_edit_is_what_the_sentence_says() {
    for name in FILES {
        let text = read(name);
        let errors = wrong(&text).expect("wrong on purpose");
        for (problem, printed) in errors.problems().iter().zip(printed(&errors)) {
            for (fix, sentence) in problem.fixes.iter().zip(&printed.fixes) {
                let tidy = |text: String| text.split_whitespace().collect::<String>().replace(",}", "}");
                assert_eq!(tidy(fix.apply(&text)), tidy(apply(&text, printed.line, sentence)), "{name}: {sentence}");
            }
        }
    }
}
