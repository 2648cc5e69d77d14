//! Reads one table of the file key by key. Whatever is wrong is noted and reading goes on: a user fixes a file once,
//! not once an error.

use super::Look;
use super::place::Place;
use super::problem::{Fix, Problem};
use super::source::Source;
use super::values::{Leaf, Secret};
use std::cell::RefCell;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue, ValueDeserializer};

/// A value and where it was written, for the checks that come after reading.
#[derive(Debug, Clone)]
pub struct Located<T> {
    pub value: T,
    pub(crate) span: Range<usize>,
}

impl<T> std::ops::Deref for Located<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

/// The file being read and what was found wrong so far.
pub(crate) struct Findings<'a> {
    pub source: &'a Source,
    pub look: Look,
    problems: RefCell<Vec<Problem>>,
    /// Which keys each table was asked for: what the documentation is held against.
    #[cfg(test)]
    pub asked: RefCell<Vec<(String, &'static str)>>,
}

impl<'a> Findings<'a> {
    pub fn new(source: &'a Source) -> Self {
        Findings {
            source,
            look: Look::Text,
            problems: RefCell::default(),
            #[cfg(test)]
            asked: RefCell::default(),
        }
    }

    pub fn note(&self, problem: Problem) {
        self.problems.borrow_mut().push(problem);
    }

    pub fn into_problems(self) -> Vec<Problem> {
        self.problems.into_inner()
    }
}

/// The entries of a table whose keys are the user's own.
pub(crate) type Entries<T> = Vec<(Located<String>, Located<T>)>;

pub(crate) struct Reader<'a> {
    pub path: String,
    pub place: Place,
    pub span: Range<usize>,
    pub found: &'a Findings<'a>,
    table: &'a DeTable<'a>,
    known: Vec<&'static str>,
    missing: Vec<(&'static str, String)>,
}

impl<'a> Reader<'a> {
    pub fn root(found: &'a Findings<'a>, table: &'a DeTable<'a>) -> Self {
        Reader { path: String::new(), place: Place::Root, span: 0..0, found, table, known: vec![], missing: vec![] }
    }

    pub fn optional<T: Leaf>(&mut self, key: &'static str) -> Option<Located<T>> {
        self.known.push(key);
        let value = self.get(key)?;
        self.leaf(&self.child(key), value)
    }

    /// `example` is a whole `key = value` line that a newcomer could start from.
    pub fn required<T: Leaf>(&mut self, key: &'static str, example: &str) -> Option<Located<T>> {
        if self.get(key).is_none() {
            self.missing.push((key, format!("{key} = {example}")));
        }
        self.optional(key)
    }

    pub fn flag(&mut self, key: &'static str, default: bool) -> bool {
        self.optional(key).map_or(default, |flag| flag.value)
    }

