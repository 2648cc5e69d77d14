//! Quotes and brackets that are opened and never closed, found in the text alone: a parser tells them where it ends up, lines
//! later, and then once for each line that they swallowed.

use super::quotes;
use std::ops::Range;

/// What is never closed, and the lines that it spoils.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unclosed {
    /// The quote or bracket to blame.
    pub at: Range<usize>,
    pub what: String,
    /// All lines of the statement that it stands in.
    pub lines: Range<usize>,
    /// Nothing after it can be told from the inside of a text.
    pub to_the_end: bool,
}

/// The first quote that is left open.
pub(super) fn quote(text: &str) -> Option<Unclosed> {
    let mut scan = Scan::new(text);
    loop {
        match scan.step()? {
            Step::Next => {}
            Step::OpenLine(at) => {
                let Some((at, what)) = to_blame(text, at) else { continue };
                return Some(Unclosed { at, what, lines: scan.statement(), to_the_end: false });
            }
            Step::OpenText(at) => {
                let at = scan.texts.iter().find(|text| scan.holds_others(text)).map_or(at, |text| text.start);
                let what = match scan.begins_value(at) {
                    true => format!("this `{}` is never closed", &text[at..at + 3]),
                    false => format!("the `{}` that this one closes is missing", &text[at..at + 3]),
                };
                return Some(Unclosed { at: at..at + 3, what, lines: at..text.len(), to_the_end: true });
            }
        }
    }
}

/// The bracket that is still open where this line begins, and the lines from its statement's first to this one.
pub(super) fn bracket(text: &str, line: usize) -> Option<Unclosed> {
    let mut scan = Scan::new(text);
    while scan.at < line {
        scan.step()?;
    }
    let (at, bracket) = scan.brackets.last().copied()?;
    let what = format!("this `{bracket}` is never closed");
    Some(Unclosed { at: at..at + 1, what, lines: scan.start..line, to_the_end: false })
}

/// Of a quote that its line does not close: the one that was meant to be closed, where that is an earlier one.
fn to_blame(text: &str, open: usize) -> Option<(Range<usize>, String)> {
    let start = text[..open].rfind('\n').map_or(0, |newline| newline + 1);
    let quote = &text[open..=open];
    let never = |at: usize| (at..at + 1, format!("this `{}` is never closed", &text[at..=at]));
    let mut at = start;
    while at < open {
        let next = text[at..open].chars().next().map_or(1, char::len_utf8);
        let length = text[at..].starts_with(['"', '\'']).then(|| quotes::of_a_line(&text[at..])).flatten();
        // What follows a closing quote is no word: this one opens what comes, and the one before was not closed.
        let end = length.map_or(at + next, |length| at + length);
        if length.is_some() && text[end..].starts_with(is_bare) {
            return Some(never(at));
        }
        at = end;
    }
    match text[start..open].ends_with(is_bare) {
        true if quote == "\"" => Some((open..open + 1, "the `\"` that this one closes is missing".to_owned())),
        // An apostrophe in a text without quotes, of which the parser says more.
        true => None,
        false => Some(never(open)),
    }
}

fn is_bare(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '-' | '/' | ':' | '$' | '+')
}

enum Step {
    Next,
    /// A quote that its line does not close.
    OpenLine(usize),
    /// Three quotes that nothing closes.
    OpenText(usize),
}

/// Reads a file's brackets and quotes, and nothing else of it.
struct Scan<'t> {
    text: &'t str,
    at: usize,
    /// Where the statement begins that is read.
    start: usize,
    brackets: Vec<(usize, char)>,
    /// How many of those were open already where the line begins, and which others were, that it has closed: the last first.
    before: usize,
    closed: Vec<(usize, char)>,
    /// The texts of many lines so far.
    texts: Vec<Range<usize>>,
}

