use crate::placeholders::{Fields, Path};
use crate::record::Record;
use crate::settings::MockSettings;
use std::time::Duration;

/// What is done about one attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Accept,
    /// Taken and durable, answered late: what a client that gave up cannot know.
    Late(Duration),
    Refuse(u16),
}

/// Who a request is: the values at the `id` paths, or its body where one is missing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct RequestId(pub Vec<(String, String)>);

impl RequestId {
    /// Sorted, since a line of the log does not keep an order of names.
    pub fn new(mut named: Vec<(String, String)>) -> RequestId {
        named.sort();
        RequestId(named)
    }

    pub fn of(paths: &[Path], request: &Record) -> RequestId {
        let fields = Fields::of(request);
        let named = paths.iter().map(|path| Some((path.to_string(), fields.text(path).ok()??.into_owned())));
        let by_body = || vec![("body".to_owned(), blake3::hash(request.payload()).to_hex()[..32].to_owned())];
        RequestId::new(named.collect::<Option<_>>().unwrap_or_else(by_body))
    }
}

/// The answer to this attempt (1 is the first) of this request.
pub(super) fn verdict(settings: &MockSettings, id: &RequestId, attempt: u32, request: &Record) -> Verdict {
    let fields = Fields::of(request);
    if let Some(reject) = settings.reject.iter().find(|reject| reject.condition.holds(&fields).unwrap_or(false)) {
        return Verdict::Refuse(reject.status);
    }
    let draw = |rule: &str, n: usize| draw(settings.seed, rule, n, id);
    let mut hangs = settings.hang.iter().enumerate();
    if let Some((_, hang)) = hangs.find(|(n, hang)| draw("hang", *n) < hang.share) {
        // An id that hangs never fails as well: the attempts that one id is planned to lose do not add up.
        return if attempt <= hang.times { Verdict::Late(hang.length) } else { Verdict::Accept };
    }
    let mut fails = settings.fail.iter().enumerate();
    match fails.find(|(n, fail)| attempt <= fail.times && draw("fail", *n) < fail.share) {
        Some((_, fail)) => Verdict::Refuse(fail.status),
        None => Verdict::Accept,
    }
}

/// A number in 0..1 that belongs to this id under this rule: the same at every attempt and in every run.
fn draw(seed: u64, rule: &str, n: usize, id: &RequestId) -> f64 {
    let mut hash = blake3::Hasher::new();
    hash.update(&seed.to_le_bytes()).update(rule.as_bytes()).update(&(n as u64).to_le_bytes());
    for (_, value) in &id.0 {
        hash.update(&(value.len() as u64).to_le_bytes()).update(value.as_bytes());
    }
    let first = hash.finalize().as_bytes()[..8].try_into().map_or(0, u64::from_le_bytes);
    first as f64 / 2f64.powi(64)
}
