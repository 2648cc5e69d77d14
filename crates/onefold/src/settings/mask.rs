//! What a message about the file may not show: passwords, what is written out in header values, and the user part of
//! addresses. It is found in the text alone, since the file need not be right, and its keys need not be spelt right.
//!
//! A placeholder is no secret: it says where the record has one. Nor is the name of a variable.

use super::nearest::nearest;
use crate::placeholders::Hole;
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
/// A word that a message quotes must be so long before it is taken for a secret that another place has.
const WORD: usize = 4;
/// Stands in place of each secret, however long that is.
const MASK: &str = "***";

/// One line of a file as it may be shown, and which part of it is meant; both counts in characters.
pub(super) struct Excerpt {
    pub line: String,
    pub before: usize,
    pub marked: usize,
}

/// The line in which this part of the text begins, and as much of the part as stands in it.
pub(super) fn excerpt(text: &str, part: &Range<usize>) -> Excerpt {
    let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    let (mut start, mut end) = (floor(part.start), floor(part.end));
    let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
    let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    let line = line_start..line_start + text[line_start..line_end].trim_end_matches('\r').len();
    start = start.min(line.end);
    end = end.clamp(start, line.end);
    let secrets = secrets(text);
    // A place in the middle of a secret would tell how long it is.
    for secret in &secrets {
        start = if secret.contains(&start) { secret.start } else { start };
        end = if secret.start < end && end < secret.end { secret.end } else { end };
    }
    let width = |part: Range<usize>| masked(text, part, &secrets).chars().count();
    Excerpt { before: width(line.start..start), marked: width(start..end), line: masked(text, line, &secrets) }
}

/// A part of the text without its secrets.
fn masked(text: &str, part: Range<usize>, secrets: &[Range<usize>]) -> String {
    let (mut shown, mut at) = (String::new(), part.start);
    for secret in secrets.iter().filter(|secret| secret.start >= part.start && secret.end <= part.end) {
        shown.push_str(&text[at..secret.start]);
        shown.push_str(MASK);
        at = secret.end;
    }
    shown + &text[at..part.end]
}

/// Where secrets stand: in their order, none over the end of a line, none over another.
fn secrets(text: &str) -> Vec<Range<usize>> {
    let mut scan = Scan { text, secret: vec![], keys: vec![], tables: vec![], header: vec![], value: None };
    for token in tokens(text) {
        scan.take(token);
    }
    let mut all: Vec<Range<usize>> = scan.secret.iter().flat_map(|secret| lines(text, secret)).collect();
    all.extend(
        users(text)
            .into_iter()
            .filter(|user| !scan.secret.iter().any(|secret| secret.start < user.end && user.start < secret.end)),
    );
    all.retain(|secret| !secret.is_empty());
    all.sort_by_key(|secret| secret.start);
    all
}

fn lines<'t>(text: &'t str, part: &Range<usize>) -> impl Iterator<Item = Range<usize>> + use<'t> {
    let mut at = part.start;
    text[part.clone()].split('\n').map(move |line| {
        let here = at..at + line.trim_end_matches('\r').len();
        at += line.len() + 1;
        here
    })
}

/// A message with what is secret in the file taken out.
pub(super) fn masked_message(message: &str, text: &str) -> String {
    let mut hidden: Vec<&str> = secrets(text).into_iter().map(|secret| &text[secret]).collect();
    hidden.retain(|word| word.chars().count() >= WORD);
    hidden.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let clean = hidden.iter().fold(message.to_owned(), |message, word| message.replace(word, MASK));
    without_users(&clean)
}

/// `http://user:password@host` without user and password.
pub(crate) fn without_users(text: &str) -> String {
    masked(text, 0..text.len(), &users(text))
}

/// Where the users of addresses stand, with their passwords.
fn users(text: &str) -> Vec<Range<usize>> {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    let mut at = 0;
    let words = text.split_inclusive(ends).filter_map(|word| {
        let found = user(word).map(|user| at + user.start..at + user.end);
        at += word.len();
        found
    });
    words.collect()
}

