use super::stop::{self, AGAIN};
use crate::console::{say, tell};
use crate::exit::{Done, Failure};
use clap::Args;
use onefold_broker::{Broker, BrokerError, BrokerSettings};
use serde_json::{Value, json};
use std::path::PathBuf;

/// Run a Kafka-compatible broker on this machine
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  onefold broker --listen 127.0.0.1:9092 --data ./data")]
pub struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:9092")]
    listen: String,
    /// Where everything is kept
    #[arg(long, value_name = "FOLDER", default_value = "./data")]
    data: PathBuf,
    /// What clients are told to connect to, where that is not the address they reached
    #[arg(long, value_name = "ADDRESS")]
    advertised: Option<String>,
    /// Partitions of a topic that is made without a number
    #[arg(long, value_name = "NUMBER", default_value_t = 4, allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(1..=10_000))]
    partitions: i32,
    /// One JSON object a line in place of the text
    #[arg(long)]
    json: bool,
}

pub async fn run(options: Options) -> Done {
    let mut settings =
        BrokerSettings::new(&options.data).listen(&options.listen).default_partitions(options.partitions);
    if let Some(advertised) = &options.advertised {
        settings = settings.advertised(advertised);
    }
    // Before it serves: a signal that comes in between must not kill it without a checkpoint.
    let asked = stop::asked();
    let broker = Broker::start(settings).await.map_err(|why| match why {
        BrokerError::AddressMalformed { .. } => Failure::usage(why),
        _ => Failure::failed(why),
    })?;
    greet(&broker, &options);
    tokio::select! {
        signal = asked => {
            let stopping = format!("{}: writing a checkpoint and stopping; {AGAIN}", signal.name());
            told(&options, &stopping, &json!({"event": "stopping", "signal": signal.name()}));
            broker.shutdown().await;
            told(&options, "stopped", &json!({"event": "stopped"}));
            Ok(())
        }
        why = broker.stopped() => Err(Failure::failed(format!("the broker stopped serving: {why}"))),
    }
}

/// As text for those who watch, as an event for those who asked for events.
fn told(options: &Options, text: &str, event: &Value) {
    match options.json {
        true => tell(&event.to_string()),
        false => say(text),
    }
}

/// On standard output, so that a script that started it on port 0 can read where it is.
fn greet(broker: &Broker, options: &Options) {
    let address = broker.address();
    if options.json {
        let data = options.data.to_string_lossy();
        tell(&json!({"event": "listening", "address": address.to_string(), "data": data}).to_string());
        return;
    }
    tell(&format!(
        "listening on {address}, data in {}\n\n\
         try it:\n  \
         onefold topics create orders --partitions 3 --bootstrap {address}\n  \
         echo '{{\"id\":1,\"user\":\"ada\"}}' | onefold produce orders --key user --bootstrap {address}\n  \
         onefold consume orders --bootstrap {address}\n",
        options.data.display()
    ));
}
