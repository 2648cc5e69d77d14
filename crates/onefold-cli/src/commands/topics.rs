use crate::console::table::table;
use crate::console::{count, print, say};
use crate::exit::{Done, Failure, OrFailed};
use crate::kafka::find::Where;
use crate::kafka::topics::{Wanted, create, delete};
use crate::kafka::{names, offsets};
use clap::{Args, Subcommand};
use rdkafka::ClientConfig;
use serde_json::json;

/// List, create, describe and delete topics
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  onefold topics create orders --partitions 6\n  onefold topics list")]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// All topics
    List {
        #[command(flatten)]
        place: Where,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Make a topic
    Create {
        #[arg(value_parser = names::topic)]
        topic: String,
        /// How many partitions; without it, as many as the broker gives
        #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(1..=10_000))]
        partitions: Option<i32>,
        /// How many copies of each; without it, as many as the broker gives
        #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = clap::value_parser!(i32).range(1..=100))]
        replication: Option<i32>,
        /// A setting of the topic, such as retention.ms=604800000
        #[arg(long, value_name = "NAME=VALUE", value_parser = pair)]
        config: Vec<(String, String)>,
        #[command(flatten)]
        place: Where,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
    /// The partitions of a topic and what they hold
    Describe {
        #[arg(value_parser = names::topic)]
        topic: String,
        #[command(flatten)]
        place: Where,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Delete a topic with all that is in it
    Delete {
        #[arg(value_parser = names::topic)]
        topic: String,
        /// Say what would be deleted, and delete nothing
        #[arg(long)]
        dry_run: bool,
        #[command(flatten)]
        place: Where,
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').filter(|(name, _)| !name.is_empty()).ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

pub async fn run(options: Options) -> Done {
    match options.action {
        Action::List { place, json } => list(&place.client().await?, json),
        Action::Create { topic, partitions, replication, config, place, json } => {
            let wanted = Wanted { name: topic, partitions, replication, config };
            make(&place, &wanted, json).await
        }
        Action::Describe { topic, place, json } => describe(&place, &topic, json).await,
        Action::Delete { topic, dry_run, place, json } => remove(&place, &topic, dry_run, json).await,
    }
}

fn list(client: &ClientConfig, as_json: bool) -> Done {
    let topics = offsets::topics(client).or_failed("cannot list topics")?;
    if as_json {
        topics
            .iter()
            .for_each(|(topic, partitions)| print(&json!({"topic": topic, "partitions": partitions}).to_string()));
    } else if topics.is_empty() {
        say("no topics yet: onefold topics create NAME");
    } else {
        let rows: Vec<_> = topics.into_iter().map(|(topic, partitions)| vec![topic, partitions.to_string()]).collect();
        print(&table(&["topic", "partitions"], &rows));
    }
    Ok(())
}

async fn make(place: &Where, wanted: &Wanted, as_json: bool) -> Done {
    match create(&place.client().await?, wanted).await? {
        true if as_json => print(&json!({"topic": wanted.name, "created": true}).to_string()),
        true => say(&format!("created {}", wanted.name)),
        false => return Err(Failure::failed(format!("there is a topic {} already", wanted.name))),
    }
    Ok(())
}

async fn describe(place: &Where, topic: &str, as_json: bool) -> Done {
    let client = place.client().await?;
    let partitions = existing(&client, place, topic)?;
    if as_json {
        for ends in partitions {
            print(&json!({"topic": topic, "partition": ends.partition, "leader": ends.leader, "earliest": ends.earliest, "end": ends.end}).to_string());
        }
        return Ok(());
    }
    let row = |ends: &offsets::Ends| {
        [
            ends.partition.to_string(),
            ends.leader.to_string(),
            ends.earliest.to_string(),
            ends.end.to_string(),
            (ends.end - ends.earliest).to_string(),
        ]
        .to_vec()
    };
    let rows: Vec<_> = partitions.iter().map(row).collect();
    print(&table(&["partition", "leader", "earliest", "end", "records"], &rows));
    Ok(())
}

fn existing(client: &ClientConfig, place: &Where, topic: &str) -> Done<Vec<offsets::Ends>> {
    let partitions = offsets::partitions(client, topic).or_failed("cannot ask for the topic")?;
    if partitions.is_empty() {
        let known = offsets::topics(client).or_failed("cannot list topics")?;
        let near = onefold::settings::nearest(topic, known.keys().map(String::as_str));
        let hint = near.map_or_else(|| place.list_topics(), |near| format!("\n  nearest        {near}"));
        return Err(Failure::failed(format!("there is no topic {topic}{hint}")));
    }
    Ok(partitions)
}

async fn remove(place: &Where, topic: &str, dry_run: bool, as_json: bool) -> Done {
    let client = place.client().await?;
    let partitions = existing(&client, place, topic)?;
    let records: i64 = partitions.iter().map(|ends| ends.end - ends.earliest).sum();
    let held =
        format!("{}, {}", count(partitions.len() as u64, "partition"), count(records.max(0).unsigned_abs(), "record"));
    let told =
        |deleted: bool| json!({"topic": topic, "deleted": deleted, "partitions": partitions.len(), "records": records});
    if dry_run && as_json {
        print(&told(false).to_string());
        return Ok(());
    }
    if dry_run {
        print(&format!("would delete {topic}: {held}"));
        return Ok(());
    }
    delete(&client, topic).await?;
    match as_json {
        true => print(&told(true).to_string()),
        false => say(&format!("deleted {topic}: {held}")),
    }
    Ok(())
}
