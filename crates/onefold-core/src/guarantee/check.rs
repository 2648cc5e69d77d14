//! A declared guarantee against the computed one.

use std::fmt;

use super::explain::Explanation;
use super::kind::Guarantee;

/// A change that this build accepts, and what it would give.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub gives: Guarantee,
    /// As the user would make it, lines apart by `\n`.
    pub text: String,
}

/// The declared guarantee is more than the parts give. Its text is the whole message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Refusal {
    /// What declares it, as the user knows it: `pipelines.receipts`.
    pub subject: String,
    pub declared: Guarantee,
    pub computed: Guarantee,
    pub weakest_link: String,
    /// Any one of them would do.
    pub fixes: Vec<String>,
}

impl Explanation {
    /// Refuses a declared guarantee that the parts do not give. Of `available`, only fixes that would give it are told.
    pub fn check(&self, subject: &str, declared: Guarantee, available: &[Fix]) -> Result<(), Refusal> {
        if self.guarantee.covers(declared) {
            return Ok(());
        }
        let helps = |fix: &&Fix| fix.gives.covers(declared);
        Err(Refusal {
            subject: subject.to_owned(),
            declared,
            computed: self.guarantee,
            weakest_link: self.weakest_link.clone(),
            fixes: available.iter().filter(helps).map(|fix| fix.text.clone()).collect(),
        })
    }
}

const INDENT: usize = 17;

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Refusal { subject, declared, computed, weakest_link, fixes } = self;
        write!(f, "{subject} declares {declared}, its parts give {computed}")?;
        row(f, "weakest link", weakest_link)?;
        for (nth, fix) in fixes.iter().enumerate() {
            row(f, if nth == 0 { "to fix" } else { "or" }, fix)?;
        }
        if *computed != Guarantee::None {
            row(f, "or declare", &format!("guarantee = \"{computed}\""))?;
        }
        Ok(())
    }
}

fn row(f: &mut fmt::Formatter<'_>, label: &str, text: &str) -> fmt::Result {
    for (nth, line) in text.lines().enumerate() {
        let label = if nth == 0 { label } else { "" };
        write!(f, "\n{:<INDENT$}{line}", format!("  {label}"))?;
    }
    Ok(())
}