impl<'t> Scan<'t> {
    fn new(text: &'t str) -> Scan<'t> {
        Scan { text, at: 0, start: 0, brackets: vec![], before: 0, closed: vec![], texts: vec![] }
    }

    /// `None` at the end of the file.
    fn step(&mut self) -> Option<Step> {
        let rest = &self.text[self.at..];
        let c = rest.chars().next()?;
        if self.at == 0 || self.text[..self.at].ends_with('\n') {
            self.begin_line(rest);
        }
        if rest.starts_with("\"\"\"") || rest.starts_with("'''") {
            return Some(self.text_of_lines(rest));
        }
        self.at += match c {
            '#' => line(rest).len(),
            '"' | '\'' => match quotes::of_a_line(rest) {
                Some(length) => length,
                None => return Some(self.open_line()),
            },
            '{' | '[' => {
                self.brackets.push((self.at, c));
                1
            }
            '}' | ']' => {
                self.close();
                1
            }
            _ => c.len_utf8(),
        };
        Some(Step::Next)
    }

    /// A header stands in no bracket: what is open before it stays so.
    fn begin_line(&mut self, rest: &str) {
        if is_header(line(rest)) {
            self.brackets.clear();
        }
        if self.brackets.is_empty() {
            self.start = self.at;
        }
        self.before = self.brackets.len();
        self.closed.clear();
    }

    fn close(&mut self) {
        let Some(closed) = self.brackets.pop() else { return };
        if self.brackets.len() < self.before {
            self.before = self.brackets.len();
            self.closed.push(closed);
        }
    }

    fn text_of_lines(&mut self, rest: &str) -> Step {
        let at = self.at;
        let Some(length) = quotes::of_lines(rest) else {
            self.texts.push(at..self.text.len());
            self.at = self.text.len();
            return Step::OpenText(at);
        };
        self.at += length;
        self.texts.push(at..self.at);
        Step::Next
    }

    /// Where a quote is missing, what stands inside of quotes is turned round: all brackets of such a line are counted.
    fn open_line(&mut self) -> Step {
        let at = self.at;
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        self.brackets.truncate(self.before);
        self.brackets.extend(self.closed.drain(..).rev());
        for (offset, c) in line(&self.text[start..]).char_indices() {
            match c {
                '{' | '[' => self.brackets.push((start + offset, c)),
                '}' | ']' => drop(self.brackets.pop()),
                _ => {}
            }
        }
        self.at = start + line(&self.text[start..]).len();
        Step::OpenLine(at)
    }

    /// The lines of the statement that is read, up to where its brackets are closed or a header begins.
    fn statement(mut self) -> Range<usize> {
        let start = self.start;
        while !self.brackets.is_empty() {
            if self.text[..self.at].ends_with('\n') && is_header(line(&self.text[self.at..])) {
                return start..self.at;
            }
            if self.step().is_none() {
                break;
            }
        }
        start..self.at + line(&self.text[self.at..]).len()
    }

    /// Whether other statements stand in a text: a header, or a key before the quotes that seem to close it.
    fn holds_others(&self, text: &Range<usize>) -> bool {
        let lines = self.text[text.start + 3..text.end].trim_end_matches(['"', '\'']).lines().skip(1);
        let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        let begins = |line: &str| line.trim().strip_suffix('=').is_some_and(|key| key.trim().chars().all(is_key));
        lines.clone().any(is_header) || lines.last().is_some_and(begins)
    }

    /// Whether quotes stand where a value does, and not behind one.
    fn begins_value(&self, at: usize) -> bool {
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        self.text[start..at].trim_end().ends_with(['=', '[', ',', '{'])
    }
}

fn line(rest: &str) -> &str {
    rest.split('\n').next().unwrap_or_default()
}

/// `[pipelines.receipts]`, which no list or SQL has as a line.
fn is_header(line: &str) -> bool {
    let line = line.split('#').next().unwrap_or_default().trim();
    let inner = line.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')).unwrap_or_default();
    let is_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '"');
    inner.starts_with(|c: char| c.is_ascii_alphabetic()) && inner.chars().all(is_key)
}

#[cfg(test)]
mod tests {
    use super::{bracket, quote};

    /// What is to blame, as `text[at..]`, and which lines it spoils.
    fn blamed(text: &str) -> Option<(&str, &str)> {
        quote(text).map(|open| (&text[open.at.start..], &text[open.lines]))
    }

    #[test]
    fn the_quote_that_was_meant_to_be_closed_is_blamed() {
        for (line, blamed_from) in [
            ("a = \"b", "\"b"),
            ("a = { b = \"c, d = \"e\" }", "\"c, d = \"e\" }"),
            ("a = { b = \"c\", d = \"e }", "\"e }"),
            ("a = [\"b\", \"c], d = \"e\"", "\"c], d = \"e\""),
            ("a = 127.0.0.1\" }", "\" }"),
        ] {
            let text = format!("x = 'y'\n{line}\n[t]\nz = \"é\"\n");
            let (from, lines) = blamed(&text).expect(line);
            assert!(from.starts_with(blamed_from), "{line}: {from}");
            assert_eq!(lines, line);
        }
        for right in ["a = \"\\\"\" # it's", "a = 'b\\'", "a = \"\"\"\n\"one\n\"\"\"", "a = it's", ""] {
            assert_eq!(blamed(right), None, "{right}");
        }
    }

    #[test]
    fn a_statement_of_many_lines_is_spoiled_as_a_whole_and_no_other() {
        let headers = "headers = {\n  A = \"a,\n  B = \"b\"\n}";
        assert_eq!(blamed(&format!("x = 1\n{headers}\ny = 2\n")), Some(("\"a,\n  B = \"b\"\n}\ny = 2\n", headers)));
        let swallowed = "a = {\n  b = \"c\n";
        assert_eq!(blamed(&format!("{swallowed}[t]\nx = 1\n")).map(|found| found.1), Some(swallowed));
    }

    #[test]
    fn of_texts_of_many_lines_the_one_that_holds_other_statements_is_blamed() {
        let texts = [
            ("a = \"\"\"\nSELECT 1\n[t]\nb = 1\nc = \"\"\"x\"\"\"\n", 4),
            ("a = \"\"\"SELECT 1\"\nb = \"\"\"\nSELECT 2\"\"\"\n", 4),
            ("a = \"\"\"\nSELECT 1\"\"\"\nb = \"\"\"\nSELECT 2 é", 24),
        ];
        for (text, at) in texts {
            let open = quote(text).expect(text);
            assert_eq!((open.at, open.to_the_end), (at..at + 3, true), "{text}");
            assert!(open.what.ends_with("is never closed"), "{}", open.what);
        }
        let opened_wrong = "a = \"\"\nSELECT 1\"\"\"\n[t]\n";
        assert_eq!(
            quote(opened_wrong).map(|open| open.what),
            Some("the `\"\"\"` that this one closes is missing".into())
        );
    }

    #[test]
    fn the_innermost_bracket_that_is_open_is_blamed() {
        let text = "a = 1\nb = [\n  { c = 1 },\n  { d = [2]\nlog = 3\n";
        let open = bracket(text, text.find("log").unwrap()).unwrap();
        assert_eq!((&text[open.at], &text[open.lines]), ("{", "b = [\n  { c = 1 },\n  { d = [2]\n"));
        assert_eq!(bracket("a = [\n1\n]\nb = 2\n", 10), None);
    }
}
