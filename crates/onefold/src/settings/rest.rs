//! A file with lines that are no TOML: each is told once, and what stands beside them is checked all the same.
//!
//! A line is taken out and the rest is read again: what a parser says after its first error is mostly about that error.

use super::problem::Problem;
use super::source::Source;
use super::unclosed;
use std::cell::Cell;
use std::ops::Range;
use toml::de::DeTable;

/// A file without its broken lines. Everything else stands where it stood.
pub(super) struct Rest {
    source: Source,
    /// What was wrong with the lines that were taken out.
    pub broken: Vec<Problem>,
    gone: Vec<Range<usize>>,
    /// All of it is told, and the rest is sure to mean the same: no header went, and no text of many lines.
    is_sure: bool,
    /// How many bytes may still be parsed in search of what is to blame.
    left: Cell<usize>,
}

/// So many mistakes of spelling are told at once. A file with more is of another kind, and nothing else is looked for.
const MOST: usize = 10;
/// Told by a parser at once, they are not looked into one by one.
const FAR_TOO_MANY: usize = 500;
/// So much is parsed in all, in bytes: the whole of a file of usual size some hundred times, and a huge one only once.
const MOST_PARSED: usize = 1 << 20;

/// What there is to a file that is no TOML.
pub(super) fn of(source: &Source) -> Rest {
    let mut rest =
        Rest { source: source.clone(), broken: vec![], gone: vec![], is_sure: true, left: Cell::new(MOST_PARSED) };
    if rest.take_out_open_quotes() {
        return rest;
    }
    while rest.broken.len() < MOST && rest.gone.len() < FAR_TOO_MANY && (rest.broken.is_empty() || rest.left.get() > 0)
    {
        let errors = rest.errors(&rest.source.text);
        // A parser finds values wrong that it has put together later than what stands after them.
        let first = errors.iter().min_by_key(|error| error.span().map_or(0, |span| span.start));
        let Some(first) = first else { return rest };
        let far_too_many = errors.len() > FAR_TOO_MANY || rest.left.get() == 0;
        let span = first.span().unwrap_or(0..0);
        let lines = match rest.left_over(&span) {
            Some(line) => line,
            None => {
                let (lines, problem) = rest.to_blame(&span, first.message(), far_too_many);
                rest.broken.push(problem);
                lines
            }
        };
        if far_too_many || !rest.take_out(lines) {
            break;
        }
    }
    rest.is_sure = false;
    rest
}

impl Rest {
    /// Whether nothing is left that could be read.
    fn take_out_open_quotes(&mut self) -> bool {
        while let Some(open) = unclosed::quote(&self.source.text) {
            self.broken.push(Problem::new(open.at, open.what));
            if open.to_the_end || self.broken.len() == MOST || !self.take_out(open.lines) {
                self.is_sure = false;
                return true;
            }
        }
        false
    }

    /// The lines that are to blame for an error here, and what is wrong with them.
    fn to_blame(&self, span: &Range<usize>, message: &str, far_too_many: bool) -> (Range<usize>, Problem) {
        let (text, own) = (&self.source.text, self.own_line(span));
        // A bracket that is never closed swallows what follows, and the error is told there: it is to blame where less is
        // wrong without its lines than without this one.
        let open = unclosed::bracket(text, own.start).filter(|_| !far_too_many);
        let less = open.and_then(|open| {
            let alone = self.errors_without(&own);
            let ways = [open.lines.start..own.start.saturating_sub(1), open.lines.start..own.end];
            let way = ways.into_iter().min_by_key(|way| self.errors_without(way))?;
            (self.errors_without(&way) < alone).then(|| (way, Problem::new(open.at, open.what)))
        });
        less.unwrap_or_else(|| (own, super::duplicate::told(&self.source, span, message)))
    }

    fn own_line(&self, span: &Range<usize>) -> Range<usize> {
        let text = &self.source.text;
        line_at(text, (0..=span.start.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0))
    }

    /// The line of an error, where it is but the rest of a statement that is told already: a `]`, say.
    fn left_over(&self, span: &Range<usize>) -> Option<Range<usize>> {
        let (text, own) = (&self.source.text, self.own_line(span));
        let between =
            |gone: &Range<usize>| text.get(gone.end..own.start).is_some_and(|between| between.trim().is_empty());
        (!begins_anew(&text[own.clone()]) && self.gone.iter().any(between)).then_some(own)
    }

    fn errors_without(&self, lines: &Range<usize>) -> usize {
        let mut text = self.source.text.clone();
        blank(&mut text, lines);
        self.errors(&text).len()
    }

    fn errors(&self, text: &str) -> Vec<toml::de::Error> {
        self.left.set(self.left.get().saturating_sub(text.len()));
        DeTable::parse_recoverable(text).1
    }

    /// Whether there was something to take out.
    fn take_out(&mut self, lines: Range<usize>) -> bool {
        let shown = self.source.text[lines.clone()].trim();
        let many_lines = shown.contains("\"\"\"") || shown.contains("'''");
        if shown.is_empty() || many_lines {
            return false;
        }
        self.is_sure &= !shown.starts_with('[');
        blank(&mut self.source.text, &lines);
        self.gone.push(lines);
        true
    }

