use super::pipeline::condition;
use super::problem::{Fix, Problem};
use super::reader::{Located, Reader};
use super::values::Span;
use super::words::Paths;
use crate::placeholders::{Condition, Path};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// `[mocks.NAME]`: an endpoint to try things against.
#[derive(Debug, Clone)]
pub struct MockSettings {
    pub name: Located<String>,
    pub listen: Located<SocketAddr>,
    /// What makes a request's id; a request without it is known by its body.
    pub id: Vec<Path>,
    /// The failures are a function of this, the id and the attempt.
    pub seed: u64,
    pub fail: Vec<Fail>,
    pub hang: Vec<Hang>,
    pub reject: Vec<Reject>,
    pub log: Option<Located<PathBuf>>,
}

/// A share of the ids is answered `status` on its first `times` attempts.
#[derive(Debug, Clone)]
pub struct Fail {
    pub status: u16,
    pub share: f64,
    pub times: u32,
}

/// A share of the ids is taken, and answered late on its first `times` attempts.
#[derive(Debug, Clone)]
pub struct Hang {
    pub length: Duration,
    pub share: f64,
    pub times: u32,
}

/// These are always answered `status`.
#[derive(Debug, Clone)]
pub struct Reject {
    pub status: u16,
    pub condition: Condition,
}

pub(crate) fn read(root: &mut Reader<'_>) -> Vec<MockSettings> {
    root.named("mocks").into_iter().filter_map(|(name, table)| mock(name, table)).collect()
}

fn mock(name: Located<String>, mut table: Reader<'_>) -> Option<MockSettings> {
    let listen = table.required::<String>("listen", "\"127.0.0.1:8085\"");
    let anywhere = table.flag("anywhere", false);
    let id = table.optional::<Paths>("id");
    let seed = table.optional::<u64>("seed");
    let fail = table.tables("fail").into_iter().map(fail).collect();
    let hang = table.tables("hang").into_iter().map(hang).collect();
    let reject = table.tables("reject").into_iter().filter_map(reject).collect();
    let log = table.optional::<String>("log");
    let source = table.found.source;
    let listen = listen.map(|listen| address(&table, listen, anywhere));
    table.finish();
    let usual = || ["source", "id"].map(|name| Path::Json(vec![name.to_owned()])).to_vec();
    Some(MockSettings {
        name,
        listen: listen??,
        id: id.map_or_else(usual, |id| id.value.0),
        seed: seed.map_or(0, |seed| seed.value),
        fail,
        hang,
        reject,
        log: log.map(|log| Located { value: source.resolve(&log), span: log.span }),
    })
}

/// A mock takes anything from anyone, so it stays on this machine unless told otherwise.
fn address(table: &Reader<'_>, listen: Located<String>, anywhere: bool) -> Option<Located<SocketAddr>> {
    let address = super::address::read(table, &listen, 8085)?;
    if !address.ip().is_loopback() && !anywhere {
        let what = format!("{}.listen: {address} can be reached from other machines", table.path);
        let local = Fix::replace(table.found.source, listen.span.clone(), format!("\"127.0.0.1:{}\"", address.port()));
        let told = (!table.has("anywhere")).then(|| table.add(&["anywhere = true".to_owned()]));
        table.problem(Problem::new(listen.span, what).fix(local).fix(told));
        return None;
    }
    Some(Located { value: address, span: listen.span })
}

fn fail(mut table: Reader<'_>) -> Fail {
    let fail = Fail { status: status(&mut table, 503), share: share(&mut table), times: times(&mut table) };
    table.finish();
    fail
}

fn hang(mut table: Reader<'_>) -> Hang {
    let length = table.required::<Span>("for", "\"3s\"").map_or(Duration::ZERO, |length| length.value.0);
    let hang = Hang { length, share: share(&mut table), times: times(&mut table) };
    table.finish();
    hang
}

fn reject(mut table: Reader<'_>) -> Option<Reject> {
    let status = status(&mut table, 422);
    if !table.has("where") {
        let what = format!("{} has no `where`: it would reject all there is", table.path);
        let fix = table.add(&["where = { type = \"rejected\" }".to_owned()]);
        table.problem(Problem::new(table.span.clone(), what).fix(fix).missing());
    }
    let condition = condition(&mut table, "where");
    table.finish();
    Some(Reject { status, condition: condition? })
}

fn status(table: &mut Reader<'_>, usual: u16) -> u16 {
    let Some(status) = table.optional::<u16>("status") else { return usual };
    if !(200..=599).contains(&status.value) {
        let what = format!("{}.status: {} is no status of an answer (200 to 599)", table.path, status.value);
        let fix = Fix::replace(table.found.source, status.span.clone(), usual.to_string());
        table.problem(Problem::new(status.span.clone(), what).fix(fix));
    }
    status.value
}

fn share(table: &mut Reader<'_>) -> f64 {
    let Some(share) = table.optional::<f64>("share") else { return 1.0 };
    if !(0.0..=1.0).contains(&share.value) {
        let what = format!("{}.share: {} is no share of the whole (0 to 1)", table.path, share.value);
        let fix = (1.0..=100.0)
            .contains(&share.value)
            .then(|| Fix::replace(table.found.source, share.span.clone(), format!("{:?}", share.value / 100.0)));
        table.problem(Problem::new(share.span.clone(), what).fix(fix));
    }
    share.value
}

fn times(table: &mut Reader<'_>) -> u32 {
    table.optional::<u32>("times").map_or(1, |times| times.value)
}
