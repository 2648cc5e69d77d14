//! What a message about the file may not show: passwords, header values and the user part of addresses. It is found in
//! the text alone, since the file need not be right, and its keys need not be spelt right.

use super::nearest::nearest;

const SECRET: [&str; 3] = ["password", "key_password", "authorization"];
const SECRET_PARTS: [&str; 8] = ["pass", "pwd", "secret", "token", "auth", "credential", "api_key", "apikey"];
/// A word that a message quotes must be so long before it is taken for a secret that another place has.
const WORD: usize = 4;

/// The text with a `*` for each character of a secret: lines and columns stay where they are.
pub(super) fn masked(text: &str) -> String {
    let mut scan = Scan { secret: vec![], keys: vec![], tables: vec![], header: vec![], value: None };
    for token in tokens(text) {
        scan.take(token);
    }
    let secret = scan.secret;
    let hidden = |at: usize| secret.iter().any(|(start, end)| (*start..*end).contains(&at));
    let stars = text.char_indices().map(|(at, c)| if c != '\n' && hidden(at) { '*' } else { c });
    without_users(&stars.collect::<String>(), true)
}

/// A message with what [`masked`] hides in the file taken out.
pub(super) fn masked_message(message: &str, text: &str) -> String {
    let mut hidden = vec![];
    for (line, masked) in text.lines().zip(masked(text).lines()) {
        let pairs = line.chars().zip(masked.chars());
        let mut word = String::new();
        for (plain, shown) in pairs.chain([(' ', ' ')]) {
            match shown == '*' && plain != '*' {
                true => word.push(plain),
                false => hidden.extend(Some(std::mem::take(&mut word)).filter(|word| word.chars().count() >= WORD)),
            }
        }
    }
    hidden.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let clean = hidden.iter().fold(message.to_owned(), |message, word| message.replace(word.as_str(), "***"));
    without_users(&clean, false)
}

/// `http://user:password@host` without user and password.
pub(crate) fn without_users(text: &str, keep_columns: bool) -> String {
    let ends = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`');
    text.split_inclusive(ends)
        .map(|word| {
            let start = word.find("://").map_or(0, |at| at + 3);
            let path = word[start..].find(['/', '?', '#']).map_or(word.len(), |at| start + at);
            // A password may have a slash in it, a path has hardly both: a colon that no port follows, and an `@`.
            let odd = word[start..path].rsplit_once(':').is_some_and(|(_, port)| {
                !port.is_empty() && !port.starts_with('{') && !port.bytes().all(|b| b.is_ascii_digit())
            });
            let at = word[start..path].rfind('@').or_else(|| word[start..].rfind('@').filter(|_| odd));
            let at = at.map(|at| start + at);
            match at.filter(|at| start > 0 || word[..*at].contains(':')) {
                Some(at) if keep_columns => {
                    let stars = "*".repeat(word[start..at].chars().count());
                    format!("{}{stars}{}", &word[..start], &word[at..])
                }
                Some(at) => format!("{}***{}", &word[..start], &word[at..]),
                None => word.to_owned(),
            }
        })
        .collect()
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'t> {
    /// A bare word or a string, and where it stands, quotes left out.
    Word(&'t str, usize),
    Mark(char),
}

struct Scan {
    secret: Vec<(usize, usize)>,
    /// The key that is being read.
    keys: Vec<String>,
    /// For each open brace or bracket of a value: whether it is a table, and whether it is secret.
    tables: Vec<(bool, bool)>,
    /// The last `[header]`.
    header: Vec<String>,
    /// In a value: whether it is secret.
    value: Option<bool>,
}

impl Scan {
    fn take(&mut self, token: Token<'_>) {
        let inside = self.tables.last().copied();
        match token {
            Token::Word(word, _) if self.value.is_some() && names_a_variable(word) => {}
            Token::Word(word, at) if self.value.unwrap_or(false) => self.secret.push((at, at + word.len())),
            Token::Word(word, at) if self.value.is_none() => {
                // After a key of a secret only `=` may come; what comes without it is the secret all the same.
                if self.keys.last().is_some_and(|key| is_secret(key)) {
                    self.secret.push((at, at + word.len()));
                }
                self.keys.extend(word.split('.').map(str::to_owned));
            }
            Token::Word(..) => {}
            Token::Mark('=') if self.value.is_none() => {
                let outer = inside.is_some_and(|(_, secret)| secret)
                    || (inside.is_none() && is_headers(self.header.get(2..).unwrap_or_default()));
                let place = self.keys.last().is_some_and(|key| key == "env" || key == "file");
                let own = self.keys.last().is_some_and(|key| is_secret(key)) || is_headers(&self.keys);
                self.value = Some(own || (outer && !place));
                self.keys.clear();
            }
            Token::Mark('{') if self.value.is_some() => {
                self.tables.push((true, self.value.unwrap_or(false)));
                self.value = None;
            }
            Token::Mark('[') if self.value.is_some() => self.tables.push((false, self.value.unwrap_or(false))),
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
    use super::{masked, masked_message};

    #[test]
    fn secrets_and_users_of_addresses_are_stars_and_all_else_stays() {
        let cases = [
            ("password = \"hunter2\"", "password = \"*******\""),
            ("passwrd = 'hunter2' # old", "passwrd = '*******' *****"),
            ("sasl = { user = \"ada\", password = [\"x\"] }", "sasl = { user = \"ada\", password = [\"*\"] }"),
            ("password = { env = \"NAME\" }", "password = { env = \"NAME\" }"),
            ("headers = { A = \"{env.B_1}\", C = \"${D}\" }", "headers = { A = \"{env.B_1}\", C = \"${D}\" }"),
            ("headers = { A = \"x {env.B}\" }", "headers = { A = \"*********\" }"),
            ("password hunter2", "password *******"),
            ("password = \"hunter2", "password = \"*******"),
            ("[p.a.headers]\nX-Any = \"abc\"\n[b]\nx = \"y\"", "[p.a.headers]\nX-Any = \"***\"\n[b]\nx = \"y\""),
            ("headers.Authorization = 5\nname = \"n\"", "headers.Authorization = *\nname = \"n\""),
            ("headers = { A = \"a{\", B = { file = \"f\" } }", "headers = { A = \"**\", B = { file = \"f\" } }"),
            ("url = \"http://u:p@host/x\"", "url = \"http://***@host/x\""),
            ("url = \"ftp://u:p/w@host/x\"", "url = \"ftp://*****@host/x\""),
            ("url = \"u:pw@host\"", "url = \"****@host\""),
            ("url = \"http://host:80/a@b\"", "url = \"http://host:80/a@b\""),
            ("id = [\"@key\", \"a\"]\nlisten = \"é\"", "id = [\"@key\", \"a\"]\nlisten = \"é\""),
        ];
        for (plain, shown) in cases {
            assert_eq!(masked(plain), shown);
        }
    }

    #[test]
    fn messages_quote_none_of_them() {
        let text = "password = \"hunter2\"";
        assert_eq!(masked_message("`hunter2` at http://a:b@c/ is wrong", text), "`***` at http://***@c/ is wrong");
    }
}
