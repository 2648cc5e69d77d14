use super::mask::{Excerpt, Masks};
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
    fn print(&self, source: &Source, masks: &Masks<'_>, f: &mut impl fmt::Write) -> fmt::Result {
        let Said { line, column, what, because, fixes } = self.said(source, masks);
        let (gutter, Excerpt { line: text, before, marked }) = (line.to_string().len(), masks.excerpt(&self.span));
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

    fn said(&self, source: &Source, masks: &Masks<'_>) -> Said {
        let (line, column) = (source.line(self.span.start), masks.excerpt(&self.span).before + 1);
        let clean = |text: &str| masks.message(text);
        // A fix that cannot be printed whole cannot be applied as printed.
        let fixes = self.fixes.iter().map(Fix::to_string).filter(|fix| clean(fix) == *fix).collect();
        let because = self.because.iter().map(|(name, text)| (*name, clean(text))).collect();
        Said { line, column, what: short(clean(&self.what)), because, fixes }
    }
}

/// A message may quote what has no end, such as a key.
fn short(mut text: String) -> String {
    const MOST: usize = 2000;
    if let Some((end, _)) = text.char_indices().nth(MOST) {
        text.truncate(end);
        text.push_str(" ..");
    }
    text
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
    /// In characters of the line as it may be shown, from 1: a secret counts as `***`, however long it is.
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
    /// So many more, after those, are counted and not told.
    more: usize,
}

/// So many problems are told. Nobody mends more of them in one go, and a file with thousands is of another kind.
const MOST: usize = 100;

impl SettingsErrors {
    pub(crate) fn new(source: Source, mut problems: Vec<Problem>) -> SettingsErrors {
        problems.sort_by_key(Problem::at);
        let more = problems.len().saturating_sub(MOST);
        problems.truncate(MOST);
        SettingsErrors { source, problems, more }
    }

    /// The first hundred.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How many there are, with those beyond the first hundred.
    pub fn count(&self) -> usize {
        self.problems.len() + self.more
    }

    /// The first hundred as they may be shown, in the order of the file.
    pub fn said(&self) -> Vec<Said> {
        let masks = Masks::of(&self.source.text);
        self.problems.iter().map(|problem| problem.said(&self.source, &masks)).collect()
    }

    /// The text of the file that was read.
    pub fn text(&self) -> &str {
        &self.source.text
    }
}

impl fmt::Display for SettingsErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let masks = Masks::of(&self.source.text);
        for problem in &self.problems {
            problem.print(&self.source, &masks, f)?;
            writeln!(f)?;
        }
        let (count, path) = (self.count(), self.source.path.display());
        write!(f, "{count} {} in {path}", if count == 1 { "error" } else { "errors" })?;
        if self.more > 0 { write!(f, ", of which the first {MOST} are told") } else { Ok(()) }
    }
}

impl std::error::Error for SettingsErrors {}
