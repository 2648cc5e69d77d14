use crate::placeholders::Template;
use crate::settings::problem::{Fix, Problem};
use crate::settings::reader::{Located, Reader};
use crate::settings::values::{Choice, Chosen, Leaf, Secret, Span};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};
use std::path::PathBuf;
use std::time::Duration;

/// `[pipelines.NAME.to.http]`.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// As written, for explanations.
    pub url: String,
    pub url_template: Template,
    pub method: Method,
    pub headers: Vec<(String, HeaderSetting)>,
    /// Without it the record's value goes out as it is.
    pub body: Option<Template>,
    /// Answers that say no to this one record, which is dead then, though they may say more of the endpoint: 404, say.
    pub rejected: Vec<u16>,
    /// For one attempt, from the connection to the last byte of the answer.
    pub timeout: Duration,
    /// Where secrets in files are looked for.
    pub folder: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    Post,
    Put,
    Patch,
    Delete,
}

impl Choice for Method {
    const WORDS: &'static [(&'static str, Self)] =
        &[("POST", Method::Post), ("PUT", Method::Put), ("PATCH", Method::Patch), ("DELETE", Method::Delete)];
}

impl Method {
    pub fn name(self) -> &'static str {
        Self::WORDS.iter().find(|(_, method)| *method == self).map_or("POST", |(name, _)| name)
    }
}

/// A header's value: text with placeholders, or a secret.
#[derive(Debug, Clone)]
pub enum HeaderSetting {
    Template(Template),
    Secret(Secret),
}

impl HeaderSetting {
    /// Whether it is a content type for one value of JSON: not, say, `application/x-ndjson`.
    pub(crate) fn names_json(&self) -> bool {
        let HeaderSetting::Template(template) = self else { return false };
        let kind = template.plain().and_then(|text| text.split(';').next()).unwrap_or_default();
        let kind = kind.trim().to_ascii_lowercase();
        kind == "application/json" || kind == "text/json" || kind.ends_with("+json")
    }
}

impl<'de> Deserialize<'de> for HeaderSetting {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match Secret::deserialize(from)? {
            Secret::Plain(text) => Template::parse(&text).map(HeaderSetting::Template).map_err(D::Error::custom),
            secret => Ok(HeaderSetting::Secret(secret)),
        }
    }
}
impl Leaf for HeaderSetting {
    fn secret(&self) -> Option<&Secret> {
        match self {
            HeaderSetting::Template(_) => None,
            HeaderSetting::Secret(secret) => Some(secret),
        }
    }
}

/// `[404, 410]`: statuses that say no.
struct Statuses(Vec<u16>);

impl<'de> Deserialize<'de> for Statuses {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let statuses = Vec::<u16>::deserialize(from)
            .map_err(|_| D::Error::custom("expected a list of statuses, such as [404]"))?;
        match statuses.iter().find(|status| !(300..=599).contains(*status)) {
            Some(other) => Err(D::Error::custom(format!("{other} says no to nothing: 300 to 599 do"))),
            None => Ok(Statuses(statuses)),
        }
    }
}
impl Leaf for Statuses {
    fn mend(written: &str) -> Vec<String> {
        written.parse::<u16>().map(|status| format!("[{status}]")).into_iter().collect()
    }
}

pub(super) fn read(mut table: Reader<'_>) -> Option<HttpSettings> {
    let url = table.required::<String>("url", "\"http://127.0.0.1:8080/\"");
    let method = table.optional::<Chosen<Method>>("method");
    let headers = table.free::<HeaderSetting>("headers");
    let body = table.optional::<Template>("body");
    let rejected = table.optional::<Statuses>("rejected");
    let timeout = table.optional::<Span>("timeout");
    let url_template = url.as_ref().and_then(|url| address(&table, url));
    let headers = headers.map(|headers| headers.value).unwrap_or_default();
    if let Some(span) = table.value_span("url") {
        super::environment::slips(&table, "url", &span, false);
    }
    for (name, value) in &headers {
        super::environment::slips(&table, &format!("headers.{}", name.value), &value.span, true);
        if name.is_empty() || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b)) {
            let what = format!("{}.headers: `{}` is no name of a header", table.path, name.value);
            table.problem(Problem::new(name.span.clone(), what));
        }
    }
    if let Some(body) = &body {
        is_what_it_calls_itself(&table, body, &headers);
    }
    let folder = table.found.source.resolve("");
    let timeout = timeout.filter(|timeout| super::is_some_time(&table, timeout, "10s"));
    table.finish();
    // As in `sql`.
    let nothing = || Template::parse("").ok();
    Some(HttpSettings {
        url: url.map(|url| url.value).unwrap_or_default(),
        url_template: url_template.or_else(nothing)?,
        method: method.map_or(Method::Post, |method| method.value.0),
        headers: headers.into_iter().map(|(name, value)| (name.value, value.value)).collect(),
        body: body.map(|body| body.value),
        rejected: rejected.map_or(vec![], |rejected| rejected.value.0),
        timeout: timeout.map_or(Duration::from_secs(10), |timeout| timeout.value.0),
        folder,
    })
}

/// A body goes out as JSON unless a header of its own says otherwise.
fn is_what_it_calls_itself(table: &Reader<'_>, body: &Located<Template>, headers: &[Header]) {
    if body.value.plain() == Some("") {
        return;
    }
    let mut kinds = headers.iter().filter(|(name, _)| name.eq_ignore_ascii_case("content-type"));
    if kinds.next().is_some_and(|(_, kind)| !kind.value.names_json()) {
        return;
    }
    if let Err(why) = body.value.is_json() {
        let what = format!("{}.body goes out as JSON, but is none: {why}", table.path);
        let otherwise = "mend it, or say in `headers` what it is: \"Content-Type\" = \"text/plain\"";
        table.problem(Problem::new(body.span.clone(), what).because("to do", otherwise));
    }
}

type Header = (Located<String>, Located<HeaderSetting>);

fn address(table: &Reader<'_>, url: &Located<String>) -> Option<Template> {
    let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
    if !matches!(scheme, "http" | "https") || rest.is_empty() || rest.starts_with('/') {
        let what = format!("{}.url: \"{}\" is no http:// or https:// address", table.path, url.value);
        let plain = scheme.is_empty() && !rest.is_empty() && !rest.starts_with('/') && !rest.contains(['"', '\\']);
        let fix = plain.then(|| Fix::replace(table.found.source, url.span.clone(), format!("\"http://{rest}\"")));
        table.problem(Problem::new(url.span.clone(), what).fix(fix));
        return None;
    }
    let template = Template::parse(url);
    template.map_err(|why| table.problem(Problem::new(url.span.clone(), format!("{}.url: {why}", table.path)))).ok()
}