    /// What is wrong beside the broken lines. What seems missing in a table that lost a line may only be unread.
    pub(super) fn problems(self, look: super::Look) -> Vec<Problem> {
        let beside = if self.is_sure { super::read(&self.source, look).1 } else { vec![] };
        let beside = beside.into_iter().filter(|problem| !self.is_about_a_loss(problem)).collect::<Vec<_>>();
        self.broken.into_iter().chain(beside).collect()
    }

    fn is_about_a_loss(&self, problem: &Problem) -> bool {
        problem.is_of_a_whole() && self.gone.iter().any(|gone| self.may_be_in(gone.start, problem.at()))
    }

    /// Whether a key that stood here may have been of the table that begins there: the one whose header is before it, or one
    /// that is made by dotted keys (`to.http.url = ..`) below the same header. Nothing is added to what stands in braces.
    fn may_be_in(&self, key: usize, table: usize) -> bool {
        let text = &self.source.text;
        let header = self.header(key);
        let begins = header.map_or(0, |header| header + line_at(text, header).len());
        let is_dotted = table >= begins && self.header(table) == header && !text[table..].starts_with(['{', '[']);
        table == 0 || header == Some(table) || is_dotted
    }

    /// The header that this place is below: of the lines that begin with a bracket the last.
    fn header(&self, at: usize) -> Option<usize> {
        let before = self.source.text.get(..at).unwrap_or_default();
        before.rmatch_indices('[').map(|(at, _)| at).find(|at| *at == 0 || before[..*at].ends_with('\n'))
    }
}

fn line_at(text: &str, at: usize) -> Range<usize> {
    let start = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let line = text[start..].split('\n').next().unwrap_or_default();
    start..start + line.trim_end_matches('\r').len()
}

/// Leaves lines where they were, and nothing in them.
fn blank(text: &mut String, lines: &Range<usize>) {
    let nothing: String = text[lines.clone()].bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }).collect();
    text.replace_range(lines.clone(), &nothing);
}

/// Whether no statement before can go on in this line: it is a header, or a key of its own.
fn begins_anew(line: &str) -> bool {
    let line = line.trim_start();
    let key = line.split_once('=').map_or("", |(key, _)| key.trim());
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"');
    line.starts_with('[') || (!key.is_empty() && key.chars().all(is_key))
}

#[cfg(test)]
mod tests {
    use super::super::File;
    use std::path::Path;

    fn said(text: &str) -> Vec<String> {
        let wrong = File::parse(Path::new("onefold.toml"), text.to_owned()).expect_err("it is wrong on purpose");
        wrong.problems().iter().map(|problem| problem.what.clone()).collect()
    }

    /// What a lost line may have said is not missed: also where dotted keys make the table that it was in.
    #[test]
    fn what_stood_in_a_lost_line_is_not_missing_in_a_table_of_dotted_keys() {
        let kafka = "[kafka]\nbootstrap = \"k:9092\"\n";
        for text in [
            format!("{kafka}[pipelines.p]\nfrom = \"t\"\nto.http.url = \"http://h/\nto.http.timeout = \"2s\"\n"),
            format!("{kafka}[pipelines.p]\nfrom = \"t\"\nto.http.timeout = \"2s\"\nto.http.url = \"http://h/\n"),
            format!("{kafka}[pipelines.p]\nfrom = \"t\"\nto.http.timeout = \"2s\"\nto.\"http\".url = \"http://h/\n"),
            format!("{kafka}[pipelines]\np.to.http.url = \"http://h/\"\np.from = \"t\n"),
            "[kafka]\nembedded.data = \"d\nembedded.listen = \"127.0.0.1:0\"\n".to_owned(),
            "kafka.embedded.data = \"d\nkafka.embedded.listen = \"127.0.0.1:0\"\n".to_owned(),
        ] {
            let said = said(&text);
            assert_eq!(said, ["this `\"` is never closed"], "{text}");
        }
    }

    /// What no lost line can have said is missing all the same.
    #[test]
    fn what_is_missing_elsewhere_is_told_beside_a_lost_line() {
        let broken = "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\ngroup = \"g\n";
        for (more, what) in [
            ("from = \"t\"\nto.http = { timeout = \"2s\" }\n", "pipelines.p.to.http has no `url`"),
            (
                "from = \"t\"\nto.exec.command = [\"sh\"]\n[pipelines.q]\nto.http.url = \"http://h/\"\n",
                "pipelines.q has no `from`",
            ),
            ("from = \"t\"\n[pipelines.p.to.http]\ntimeout = \"2s\"\n", "pipelines.p.to.http has no `url`"),
        ] {
            let said = said(&format!("{broken}{more}"));
            assert!(said.len() == 2 && said.iter().any(|said| said == what), "{more}: {said:?}");
        }
    }
}
