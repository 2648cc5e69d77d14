//! The scripts of this folder, each against a broker of its own.

use std::process::Command;

use onefold_broker::{Broker, BrokerSettings};

/// Runs a script; without a Python that has the clients there is nothing to run, and it says so.
async fn run(script: &str, topic: &str) {
    let Ok(python) = std::env::var("ONEFOLD_TEST_PYTHON") else {
        eprintln!("skipped: ONEFOLD_TEST_PYTHON is not set (cargo xtask test sets it)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let broker = Broker::start(BrokerSettings::new(folder.path())).await.unwrap();
    let path = format!("{}/tests/clients/{script}", env!("CARGO_MANIFEST_DIR"));
    let address = broker.address().to_string();
    let (topic, shown) = (topic.to_owned(), path.clone());
    let output = tokio::task::spawn_blocking(move || Command::new(python).args([&path, &address, &topic]).output());
    let output = output.await.unwrap().unwrap();
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && out.trim().ends_with("ok"), "{shown}\n{out}\n{err}");
    broker.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn confluent_kafka_forms_eager_cooperative_and_static_groups() {
    run("group.py", "auto-created").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn confluent_kafka_administers() {
    run("admin.py", "administered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn kafka_python_produces_and_resumes() {
    run("kafka_python.py", "by-kafka-python").await;
}
