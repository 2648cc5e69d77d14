//! `[kafka.tls]` and `[kafka.sasl]` against Apache Kafka: each way in works with the settings that the documentation
//! names, client certificates and the system's own authorities too, and each mistake in them is said within seconds.

use crate::{
    process::Process,
    services::{Durability, Further, Kafka, free_ports},
    shell, tools, tree,
};
use anyhow::{Context, bail, ensure};
use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// Far more than three records take.
const RUN_MAX: Duration = Duration::from_secs(90);
/// What is wrong is said within this.
const SAID_MAX: Duration = Duration::from_secs(30);
const PASSWORD: &str = "correct horse";

#[derive(clap::Args)]
pub struct Options {
    /// The onefold binary; built if not given
    #[arg(long)]
    binary: Option<PathBuf>,
}

pub fn run(options: &Options) -> anyhow::Result<()> {
    campaign(&tree::onefold_at(options.binary.as_deref())?)
}

pub fn campaign(binary: &Path) -> anyhow::Result<()> {
    let keytool = tools::keytool()?;
    let ports @ [ssl, sasl_ssl, sasl, mutual] = free_ports()?;
    let home = tempfile::tempdir()?;
    // Certificates sign themselves, so that each is its own authority; another one is an authority that did not sign it.
    certificate(&keytool, home.path(), "other")?;
    certificate(&keytool, home.path(), "client")?;
    let openssl = tools::openssl()?;
    key(&openssl, home.path(), "client")?;
    key(&openssl, home.path(), "other")?;
    let kafka = Kafka::start_with(Durability::PageCache, |folder| {
        trust(&keytool, folder, &home.path().join("client.pem"))?;
        secured(&keytool, folder, ports)
    })?;
    fs::copy(kafka.folder().join("broker.pem"), home.path().join("ca.pem"))?;
    fs::write(home.path().join("password"), format!("{PASSWORD}\n"))?;

    let tls = "tls = { ca = \"ca.pem\" }";
    let user = |mechanism: &str| {
        format!("sasl = {{ mechanism = \"{mechanism}\", user = \"onefold\", password = {{ file = \"password\" }} }}")
    };
    let shows = |name: &str, key: &str| {
        format!(
            "tls = {{ ca = \"ca.pem\", certificate = \"{name}.pem\", key = \"{key}\", key_password = {{ file = \"password\" }} }}"
        )
    };
    for (name, port, settings) in [
        ("TLS", ssl, tls.to_owned()),
        (
            "a client certificate",
            mutual,
            shows("client", "client.key").replace(", key_password = { file = \"password\" }", ""),
        ),
        ("a client certificate with a locked key", mutual, shows("client", "client.locked.key")),
        ("TLS and PLAIN", sasl_ssl, format!("{tls}\n{}", user("PLAIN"))),
        ("TLS and SCRAM-SHA-512", sasl_ssl, format!("{tls}\n{}", user("SCRAM-SHA-512"))),
        ("SCRAM-SHA-256", sasl, user("SCRAM-SHA-256")),
    ] {
        works(binary, home.path(), port, &settings).context(name)?;
        println!("{name}: loads, runs, is read back");
    }
    let wrong = user("SCRAM-SHA-512").replace("{ file = \"password\" }", "\"wrong battery\"");
    // A key without its password would be asked for on the terminal, if one let it.
    let locked = shows("client", "client.locked.key").replace("{ file = \"password\" }", "\"wrong battery\"");
    for (name, port, settings, said) in [
        ("a certificate of its own that no system knows", ssl, "tls = {}".to_owned(), "certificate verify failed"),
        ("no certificate where one is asked for", mutual, tls.to_owned(), "certificate"),
        ("a certificate that the broker does not know", mutual, shows("other", "other.locked.key"), "certificate"),
        ("a key of another certificate", mutual, shows("client", "other.locked.key"), "key"),
        ("a wrong password for the key", mutual, locked, "key"),
        ("a certificate that is not there", mutual, shows("nobody", "client.key"), "nobody.pem"),
        ("an unknown authority", ssl, "tls = { ca = \"other.pem\" }".to_owned(), "certificate verify failed"),
        ("a wrong password", sasl_ssl, format!("{tls}\n{wrong}"), "Authentication failed"),
        ("no TLS where there is TLS", ssl, String::new(), "[kafka.tls]"),
        ("no user where there is one", sasl, String::new(), "[kafka.sasl]"),
    ] {
        fails(binary, home.path(), port, &settings, said).context(name)?;
        println!("{name}: said");
    }
    system_authorities(binary, home.path(), ssl)
}

