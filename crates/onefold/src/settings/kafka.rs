use super::problem::Problem;
use super::reader::{Located, Reader};
use super::values::{Chosen, OneOrMore, Secret};
use super::words::Mechanism;
use std::path::{Path, PathBuf};

/// `[kafka]`: which log the pipelines work on.
#[derive(Debug, Clone)]
pub enum KafkaSettings {
    /// A broker inside this process.
    Embedded { data: PathBuf, listen: Located<String> },
    /// A cluster elsewhere.
    Bootstrap { servers: String, tls: Option<Tls>, sasl: Option<Sasl> },
}

/// `[kafka.tls]`. An empty table turns encryption on with the system's authorities, or those in `$SSL_CERT_FILE`.
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

impl KafkaSettings {
    /// librdkafka's names and values for encryption and identity, secrets revealed.
    ///
    /// # Errors
    /// A secret or a certificate that cannot be read.
    pub fn client_properties(&self, folder: &Path) -> Result<Vec<(&'static str, String)>, String> {
        let KafkaSettings::Bootstrap { tls, sasl, .. } = self else { return Ok(vec![]) };
        let protocol = match (tls, sasl) {
            (None, None) => return Ok(vec![]),
            (Some(_), None) => "ssl",
            (None, Some(_)) => "sasl_plaintext",
            (Some(_), Some(_)) => "sasl_ssl",
        };
        let mut properties = vec![("security.protocol", protocol.to_owned())];
        if let Some(tls) = tls {
            // A built-in OpenSSL knows no folder of the system's; librdkafka then looks where systems keep them, and not
            // where OpenSSL's own variable says.
            if tls.ca.is_none() {
                let told = std::env::var("SSL_CERT_FILE").ok().filter(|file| !file.is_empty());
                properties.push(("ssl.ca.location", told.unwrap_or_else(|| "probe".to_owned())));
            }
            let files = [
                ("ssl.ca.location", &tls.ca),
                ("ssl.certificate.location", &tls.certificate),
                ("ssl.key.location", &tls.key),
            ];
            for (name, path) in files.into_iter().filter_map(|(name, path)| Some((name, path.as_ref()?))) {
                can_be_read(path)?;
                properties.push((name, path.display().to_string()));
            }
            if let Some(password) = &tls.key_password {
                properties.push(("ssl.key.password", password.reveal(folder)?));
            }
        }
        if let Some(sasl) = sasl {
            properties.push(("sasl.mechanism", sasl.mechanism.name().to_owned()));
            properties.push(("sasl.username", sasl.user.clone()));
            properties.push(("sasl.password", sasl.password.reveal(folder)?));
        }
        Ok(properties)
    }
}

/// OpenSSL says only that something is wrong with a file, and not which.
fn can_be_read(path: &Path) -> Result<(), String> {
    // Authorities may be a folder of files.
    let read = if path.is_dir() { std::fs::read_dir(path).map(|_| ()) } else { std::fs::read(path).map(|_| ()) };
    read.map_err(|why| format!("cannot read {}: {why}", path.display()))
}

/// Encryption and SCRAM are OpenSSL's, which is built in with the feature `tls` only.
fn built_in(kafka: &Reader<'_>, sasl: Option<&Sasl>) {
    if cfg!(feature = "tls") {
        return;
    }
    if let Some(span) = kafka.value_span("tls") {
        kafka.problem(Problem::new(span, "kafka.tls: this build has no TLS (it was built without the feature `tls`)"));
    }
    if let (Some(sasl), Some(span)) = (sasl, kafka.value_span("sasl"))
        && sasl.mechanism != Mechanism::Plain
    {
        let what =
            format!("kafka.sasl: this build has no {} (it was built without the feature `tls`)", sasl.mechanism.name());
        kafka.problem(Problem::new(span, what));
    }
}

const EMBEDDED: &str = "embedded = { data = \"data/broker\", listen = \"127.0.0.1:9092\" }";

pub(crate) fn read(root: &mut Reader<'_>) -> Option<KafkaSettings> {
    let Some(mut kafka) = root.table("kafka") else {
        if !root.has("kafka") && !root.misspells("kafka") {
            let fix = root.add(&["[kafka]".to_owned(), EMBEDDED.to_owned()]);
            root.problem(Problem::new(0..0, "the file does not say which Kafka: it has no [kafka]").fix(fix).missing());
        }
        return None;
    };
    let embedded = kafka.table("embedded").and_then(embedded);
    let servers = kafka.optional::<OneOrMore>("bootstrap");
    let tls = kafka.table("tls").map(tls);
    let sasl = kafka.table("sasl").and_then(sasl);
    built_in(&kafka, sasl.as_ref());
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
        Some(servers) => {
            let joined = servers.value.0.join(",");
            if let Some(why) = bad_servers(&joined) {
                kafka.problem(Problem::new(servers.span, format!("kafka.bootstrap: {why}")));
                return None;
            }
            Some(KafkaSettings::Bootstrap { servers: joined, tls, sasl })
        }
        None if kafka.has("embedded") || kafka.has("bootstrap") => embedded,
        None if kafka.misspells("embedded") || kafka.misspells("bootstrap") => None,
        None => {
            let fix = kafka.add(&[EMBEDDED.to_owned()]);
            let other = kafka.add(&["bootstrap = \"127.0.0.1:9092\"".to_owned()]);
            let what = "kafka has neither `embedded` nor `bootstrap`";
            kafka.problem(Problem::new(kafka.span.clone(), what).fix(fix).fix(other).missing());
            None
        }
    }
}

