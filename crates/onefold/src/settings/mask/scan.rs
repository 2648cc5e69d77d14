//! Which values of a file are secret, by the names of their keys.

use crate::placeholders::Hole;
use crate::settings::nearest::nearest;
use crate::settings::quotes;
use std::ops::Range;

const SECRET: [&str; 3] = ["password", "key_password", "authorization"];
const SECRET_PARTS: [&str; 8] = ["pass", "pwd", "secret", "token", "auth", "credential", "api_key", "apikey"];
/// Headers that carry no credential. Of all others nobody knows.
const PUBLIC_HEADERS: [&str; 7] = [
    "accept",
    "accept-encoding",
    "accept-language",
    "content-encoding",
    "content-language",
    "content-type",
    "user-agent",
];

/// Where secret values stand, and what stands in a secret's place without being one.
pub(super) fn values(text: &str) -> Vec<Range<usize>> {
    let mut scan = Scan { text, secret: vec![], keys: vec![], tables: vec![], header: vec![], value: None };
    for token in tokens(text) {
        scan.take(token);
    }
    apart(scan.secret)
}

/// In their order, those that overlap as one.
fn apart(mut all: Vec<Range<usize>>) -> Vec<Range<usize>> {
    all.sort_by_key(|part| part.start);
    let mut apart: Vec<Range<usize>> = Vec::with_capacity(all.len());
    for part in all {
        match apart.last_mut().filter(|last| part.start < last.end) {
            Some(last) => last.end = last.end.max(part.end),
            None => apart.push(part),
        }
    }
    apart
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'t> {
    /// A bare word or a string, and where it stands, quotes left out.
    Word(&'t str, usize),
    Mark(char),
    /// A quote that its line does not close, and where that ends. What is inside of quotes on such a line, and what outside, is
    /// anybody's guess.
    Open(usize),
}

/// What may not be shown of a value.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Hidden {
    Nothing,
    /// What is written out in a header's value.
    Written,
    All,
}

struct Scan<'t> {
    text: &'t str,
    secret: Vec<Range<usize>>,
    /// The key that is being read.
    keys: Vec<String>,
    /// For each open brace or bracket of a value: whether it is a table, and what of it is secret.
    tables: Vec<(bool, Hidden)>,
    /// The last `[header]`.
    header: Vec<String>,
    /// In a value: what of it is secret.
    value: Option<Hidden>,
}

impl Scan<'_> {
    fn take(&mut self, token: Token<'_>) {
        let inside = self.tables.last().copied();
        match token {
            Token::Open(end) => self.open_line(end),
            Token::Word(word, at) if self.value.is_some() => self.value_word(word, at),
            Token::Word(word, at) => {
                // After a key of a secret only `=` may come; what comes without it is the secret all the same.
                if self.keys.last().is_some_and(|key| is_secret(key)) {
                    self.secret.push(at..at + word.len());
                }
                self.keys.extend(word.split('.').map(str::to_owned));
            }
            Token::Mark('=') if self.value.is_none() => self.begin_value(inside),
            Token::Mark('{') if self.value.is_some() => {
                self.tables.push((true, self.value.unwrap_or(Hidden::Nothing)));
                self.value = None;
            }
            Token::Mark('[') if self.value.is_some() => {
                self.tables.push((false, self.value.unwrap_or(Hidden::Nothing)));
            }
            Token::Mark('}' | ']') if inside.is_some() => {
                self.value = self.tables.pop().map(|(_, secret)| secret);
                self.keys.clear();
            }
            Token::Mark(',') if inside.is_some_and(|(table, _)| table) => {
                self.value = None;
                self.keys.clear();
            }
            Token::Mark(']') if !self.keys.is_empty() => self.header = std::mem::take(&mut self.keys),
            Token::Mark('\n') if inside.is_none() => {
                self.value = None;
                self.keys.clear();
            }
            Token::Mark(_) => {}
        }
    }

    /// Everything after the first word that may name a secret is taken for one.
    fn open_line(&mut self, end: usize) {
        let start = self.text[..end].rfind('\n').map_or(0, |newline| newline + 1);
        let line = &self.text[start..end];
        let is_inside = self.value.is_some_and(|hidden| hidden != Hidden::Nothing)
            || self.tables.last().is_some_and(|(_, hidden)| *hidden != Hidden::Nothing)
            || is_headers(self.header.get(2..).unwrap_or_default());
        let mut words =
            line.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-').filter(|word| !word.is_empty());
        let named = words.find(|word| is_inside || is_secret(word) || nearest(word, ["headers"]).is_some());
        if let Some(word) = named {
            let at = word.as_ptr() as usize - line.as_ptr() as usize + word.len();
            let shown = line[at..].len() - line[at..].trim_start_matches([' ', '\t', '=', '"', '\'']).len();
            self.secret.push(start + at + shown..end);
        }
        self.value = None;
        self.keys.clear();
    }

    fn begin_value(&mut self, inside: Option<(bool, Hidden)>) {
        let key = self.keys.last().map_or("", String::as_str);
        let outer = match inside {
            Some((_, outer)) => outer,
            None if is_headers(self.header.get(2..).unwrap_or_default()) => Hidden::Written,
            None => Hidden::Nothing,
        };
        let is_header = outer == Hidden::Written || is_headers(&self.keys);
        self.value = Some(match () {
            () if is_header && PUBLIC_HEADERS.contains(&key.to_lowercase().as_str()) => Hidden::Nothing,
            () if is_header && (key == "env" || key == "file") => Hidden::Nothing,
            () if is_header => Hidden::Written,
            () if is_secret(key) => Hidden::All,
            () if key == "env" || key == "file" => Hidden::Nothing,
            () => outer,
        });
        self.keys.clear();
    }

    fn value_word(&mut self, word: &str, at: usize) {
        let is_comment = word.starts_with('#') && !self.text[..at].ends_with(['"', '\'']);
        match self.value.unwrap_or(Hidden::Nothing) {
            Hidden::Nothing => {}
            // What stands beside a secret may be an older one.
            Hidden::Written if is_comment => {
                let beside = self.secret.last().is_some_and(|last| !self.text[last.end..at].contains('\n'));
                self.secret.extend(beside.then_some(at..at + word.len()));
            }
            Hidden::Written => self.secret.extend(written(word).map(|part| at + part.start..at + part.end)),
            Hidden::All if names_a_variable(word) => {}
            Hidden::All => self.secret.push(at..at + word.len()),
        }
    }
}

