use super::problem::Problem;
use super::reader::{Located, Reader};
use super::values::{Chosen, OneOrMore, Secret};
use super::words::Mechanism;
use std::path::PathBuf;

/// `[kafka]`: which log the pipelines work on.
#[derive(Debug, Clone)]
pub enum KafkaSettings {
    /// A broker inside this process.
    Embedded { data: PathBuf, listen: Located<String> },
    /// A cluster elsewhere.
    Bootstrap { servers: String, tls: Option<Tls>, sasl: Option<Sasl> },
}

/// `[kafka.tls]`. An empty table turns encryption on with the system's authorities.
#[derive(Debug, Clone, Default)]
pub struct Tls {
    /// PEM files.
    pub ca: Option<PathBuf>,
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
    pub key_password: Option<Secret>,
}

/// `[kafka.sasl]`.
#[derive(Debug, Clone)]
pub struct Sasl {
    pub mechanism: Mechanism,
    pub user: String,
    pub password: Secret,
}

const EMBEDDED: &str = "embedded = { data = \"data/broker\", listen = \"127.0.0.1:9092\" }";

pub(crate) fn read(root: &mut Reader<'_>) -> Option<KafkaSettings> {
    let Some(mut kafka) = root.table("kafka") else {
        if !root.has("kafka") && !root.misspells("kafka") {
            let fix = root.add(&["[kafka]".to_owned(), EMBEDDED.to_owned()]);
            root.problem(Problem::new(0..0, "the file does not say which Kafka: it has no [kafka]").fix(fix));
        }
        return None;
    };
    let embedded = kafka.table("embedded").and_then(embedded);
    let servers = kafka.optional::<OneOrMore>("bootstrap");
    let tls = kafka.table("tls").map(tls);
    let sasl = kafka.table("sasl").and_then(sasl);
    let settings = choose(&kafka, embedded, servers, tls, sasl);
    kafka.finish();
    settings
}

fn choose(
    kafka: &Reader<'_>,
    embedded: Option<KafkaSettings>,
    servers: Option<Located<OneOrMore>>,
    tls: Option<Tls>,
    sasl: Option<Sasl>,
) -> Option<KafkaSettings> {
    if kafka.has("embedded") && kafka.has("bootstrap") {
        let span = kafka.key_span("bootstrap").unwrap_or(kafka.span.clone());
        let what = "kafka has both `embedded` and `bootstrap`: the broker inside, or a cluster elsewhere";
        kafka.problem(Problem::new(span, what));
        return None;
    }
    for key in ["tls", "sasl"] {
        if kafka.has("embedded") && kafka.has(key) {
            let span = kafka.value_span(key).unwrap_or(kafka.span.clone());
            kafka.problem(Problem::new(
                span,
                format!("kafka.{key} goes with `bootstrap`: the embedded broker has none"),
            ));
        }
    }
    match servers {
        Some(servers) => Some(KafkaSettings::Bootstrap { servers: servers.value.0.join(","), tls, sasl }),
        None if kafka.has("embedded") || kafka.has("bootstrap") => embedded,
        None if kafka.misspells("embedded") || kafka.misspells("bootstrap") => None,
        None => {
            let fix = kafka.add(&[EMBEDDED.to_owned()]);
            let other = kafka.add(&["bootstrap = \"127.0.0.1:9092\"".to_owned()]);
            let what = "kafka has neither `embedded` nor `bootstrap`";
            kafka.problem(Problem::new(kafka.span.clone(), what).fix(fix).fix(other));
            None
        }
    }
}

fn embedded(mut table: Reader<'_>) -> Option<KafkaSettings> {
    let data = table.required::<String>("data", "\"data/broker\"");
    let listen = table.optional::<String>("listen");
    let span = table.span.clone();
    let source = table.found.source;
    if let Some(listen) = listen.as_ref().filter(|listen| listen.parse::<std::net::SocketAddr>().is_err()) {
        let what =
            format!("{}.listen: \"{}\" is no address and port, such as \"127.0.0.1:9092\"", table.path, listen.value);
        table.problem(Problem::new(listen.span.clone(), what));
    }
    table.finish();
    let listen = listen.unwrap_or(Located { value: "127.0.0.1:9092".to_owned(), span });
    Some(KafkaSettings::Embedded { data: source.resolve(&data?), listen })
}

fn tls(mut table: Reader<'_>) -> Tls {
    let source = table.found.source;
    let path = |name: Option<Located<String>>| name.map(|name| source.resolve(&name));
    let tls = Tls {
        ca: path(table.optional("ca")),
        certificate: path(table.optional("certificate")),
        key: path(table.optional("key")),
        key_password: table.optional("key_password").map(|secret| secret.value),
    };
    table.finish();
    tls
}

fn sasl(mut table: Reader<'_>) -> Option<Sasl> {
    let mechanism = table.required::<Chosen<Mechanism>>("mechanism", "\"SCRAM-SHA-512\"");
    let user = table.required::<String>("user", "\"onefold\"");
    let password = table.required::<Secret>("password", "{ env = \"KAFKA_PASSWORD\" }");
    table.finish();
    Some(Sasl { mechanism: mechanism?.value.0, user: user?.value, password: password?.value })
}