    pub fn table(&mut self, key: &'static str) -> Option<Reader<'a>> {
        self.known.push(key);
        let value = self.get(key)?;
        self.below(&self.child(key), value)
    }

    /// One table, or a list of them: `fail = {..}` and `fail = [{..}, {..}]`.
    pub fn tables(&mut self, key: &'static str) -> Vec<Reader<'a>> {
        self.known.push(key);
        let path = self.child(key);
        match self.get(key).map(|value| (value, value.get_ref())) {
            Some((_, DeValue::Array(list))) => list.iter().filter_map(|value| self.below(&path, value)).collect(),
            Some((value, _)) => self.below(&path, value).into_iter().collect(),
            None => vec![],
        }
    }

    /// The named tables of `[topics.NAME]`: any key is a name, each value is a table.
    pub fn named(&mut self, key: &'static str) -> Vec<(Located<String>, Reader<'a>)> {
        let Some(all) = self.table(key) else { return vec![] };
        let named = all.table.iter().filter_map(|(name, value)| {
            let located = Located { value: name.get_ref().to_string(), span: name.span() };
            let inside = all.below(&all.child(name.get_ref()), value)?;
            Some((located, inside))
        });
        let mut named: Vec<_> = named.collect();
        named.sort_by_key(|(name, _)| name.span.start);
        named
    }

    /// All keys of a table whose keys are the user's own (`where`, `headers`, `env`).
    pub fn free<T: Leaf>(&mut self, key: &'static str) -> Option<Located<Entries<T>>> {
        let all = self.table(key)?;
        let entries = all.table.iter().filter_map(|(name, value)| {
            let located = Located { value: name.get_ref().to_string(), span: name.span() };
            Some((located, all.leaf(&all.child(name.get_ref()), value)?))
        });
        Some(Located { value: entries.collect(), span: all.span.clone() })
    }

    pub fn has(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// Whether the key is there under a name that was probably meant to be it: what is missing then is only misspelt.
    pub fn misspells(&self, key: &'static str) -> bool {
        self.table.iter().any(|(name, _)| {
            let name = name.get_ref().as_ref();
            name != key && !self.known.contains(&name) && super::nearest::nearest(name, [key]).is_some()
        })
    }

    /// The keys of a table that is to come, whatever stands at them; none if it cannot be told, since it is misspelt or
    /// no table.
    pub fn keys_of(&self, key: &'static str) -> Option<Vec<String>> {
        match self.get(key).map(Spanned::get_ref) {
            Some(DeValue::Table(table)) => Some(table.iter().map(|(name, _)| name.get_ref().to_string()).collect()),
            None if !self.misspells(key) => Some(vec![]),
            _ => None,
        }
    }

    pub fn key_span(&self, key: &str) -> Option<Range<usize>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(name, _)| name.span())
    }

    pub fn value_span(&self, key: &str) -> Option<Range<usize>> {
        self.get(key).map(Spanned::span)
    }

    pub fn problem(&self, problem: Problem) {
        self.found.note(problem);
    }

    pub fn add(&self, lines: &[String]) -> Fix {
        self.place.add(self.found.source, lines)
    }

    /// Every key was asked for: what is left over is unknown, what was not there is missing.
    pub fn finish(mut self) {
        #[cfg(test)]
        self.found.asked.borrow_mut().extend(self.known.iter().map(|key| (self.path.clone(), *key)));
        let unknown: Vec<_> =
            self.table.iter().filter(|(name, _)| !self.known.contains(&name.get_ref().as_ref())).collect();
        for (name, _) in unknown {
            let meant = super::nearest::nearest(name.get_ref(), self.known.iter().copied())
                .filter(|known| !self.has(known))
                .inspect(|known| self.missing.retain(|(key, _)| key != known));
            self.note_unknown(name, meant);
        }
        for (key, example) in std::mem::take(&mut self.missing) {
            let what = format!("{} has no `{key}`", self.name());
            self.problem(Problem::new(self.span.clone(), what).fix(self.add(&[example])).missing());
        }
    }

    fn note_unknown(&self, name: &Spanned<std::borrow::Cow<'_, str>>, meant: Option<&str>) {
        let problem = Problem::new(name.span(), format!("{} knows no `{}`", self.name(), name.get_ref()));
        self.problem(match meant {
            Some(meant) => problem.fix(Fix::replace(self.found.source, name.span(), meant)),
            None => problem.because("known", self.known.join(", ")),
        });
    }

    pub fn name(&self) -> String {
        if self.path.is_empty() { "the file".to_owned() } else { self.path.clone() }
    }

    pub fn child(&self, key: &str) -> String {
        let plain = !key.is_empty() && key.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
        let key = if plain { key.to_owned() } else { format!("{key:?}") };
        if self.path.is_empty() { key } else { format!("{}.{key}", self.path) }
    }

    fn get(&self, key: &str) -> Option<&'a Spanned<DeValue<'a>>> {
        self.table.iter().find(|(name, _)| name.get_ref() == key).map(|(_, value)| value)
    }

    fn below(&self, path: &str, value: &'a Spanned<DeValue<'a>>) -> Option<Reader<'a>> {
        let DeValue::Table(table) = value.get_ref() else {
            let what = format!("{path} is a table, not {}", a(value.get_ref().type_str()));
            self.problem(Problem::new(value.span(), what));
            return None;
        };
        let place = Place::of(self.found.source, path, value.span());
        let (path, span, found) = (path.to_owned(), value.span(), self.found);
        Some(Reader { path, place, span, found, table, known: vec![], missing: vec![] })
    }

    /// A secret that is not there would be missed only when it is needed.
    fn is_there(&self, path: &str, secret: &Secret, span: &Range<usize>) {
        let Err(why) = secret.reveal(&self.found.source.resolve("")) else { return };
        let problem = Problem::new(span.clone(), format!("{path}: {why}"));
        self.problem(match secret {
            Secret::Env(name) => {
                let there: Vec<String> = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
                let near = super::nearest::nearest(name, there.iter().map(String::as_str));
                let at = near.and_then(|_| Some(span.start + self.found.source.slice(span.clone()).find(name)?));
                let fix = at.zip(near).map(|(at, near)| Fix::replace(self.found.source, at..at + name.len(), near));
                problem.because("to do", format!("set it before `onefold` starts: export {name}=...")).fix(fix)
            }
            _ => problem,
        });
    }

    fn leaf<T: Leaf>(&self, path: &str, value: &Spanned<DeValue<'_>>) -> Option<Located<T>> {
        let span = value.span();
        match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(value) => {
                if let (true, Some(secret)) = (self.found.look >= Look::Here, T::secret(&value)) {
                    self.is_there(path, secret, &span);
                }
                Some(Located { value, span })
            }
            Err(error) => {
                let written = self.found.source.slice(span.clone());
                let ways = T::mend(written).into_iter();
                let mends = ways.map(|with| Fix::replace(self.found.source, span.clone(), with)).collect::<Vec<_>>();
                let at = error.span().filter(|at| !at.is_empty() && span.contains(&at.start)).unwrap_or(span);
                self.problem(Problem::new(at, format!("{path}: {}", plainly(error.message()))).fixes(mends));
                None
            }
        }
    }
}

/// What serde says of Rust's types, for people who write no Rust.
fn plainly(message: &str) -> String {
    let (said, expected) = message.rsplit_once("expected ").unwrap_or((message, ""));
    match expected {
        "i32" | "i64" => format!("{said}expected a whole number"),
        "u16" | "u32" | "u64" => format!("{said}expected a whole number, not below 0"),
        "f64" => format!("{said}expected a number"),
        "a boolean" => format!("{said}expected true or false"),
        _ => message.to_owned(),
    }
}

fn a(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {kind}")
}