fn user(word: &str) -> Option<Range<usize>> {
    let start = word.find("://").map_or(0, |at| at + 3);
    let path = word[start..].find(['/', '?', '#']).map_or(word.len(), |at| start + at);
    // A password may have a slash in it, a path has hardly both: a colon that no port follows, and an `@`.
    let odd = word[start..path].rsplit_once(':').is_some_and(|(_, port)| {
        !port.is_empty() && !port.starts_with('{') && !port.bytes().all(|b| b.is_ascii_digit())
    });
    let at = word[start..path].rfind('@').or_else(|| word[start..].rfind('@').filter(|_| odd))?;
    let at = start + at;
    (start > 0 || word[..at].contains(':')).then_some(start..at)
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'t> {
    /// A bare word or a string, and where it stands, quotes left out.
    Word(&'t str, usize),
    Mark(char),
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
        let triple = ["\"\"\"", "'''"].into_iter().find(|quotes| rest.starts_with(quotes));
        let (skip, length) = match (c, triple) {
            (_, Some(quotes)) => (3, rest[3..].find(quotes).unwrap_or(rest.len() - 3)),
            ('"' | '\'', _) => (1, string_length(&rest[1..], c)),
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

/// Up to the closing quote, or the end of the line where none comes.
fn string_length(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            '\n' => return at,
            c if c == quote && !escaped => return at,
            _ => escaped = c == '\\' && quote == '"' && !escaped,
        }
    }
    rest.len()
}

#[cfg(test)]
mod tests {
    use super::{excerpt, masked, masked_message, secrets};

    #[test]
    fn secrets_and_users_of_addresses_are_masked_and_all_else_stays() {
        let cases = [
            ("password = \"hunter2\"", "password = \"***\""),
            ("passwrd = 'hunter2' # old", "passwrd = '***' ***"),
            ("sasl = { user = \"ada\", password = [\"x\"] }", "sasl = { user = \"ada\", password = [\"***\"] }"),
            ("password = { env = \"NAME\" }", "password = { env = \"NAME\" }"),
            ("headers = { A = \"{env.B_1}\", C = \"${D}\" }", "headers = { A = \"{env.B_1}\", C = \"${D}\" }"),
            ("headers = { A = \"x {env.B}\" }", "headers = { A = \"*** {env.B}\" }"),
            ("headers = { A = \"x-${B}\" }", "headers = { A = \"***${B}\" }"),
            (
                "headers = { A = \"{data.user_id}-{@offset}\" } # ok",
                "headers = { A = \"{data.user_id}-{@offset}\" } # ok",
            ),
            ("headers = { Authorization = \"{data.token}\" }", "headers = { Authorization = \"{data.token}\" }"),
            ("headers = { A = '{{abc}' }", "headers = { A = '***' }"),
            ("headers = { A = '{\"key\": \"abc\"}' }", "headers = { A = '***' }"),
            ("headers.Content-Type = \"text/plain\"", "headers.Content-Type = \"text/plain\""),
            ("password hunter2", "password ***"),
            ("password = \"hunter2", "password = \"***"),
            ("password = \"\"\"a\nb\"\"\"", "password = \"\"\"***\n***\"\"\""),
            ("[p.a.headers]\nX-Any = \"abc\"\n[b]\nx = \"y\"", "[p.a.headers]\nX-Any = \"***\"\n[b]\nx = \"y\""),
            ("headers.Authorization = 5\nname = \"n\"", "headers.Authorization = ***\nname = \"n\""),
            ("headers = { A = \"a{\", B = { file = \"f\" } }", "headers = { A = \"***\", B = { file = \"f\" } }"),
            ("url = \"http://u:p@host/x\"", "url = \"http://***@host/x\""),
            ("url = \"ftp://u:p/w@host/x\"", "url = \"ftp://***@host/x\""),
            ("url = \"u:pw@host\"", "url = \"***@host\""),
            ("url = \"http://host:80/a@b\"", "url = \"http://host:80/a@b\""),
            ("id = [\"@key\", \"a\"]\nlisten = \"é\"", "id = [\"@key\", \"a\"]\nlisten = \"é\""),
        ];
        for (plain, shown) in cases {
            assert_eq!(masked(plain, 0..plain.len(), &secrets(plain)), shown);
        }
    }

    #[test]
    fn messages_quote_none_of_them() {
        let text = "password = \"hunter2\"";
        assert_eq!(masked_message("`hunter2` at http://a:b@c/ is wrong", text), "`***` at http://***@c/ is wrong");
        let text = "headers = { X-User = \"{data.user_id}\", Content-Type = \"text/plain\" }";
        let message = "{data.user_id} stands in quotes, and is no text/plain";
        assert_eq!(masked_message(message, text), message, "what is no secret");
    }

    /// Neither the line nor the marks below it tell how long a secret is.
    #[test]
    fn an_excerpt_marks_its_part_beside_secrets_of_any_length() {
        for secret in ["pw", "a password of many words"] {
            let text = format!("a = 1\nsasl = {{ password = \"{secret}\", usr = \"ada\" }}\n");
            let at = |part: &str| text.find(part).unwrap()..text.find(part).unwrap() + part.len();
            let beside = excerpt(&text, &at("usr"));
            assert_eq!(beside.line, "sasl = { password = \"***\", usr = \"ada\" }");
            assert_eq!((beside.before, beside.marked), (27, 3));
            let inside = at(secret);
            for part in [inside.clone(), inside.start + 1..inside.end, inside.start..inside.start + 1] {
                let of_it = excerpt(&text, &part);
                assert_eq!((of_it.before, of_it.marked), (21, 3), "{part:?}");
            }
        }
    }
}