/// `tls = {}` trusts whom the system trusts: told by the environment that this is the broker's own authority, as OpenSSL
/// takes it, it gets in.
fn system_authorities(binary: &Path, home: &Path, port: u16) -> anyhow::Result<()> {
    let file = write(home, port, "tls = {}")?;
    let mut list = Command::new(binary);
    list.args(["topics", "list", "--file", &file]).current_dir(home).env("SSL_CERT_FILE", home.join("ca.pem"));
    let listed = shell::output(&mut list).context("tls = {} with the system's authorities")?;
    ensure!(listed.contains("partitions"), "it lists no topics: {listed}");
    println!("TLS with the system's authorities: gets in");
    Ok(())
}

/// Four further ways in, with a certificate for 127.0.0.1 and the user `onefold`; the last one asks for a certificate of
/// the client's.
fn secured(keytool: &Path, folder: &Path, [ssl, sasl_ssl, sasl, mutual]: [u16; 4]) -> anyhow::Result<Further> {
    certificate(keytool, folder, "broker")?;
    let module = "org.apache.kafka.common.security";
    let scram = format!("{module}.scram.ScramLoginModule required;");
    let plain = format!("{module}.plain.PlainLoginModule required user_onefold=\"{PASSWORD}\";");
    let user = |mechanism| format!("{mechanism}=[name=onefold,password={PASSWORD}]");
    let mut format = Vec::new();
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-512"] {
        format.extend(["--add-scram".to_owned(), user(mechanism)]);
    }
    Ok(Further {
        listeners: vec![
            ("SSL", ssl, "SSL"),
            ("SASL_SSL", sasl_ssl, "SASL_SSL"),
            ("SASL_PLAINTEXT", sasl, "SASL_PLAINTEXT"),
            ("MUTUAL", mutual, "SSL"),
        ],
        properties: format!(
            "ssl.keystore.type=PKCS12
ssl.keystore.location={}/broker.p12
ssl.keystore.password=changeit
ssl.key.password=changeit
listener.name.mutual.ssl.client.auth=required
listener.name.mutual.ssl.truststore.type=PKCS12
listener.name.mutual.ssl.truststore.location={}/trusted.p12
listener.name.mutual.ssl.truststore.password=changeit
listener.name.sasl_ssl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.sasl_plaintext.sasl.enabled.mechanisms=SCRAM-SHA-256
listener.name.sasl_ssl.plain.sasl.jaas.config={plain}
listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config={scram}
listener.name.sasl_plaintext.scram-sha-256.sasl.jaas.config={scram}
",
            folder.display(),
            folder.display(),
        ),
        format,
    })
}

/// `NAME.p12` with the key, `NAME.pem` with the certificate.
fn certificate(keytool: &Path, folder: &Path, name: &str) -> anyhow::Result<()> {
    let store = format!("{name}.p12");
    let common = ["-alias", "k", "-keystore", &store, "-storetype", "PKCS12", "-storepass", "changeit"];
    let subject = format!("CN={name}");
    let make = ["-genkeypair", "-keyalg", "EC", "-validity", "2", "-dname", &subject, "-ext", "san=ip:127.0.0.1"];
    shell::output(Command::new(keytool).args(make).args(common).current_dir(folder))?;
    let pem = format!("{name}.pem");
    shell::output(Command::new(keytool).args(["-exportcert", "-rfc", "-file", &pem]).args(common).current_dir(folder))?;
    Ok(())
}

