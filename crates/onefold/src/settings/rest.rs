//! A file with lines that are no TOML: each is told once, and what stands beside them is checked all the same.
//!
//! A line is taken out and the rest is read again: what a parser says after its first error is mostly about that error.

use super::problem::Problem;
use super::source::Source;
use std::ops::Range;

/// A file without its broken lines. Everything else stands where it stood.
pub(super) struct Rest {
    source: Source,
    /// What was wrong with the lines that were taken out.
    pub broken: Vec<Problem>,
    gone: Vec<Range<usize>>,
    /// All of it is told, and the rest is sure to mean the same: no header went, and no text of many lines.
    is_sure: bool,
}

/// So many mistakes of spelling are told at once. A file with more is of another kind, and nothing else is looked for.
const MOST: usize = 10;
/// Told by a parser at once, they are not looked into one by one.
const FAR_TOO_MANY: usize = 500;

/// What there is to a file that is no TOML.
pub(super) fn of(source: &Source) -> Rest {
    let mut rest = Rest { source: source.clone(), broken: vec![], gone: vec![], is_sure: true };
    while rest.broken.len() < MOST {
        let (_, errors) = toml::de::DeTable::parse_recoverable(&rest.source.text);
        let Some(first) = errors.first() else { return rest };
        let (span, message) = (first.span().unwrap_or(0..0), first.message());
        let (line, problem) = rest.to_blame(&span, message);
        rest.broken.push(problem);
        if errors.len() > FAR_TOO_MANY || !rest.take_out(line) {
            break;
        }
    }
    rest.is_sure = false;
    rest
}

impl Rest {
    /// The line that is to blame for an error here, and what is wrong with it.
    fn to_blame(&self, span: &Range<usize>, message: &str) -> (Range<usize>, Problem) {
        let text = &self.source.text;
        let at = (0..=span.start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let own = line_at(text, at);
        // A bracket that is never closed swallows what follows, and the error is told there.
        let before = line_at(text, text[..own.start].trim_end().len());
        match opening(&text[before.clone()]).filter(|_| before.start < own.start && begins_anew(&text[own.clone()])) {
            Some((open, bracket)) => {
                let place = before.start + open..before.start + open + 1;
                (before, Problem::new(place, format!("this `{bracket}` is never closed")))
            }
            None => (own, Problem::new(span.clone(), message)),
        }
    }

    /// Whether there was something to take out.
    fn take_out(&mut self, line: Range<usize>) -> bool {
        let shown = self.source.text[line.clone()].trim();
        let many_lines = shown.contains("\"\"\"") || shown.contains("'''");
        if shown.is_empty() || many_lines {
            return false;
        }
        self.is_sure &= !shown.starts_with('[');
        self.source.text.replace_range(line.clone(), &" ".repeat(line.len()));
        self.gone.push(line);
        true
    }

    /// What is wrong beside the broken lines. What seems missing in a table that lost a line may only be unread.
    pub(super) fn problems(self, look: super::Look) -> Vec<Problem> {
        let beside = if self.is_sure { super::read(&self.source, look).1 } else { vec![] };
        let beside = beside.into_iter().filter(|problem| !self.is_about_a_loss(problem)).collect::<Vec<_>>();
        self.broken.into_iter().chain(beside).collect()
    }

    fn is_about_a_loss(&self, problem: &Problem) -> bool {
        let header = |at: usize| {
            let before = self.source.text.get(..at).unwrap_or_default();
            before.rmatch_indices('[').find(|(at, _)| *at == 0 || before[..*at].ends_with('\n')).map(|(at, _)| at)
        };
        let loss = |gone: &Range<usize>| header(gone.start) == Some(problem.at()) || problem.at() == 0;
        problem.is_of_a_whole() && self.gone.iter().any(loss)
    }
}

fn line_at(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].split('\n').next().unwrap_or_default();
    start..start + line.trim_end_matches('\r').len()
}

/// The first brace or bracket of a line's value, where it opens one that it does not close.
fn opening(line: &str) -> Option<(usize, char)> {
    let value = line.find('=')?;
    let left_open = |(open, close): &(char, char)| line.matches(*open).count() > line.matches(*close).count();
    let open = [('{', '}'), ('[', ']')].into_iter().find(left_open)?.0;
    Some((value + line[value..].find(open)?, open))
}

/// Whether nothing that was opened before goes on in this line: it is a header or a key of its own.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start();
    let key = line.split_once('=').map_or("", |(key, _)| key.trim());
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"');
    line.starts_with('[') || (!key.is_empty() && key.chars().all(is_key))
}