/// The parts of a header's value that are no placeholders, blanks around them and mere punctuation left out.
fn written(value: &str) -> impl Iterator<Item = Range<usize>> {
    let (mut found, mut start, mut at) = (vec![], 0, 0);
    while let Some(open) = value[at..].find('{').map(|open| at + open) {
        // Two of them are one that is written out.
        let is_one = !value[open + 1..].starts_with('{');
        let end = value[open..].find('}').filter(|_| is_one).map(|close| open + close + 1);
        match end.filter(|end| Hole::parse(&value[open + 1..end - 1]).is_ok()) {
            Some(end) => {
                found.push(start..if value[start..open].ends_with('$') { open - 1 } else { open });
                (start, at) = (end, end);
            }
            None => at = open + if is_one { 1 } else { 2 },
        }
    }
    found.push(start..value.len());
    let trimmed = found.into_iter().map(|part| {
        let begin = part.start + value[part.clone()].len() - value[part.clone()].trim_start().len();
        begin..begin + value[part].trim().len()
    });
    trimmed.filter(|part| value[part.clone()].contains(char::is_alphanumeric)).collect::<Vec<_>>().into_iter()
}

/// `{env.NAME}` or `${NAME}`, and nothing else: where the secret is, and not the secret.
fn names_a_variable(word: &str) -> bool {
    let name = word.strip_prefix("{env.").or_else(|| word.strip_prefix("${")).and_then(|rest| rest.strip_suffix('}'));
    name.is_some_and(|name| name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_'))
}

fn is_secret(key: &str) -> bool {
    let key = key.to_lowercase().replace('-', "_");
    SECRET_PARTS.iter().any(|part| key.contains(part)) || nearest(&key, SECRET).is_some()
}

fn is_headers(path: &[String]) -> bool {
    path.iter().any(|key| nearest(key, ["headers"]).is_some())
}

/// A comment is a word: what stands beside a secret may be an older one.
fn tokens(text: &str) -> Vec<Token<'_>> {
    let (mut found, mut at) = (vec![], 0);
    while let Some(c) = text[at..].chars().next() {
        let rest = &text[at..];
        let is_text = rest.starts_with("\"\"\"") || rest.starts_with("'''");
        let (skip, length) = match (c, is_text) {
            // Of an open one all that follows is in it.
            (_, true) => (3, quotes::of_lines(rest).map_or(rest.len() - 3, |length| length - 6)),
            ('"' | '\'', _) => match quotes::of_a_line(rest) {
                Some(length) => (1, length - 2),
                None => {
                    at += rest.find('\n').unwrap_or(rest.len());
                    found.push(Token::Open(at));
                    continue;
                }
            },
            ('=' | '{' | '}' | '[' | ']' | ',' | '\n', _) => {
                found.push(Token::Mark(c));
                at += 1;
                continue;
            }
            ('#', _) => (0, rest.find('\n').unwrap_or(rest.len())),
            (c, _) if c.is_whitespace() || matches!(c, '.' | ':') => {
                at += c.len_utf8();
                continue;
            }
            _ => (0, rest.find(|c: char| c.is_whitespace() || "={}[],\"'#:".contains(c)).unwrap_or(rest.len())),
        };
        found.push(Token::Word(&text[at + skip..at + skip + length], at + skip));
        at = (at + skip + length + skip).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
    }
    found
}
