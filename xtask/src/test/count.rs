//! How many passed and how many did not, over everything that ran.

use anyhow::{Context, bail};
use std::{
    io::{BufRead, BufReader, Write, stdout},
    process::{Command, Stdio},
    time::Instant,
};

#[derive(Default)]
pub struct Count {
    passed: u64,
    failed: u64,
    ignored: u64,
}

impl Count {
    /// Runs cargo test, shows what it prints and adds up its result lines.
    pub fn cargo_test(&mut self, cargo: &mut Command) -> anyhow::Result<()> {
        let mut child = cargo.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot run cargo test")?;
        let printed = child.stdout.take().context("cargo test has no output")?;
        for line in BufReader::new(printed).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            writeln!(stdout(), "{line}")?;
            self.add(&line);
        }
        let status = child.wait()?;
        // A test program that did not compile or was killed leaves no result line.
        if !status.success() && self.failed == 0 {
            self.failed += 1;
        }
        Ok(())
    }

    /// One step counts as one test; a failure is shown and the steps after it still run.
    pub fn step(&mut self, name: &str, step: impl FnOnce() -> anyhow::Result<()>) {
        println!("\n--- {name}");
        let began = Instant::now();
        match step() {
            Ok(()) => self.passed += 1,
            Err(error) => {
                println!("FAILED: {name}: {error:#}");
                self.failed += 1;
            }
        }
        println!("--- {name}: {:.0} s", began.elapsed().as_secs_f32());
    }

    /// A step that needs what this machine may not have: then it is not run, which the closing line counts as ignored.
    pub fn step_with<T>(
        &mut self,
        name: &str,
        needs: impl FnOnce() -> anyhow::Result<T>,
        step: impl FnOnce(T) -> anyhow::Result<()>,
    ) {
        match needs() {
            Ok(tools) => self.step(name, || step(tools)),
            Err(error) => {
                println!("\n--- {name}: NOT RUN: {error:#}");
                self.ignored += 1;
            }
        }
    }

    /// The closing line; an error if anything failed.
    pub fn close(&self) -> anyhow::Result<()> {
        let verdict = if self.failed == 0 { "ok" } else { "FAILED" };
        println!("\ntest result: {verdict}. {} passed; {} failed; {} ignored", self.passed, self.failed, self.ignored);
        if self.failed > 0 {
            bail!("{} failed", self.failed);
        }
        Ok(())
    }

    fn add(&mut self, line: &str) {
        let Some(counts) = line.strip_prefix("test result: ") else { return };
        for (number, what) in counts.split([';', '.']).filter_map(|part| part.trim().split_once(' ')) {
            let number: u64 = number.parse().unwrap_or(0);
            match what {
                "passed" => self.passed += number,
                "failed" => self.failed += number,
                "ignored" => self.ignored += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn result_lines_add_up_and_other_lines_do_not_count() {
        let mut count = Count::default();
        count.add("test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 3 filtered out; finished in 0.10s");
        count.add("test result: FAILED. 5 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.00s");
        count.add("test 9 passed; said a liar");
        assert_eq!((count.passed, count.failed, count.ignored), (17, 2, 1));
    }
}
