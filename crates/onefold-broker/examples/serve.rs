//! The smallest program that embeds a broker: `cargo run -p onefold-broker --example serve -- FOLDER HOST:PORT`.

use onefold_broker::{Broker, BrokerSettings};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let mut arguments = std::env::args().skip(1);
    let data = arguments.next().unwrap_or_else(|| "data/broker".into());
    let listen = arguments.next().unwrap_or_else(|| "127.0.0.1:9092".into());
    let broker = Broker::start(BrokerSettings::new(data).listen(listen)).await?;
    println!("{}", broker.address());
    tokio::signal::ctrl_c().await?;
    broker.shutdown().await;
    Ok(())
}