/// What is wrong with the addresses of a cluster, `HOST:PORT` with commas between them: librdkafka would go on asking
/// an address that is none, in silence. It takes Kafka's own protocols before an address, and no port for 9092.
pub fn bad_servers(servers: &str) -> Option<String> {
    let mut all = servers.split(',').map(str::trim).filter(|server| !server.is_empty()).peekable();
    if all.peek().is_none() {
        return Some("it has no address: write HOST:PORT".to_owned());
    }
    all.find_map(bad_server)
}

fn bad_server(server: &str) -> Option<String> {
    const PROTOCOLS: [&str; 4] = ["plaintext", "ssl", "sasl_plaintext", "sasl_ssl"];
    let (protocol, address) = server.split_once("://").map_or((None, server), |(one, rest)| (Some(one), rest));
    let port = address.rsplit_once(':').filter(|(_, port)| !port.ends_with(']'));
    let host = port.map_or(address, |(host, _)| host);
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    let why = match (protocol, port) {
        (Some(other), _) if !PROTOCOLS.iter().any(|one| other.eq_ignore_ascii_case(one)) => {
            format!("{other}:// is no protocol of Kafka's")
        }
        _ if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/') => "there is no host".to_owned(),
        (_, Some((_, port))) if !is_port(port) => format!("{port:?} is no port"),
        _ => return None,
    };
    Some(format!("{server:?} is no address of a broker ({why}): write HOST:PORT"))
}

fn embedded(mut table: Reader<'_>) -> Option<KafkaSettings> {
    let data = table.required::<String>("data", "\"data/broker\"");
    let listen = table.optional::<String>("listen");
    let span = table.span.clone();
    let source = table.found.source;
    if let Some(listen) = &listen {
        super::address::read(&table, listen, 9092);
    }
    table.finish();
    let listen = listen.unwrap_or(Located { value: "127.0.0.1:9092".to_owned(), span });
    Some(KafkaSettings::Embedded { data: source.resolve(&data?), listen })
}

fn tls(mut table: Reader<'_>) -> Tls {
    let [ca, certificate, key] = ["ca", "certificate", "key"].map(|name| pem(&mut table, name));
    for (is_there, (name, span)) in
        [(key.is_some(), ("key", "certificate")), (certificate.is_some(), ("certificate", "key"))]
    {
        if let (false, false, Some(span)) = (is_there, table.has(name), table.key_span(span)) {
            let what = format!("{} has no `{name}`: a client's certificate and its key go together", table.path);
            let line = format!("{name} = \"client.{}\"", if name == "key" { "key" } else { "pem" });
            table.problem(Problem::new(span, what).fix(table.add(&[line])));
        }
    }
    let tls = Tls { ca, certificate, key, key_password: table.optional("key_password").map(|secret| secret.value) };
    table.finish();
    tls
}

fn pem(table: &mut Reader<'_>, key: &'static str) -> Option<PathBuf> {
    let name = table.optional::<String>(key)?;
    let path = table.found.source.resolve(&name);
    // As with secrets: who only explains or lists pipelines needs none.
    if let (true, Err(why)) = (table.found.look >= super::Look::Here, can_be_read(&path)) {
        table.problem(Problem::new(name.span, format!("{}.{key}: {why}", table.path)));
    }
    Some(path)
}

fn sasl(mut table: Reader<'_>) -> Option<Sasl> {
    let mechanism = table.required::<Chosen<Mechanism>>("mechanism", "\"SCRAM-SHA-512\"");
    let user = table.required::<String>("user", "\"onefold\"");
    let password = table.required::<Secret>("password", "{ env = \"KAFKA_PASSWORD\" }");
    table.finish();
    Some(Sasl { mechanism: mechanism?.value.0, user: user?.value, password: password?.value })
}

#[cfg(test)]
mod tests {
    use super::bad_servers;

    #[test]
    fn addresses_that_librdkafka_would_ask_for_ever() {
        for right in ["h:9092", "h", "127.0.0.1:1,kafka-2:65535", "SASL_SSL://h:1", "[::1]:9092", "[::1]", "a, b:2"] {
            assert_eq!(bad_servers(right), None, "{right}");
        }
        for (wrong, why) in [
            ("", "no address"),
            (" , ", "no address"),
            ("http://h:9092", "http:// is no protocol"),
            ("h:99999", "\"99999\" is no port"),
            ("h:0", "no port"),
            ("h:", "no port"),
            (":9092", "no host"),
            ("a:1,h/x:2", "no host"),
            ("a b:1", "no host"),
        ] {
            let said = bad_servers(wrong).unwrap_or_default();
            assert!(said.contains(why) && said.contains("write HOST:PORT"), "{wrong}: {said}");
        }
    }
}
