//! What a message about the file may not show: passwords, what is written out in header values, and the user part of
//! addresses. It is found in the text alone, since the file need not be right, and its keys need not be spelt right.
//!
//! A placeholder is no secret: it says where the record has one. Nor is the name of a variable.

mod scan;

use std::ops::Range;

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

/// What is secret in a text, found once for all that is said of it.
pub(super) struct Masks<'t> {
    text: &'t str,
    /// In their order, none over the end of a line, none over another.
    secrets: Vec<Range<usize>>,
    /// Those that a message could quote, the longest first.
    words: Vec<&'t str>,
}

impl<'t> Masks<'t> {
    pub fn of(text: &'t str) -> Masks<'t> {
        let secrets = secrets(text);
        let mut words: Vec<&str> = secrets.iter().map(|secret| &text[secret.clone()]).collect();
        words.retain(|word| word.chars().nth(WORD - 1).is_some());
        words.sort_unstable_by_key(|word| (std::cmp::Reverse(word.len()), *word));
        words.dedup();
        Masks { text, secrets, words }
    }

    /// The line in which this part of the text begins, and as much of the part as stands in it.
    pub fn excerpt(&self, part: &Range<usize>) -> Excerpt {
        let (text, secrets) = (self.text, &self.secrets);
        let floor = |at: usize| (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        let (mut start, mut end) = (floor(part.start), floor(part.end));
        let line_start = text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
        let line = line_start..line_start + text[line_start..line_end].trim_end_matches('\r').len();
        start = start.min(line.end);
        end = end.clamp(start, line.end);
        // A place in the middle of a secret would tell how long it is.
        for secret in secrets {
            start = if secret.contains(&start) { secret.start } else { start };
            end = if secret.start < end && end < secret.end { secret.end } else { end };
        }
        let width = |part: Range<usize>| masked(text, part, secrets).chars().count();
        Excerpt { before: width(line.start..start), marked: width(start..end), line: masked(text, line, secrets) }
    }

    /// A message with what is secret in the file taken out.
    pub fn message(&self, message: &str) -> String {
        let clean = self.words.iter().fold(message.to_owned(), |message, word| match message.contains(word) {
            true => message.replace(word, MASK),
            false => message,
        });
        without_users(&clean)
    }
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
    let values = scan::values(text);
    let mut all: Vec<Range<usize>> = values.iter().flat_map(|secret| lines(text, secret)).collect();
    // Of the values, which are in their order, the first that does not end before the user begins.
    let is_in_one = |user: &Range<usize>| {
        let next = values.partition_point(|secret| secret.end <= user.start);
        values.get(next).is_some_and(|secret| secret.start < user.end)
    };
    all.extend(users(text).into_iter().filter(|user| !is_in_one(user)));
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

#[cfg(test)]
mod tests {
    use super::{Excerpt, Masks, masked, secrets};
    use std::ops::Range;

    fn excerpt(text: &str, part: &Range<usize>) -> Excerpt {
        Masks::of(text).excerpt(part)
    }

    fn masked_message(message: &str, text: &str) -> String {
        Masks::of(text).message(message)
    }

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

    /// A quote too few or too many, and texts whose end only TOML knows.
    #[test]
    fn no_quote_uncovers_a_secret() {
        for text in [
            r#"sasl = { user = "ada, password = "hunter2" }"#,
            r#"sasl = { user = "ada", password = "hunter2 }"#,
            r#"headers = { Accept = "text/plain, Authorization = "Bearer hunter2" }"#,
            r#"headers = { Accept = "text/plain, X-Any = "hunter2" }"#,
            r#"headers = { "Authorization = "Bearer hunter2" }"#,
            r#"headers = { Authorization" = "Bearer hunter2" }"#,
            "[pipelines.a.to.http.headers]\nAccept = \"a, X-Any = \"hunter2\"\n",
            r#"password" = "hunter2""#,
            "name = \"abc\npassword = \"hunter2\" x",
            "s = \"\"\"SELECT \\\"\"\" \"\"\"\nsasl = { user = \"a\", password = \"hunter2\", bogus = 1 }",
            "s = \"\"\"echo \"x\"\"\"\"\npassword = \"hunter2\"",
            "s = '''it''''\npassword = 'hunter2'",
        ] {
            let shown = masked(text, 0..text.len(), &secrets(text));
            assert!(!shown.contains("hunter"), "{text}\n{shown}");
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
