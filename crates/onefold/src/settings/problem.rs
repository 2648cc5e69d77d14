use super::mask::{Excerpt, excerpt, masked_message};
use super::source::Source;
use std::fmt;
use std::ops::Range;

/// One thing that is wrong in a settings file, where, and what would mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, in one line.
    pub what: String,
    /// Why it matters, a line each: a name and its text (`weakest link`, ..).
    pub because: Vec<(&'static str, String)>,
    /// Ways out, the best first. Each can be applied to the file as printed.
    pub fixes: Vec<Fix>,
    span: Range<usize>,
    /// Of a table as a whole: something is not in it.
    of_a_whole: bool,
}

/// A change of the file that is printed as a sentence and can be applied as an edit: both are made in one place,
/// so that what is printed is what was tested.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    said: String,
    edit: (Range<usize>, String),
}

impl Fix {
    pub(crate) fn replace(source: &Source, span: Range<usize>, with: impl Into<String>) -> Fix {
        let with = with.into();
        Fix { said: format!("write `{with}` in place of `{}`", source.slice(span.clone())), edit: (span, with) }
    }

    pub(crate) fn edit(said: String, span: Range<usize>, with: String) -> Fix {
        Fix { said, edit: (span, with) }
    }

    /// The file with this fix applied.
    pub fn apply(&self, text: &str) -> String {
        let (span, with) = &self.edit;
        let (before, after) = (text.get(..span.start), text.get(span.end..));
        [before.unwrap_or(text), with, after.unwrap_or("")].concat()
    }
}

impl fmt::Display for Fix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said)
    }
}

impl Problem {
    pub(crate) fn new(span: Range<usize>, what: impl Into<String>) -> Problem {
        Problem { what: what.into(), because: vec![], fixes: vec![], span, of_a_whole: false }
    }

    pub(crate) fn because(mut self, name: &'static str, text: impl Into<String>) -> Problem {
        self.because.push((name, text.into()));
        self
    }

    pub(crate) fn fix(mut self, fix: impl Into<Option<Fix>>) -> Problem {
        self.fixes.extend(fix.into());
        self
    }

    pub(crate) fn fixes(mut self, fixes: impl IntoIterator<Item = Fix>) -> Problem {
        self.fixes.extend(fixes);
        self
    }

    /// Something is missing, rather than wrong.
    pub(crate) fn missing(mut self) -> Problem {
        self.of_a_whole = true;
        self
    }

    pub(crate) fn is_of_a_whole(&self) -> bool {
        self.of_a_whole
    }

    pub(crate) fn at(&self) -> usize {
        self.span.start
    }

    /// As the rest of the world's compilers print it, so that terminals and editors can jump to the place.
    /// Secrets do not show.
    pub(crate) fn print(&self, source: &Source, f: &mut impl fmt::Write) -> fmt::Result {
        let Said { line, column, what, because, fixes } = self.said(source);
        let (gutter, Excerpt { line: text, before, marked }) =
            (line.to_string().len(), excerpt(&source.text, &self.span));
        writeln!(f, "error: {what}")?;
        writeln!(f, "{:gutter$}--> {}:{line}:{column}", "", source.path.display())?;
        if !text.trim().is_empty() {
            let (text, before) = around(&text, before);
            let rest = text.chars().count().saturating_sub(before).max(1);
            writeln!(f, "{:gutter$} |", "")?;
            writeln!(f, "{line} | {text}")?;
            writeln!(f, "{:gutter$} | {:2$}{3}", "", "", before, "^".repeat(marked.clamp(1, rest)))?;
        }
        for (name, text) in &because {
            writeln!(f, "  {name:<14} {}", indented(text))?;
        }
        for (n, fix) in fixes.iter().enumerate() {
            writeln!(f, "  {:<14} {}", if n == 0 { "to fix" } else { "or" }, indented(fix))?;
        }
        Ok(())
    }

    fn said(&self, source: &Source) -> Said {
        let (line, column) = source.place(self.span.start);
        let clean = |text: &str| masked_message(text, &source.text);
        // A fix that cannot be printed whole cannot be applied as printed.
        let fixes = self.fixes.iter().map(Fix::to_string).filter(|fix| clean(fix) == *fix).collect();
        let because = self.because.iter().map(|(name, text)| (*name, clean(text))).collect();
        Said { line, column, what: clean(&self.what), because, fixes }
    }
}

/// What is shown of a line, and how many characters of it stand before the place: of a very long one the part around it.
fn around(line: &str, before: usize) -> (String, usize) {
    const MOST: usize = 240;
    if line.chars().count() <= MOST {
        return (line.to_owned(), before);
    }
    let from = before.saturating_sub(MOST / 2);
    let part = line.chars().skip(from).take(MOST).collect();
    (part, before - from)
}

/// A problem as it may be shown: in words, without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub what: String,
    /// A name and its text each.
    pub because: Vec<(&'static str, String)>,
    /// The best first.
    pub fixes: Vec<String>,
}

fn indented(text: &str) -> String {
    text.replace('\n', &format!("\n{:17}", ""))
}

/// All that is wrong in a settings file, in the order of the file. Never empty.
#[derive(Debug, Clone)]
pub struct SettingsErrors {
    pub(crate) source: Source,
    pub(crate) problems: Vec<Problem>,
}

impl SettingsErrors {
    pub(crate) fn new(source: Source, mut problems: Vec<Problem>) -> SettingsErrors {
        problems.sort_by_key(Problem::at);
        SettingsErrors { source, problems }
    }

    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// All of them as they may be shown, in the order of the file.
    pub fn said(&self) -> Vec<Said> {
        self.problems.iter().map(|problem| problem.said(&self.source)).collect()
    }

    /// The text of the file that was read.
    pub fn text(&self) -> &str {
        &self.source.text
    }
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            problem.print(&self.source, f)?;
            writeln!(f)?;
        }
        let errors = if self.problems.len() == 1 { "error" } else { "errors" };
        write!(f, "{} {errors} in {}", self.problems.len(), self.source.path.display())
    }
}

impl std::error::Error for SettingsErrors {}