/// `NAME.key`, as PEM, and `NAME.locked.key`, which the password opens.
fn key(openssl: &Path, folder: &Path, name: &str) -> anyhow::Result<()> {
    let store = format!("{name}.p12");
    let take = ["pkcs12", "-in", &store, "-nocerts", "-passin", "pass:changeit"];
    let convert = |last: &[&str]| shell::output(Command::new(openssl).args(take).args(last).current_dir(folder));
    convert(&["-nodes", "-out", &format!("{name}.key")])?;
    convert(&["-passout", &format!("pass:{PASSWORD}"), "-out", &format!("{name}.locked.key")])?;
    Ok(())
}

/// `trusted.p12`: the authorities whose clients the broker lets in.
fn trust(keytool: &Path, folder: &Path, certificate: &Path) -> anyhow::Result<()> {
    let store = ["-keystore", "trusted.p12", "-storetype", "PKCS12", "-storepass", "changeit"];
    let import = ["-importcert", "-noprompt", "-alias", "client", "-file"];
    shell::output(Command::new(keytool).args(import).arg(certificate).args(store).current_dir(folder))?;
    Ok(())
}

const PIPELINE: &str = r#"
[topics.TOPIC]
partitions = 1
load = { file = "events.ndjson", key = "user", progress = "data/TOPIC.json" }
[pipelines.TOPIC]
from = "TOPIC"
dead_letters = "TOPIC.dead"
to.sql = { url = "sqlite:data/TOPIC.db", setup = "CREATE TABLE IF NOT EXISTS seen (user TEXT)", statement = "INSERT INTO seen VALUES ({user})" }
"#;

/// The producer, the admin client, the group and the consumer of a command all get in.
fn works(binary: &Path, home: &Path, port: u16, settings: &str) -> anyhow::Result<()> {
    let topic = format!("t{port}{}", settings.len());
    let file = write(home, port, &format!("{settings}{}", PIPELINE.replace("TOPIC", &topic)))?;
    fs::write(home.join("events.ndjson"), "{\"user\":\"ada\"}\n{\"user\":\"bob\"}\nnot json\n")?;
    let log = home.join("run.log");
    let mut run = Process::start(binary, &["run", &file, "--drain"], home, &log)?;
    match run.ended_within(RUN_MAX)? {
        Some(status) if status.success() => {}
        ended => bail!("{ended:?}:\n{}", run.said()),
    }
    let rows = rusqlite::Connection::open(home.join(format!("data/{topic}.db")))?.query_row(
        "SELECT count(*) FROM seen",
        [],
        |row| row.get::<_, i64>(0),
    )?;
    ensure!(rows == 2, "{rows} rows instead of 2");
    let read = |topic: &str| {
        shell::output(Command::new(binary).args(["consume", topic, "--drain", "--file", &file]).current_dir(home))
    };
    ensure!(read(&topic)?.lines().count() == 3, "the topic does not hold the three lines");
    ensure!(read(&format!("{topic}.dead"))? == "not json\n", "the dead letter is not there");
    Ok(())
}

fn fails(binary: &Path, home: &Path, port: u16, settings: &str, expected: &str) -> anyhow::Result<()> {
    let file = write(home, port, settings)?;
    let began = Instant::now();
    let ended = Command::new(binary).args(["topics", "list", "--file", &file]).current_dir(home).output()?;
    let said = String::from_utf8_lossy(&ended.stderr);
    ensure!(ended.status.code() == Some(1), "{}: {said}", ended.status);
    ensure!(said.contains(expected), "it does not say {expected:?}: {said}");
    ensure!(began.elapsed() < SAID_MAX, "it took {:?}", began.elapsed());
    ensure!(!said.contains("battery") && !said.contains(PASSWORD), "the password is printed");
    Ok(())
}

fn write(home: &Path, port: u16, settings: &str) -> anyhow::Result<String> {
    fs::write(home.join("secured.toml"), format!("[kafka]\nbootstrap = \"127.0.0.1:{port}\"\n{settings}\n"))?;
    Ok("secured.toml".to_owned())
}
