use crate::console::table::table;
use crate::console::{count, print, say};
use crate::exit::{Done, Failure, OrFailed};
use crate::kafka::find::Where;
use crate::kafka::names;
use crate::kafka::offsets::{self, Position};
use crate::kafka::topics::{delete_group, has_members};
use clap::{Args, Subcommand};
use rdkafka::ClientConfig;
use serde_json::json;
use std::collections::BTreeSet;

/// List and describe consumer groups, with their lag
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  onefold groups list\n  onefold groups describe loyalty")]
pub struct Options {
    #[command(subcommand)]
    action: Action,
}

#[derive(Subcommand, Debug)]
enum Action {
    /// All groups
    List {
        #[command(flatten)]
        place: Where,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Where a group stands in each partition, how far that is from the end, and who its members are
    Describe {
        #[arg(value_parser = names::group)]
        group: String,
        #[command(flatten)]
        place: Where,
        /// One JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Delete a group that has no members, with its positions
    Delete {
        #[arg(value_parser = names::group)]
        group: String,
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

pub async fn run(options: Options) -> Done {
    match options.action {
        Action::List { place, json } => list(&place.client().await?, json),
        Action::Describe { group, place, json } => describe(&place.client().await?, &group, json),
        Action::Delete { group, dry_run, place, json } => remove(&place.client().await?, &group, dry_run, json).await,
    }
}

fn list(client: &ClientConfig, as_json: bool) -> Done {
    let groups = offsets::groups(client, None).or_failed("cannot list groups")?;
    if as_json {
        for group in &groups {
            print(&json!({"group": group.name, "state": group.state, "members": group.members.len()}).to_string());
        }
    } else if groups.is_empty() {
        say("no groups yet");
    } else {
        let row =
            |group: &offsets::Group| vec![group.name.clone(), group.state.clone(), group.members.len().to_string()];
        print(&table(&["group", "state", "members"], &groups.iter().map(row).collect::<Vec<_>>()));
    }
    Ok(())
}

fn describe(client: &ClientConfig, name: &str, as_json: bool) -> Done {
    let group = offsets::groups(client, Some(name)).or_failed("cannot ask for the group")?.into_iter().next();
    let held = group.as_ref().map(offsets::Group::held).unwrap_or_default();
    let positions = offsets::positions(client, name, &held).or_failed("cannot ask for the group's positions")?;
    let known = group.filter(|group| group.state != "Dead" || !group.members.is_empty());
    if known.is_none() && positions.is_empty() {
        return Err(Failure::failed(format!("there is no group {name}")));
    }
    if as_json {
        for at in &positions {
            print(&json!({"group": name, "topic": at.topic, "partition": at.partition, "committed": at.committed, "end": at.end, "lag": at.lag()}).to_string());
        }
        return Ok(());
    }
    let number = |number: Option<i64>| number.map_or("-".to_owned(), |number| number.to_string());
    let row = |at: &Position| {
        let (partition, end) = (at.partition.to_string(), at.end.to_string());
        vec![at.topic.clone(), partition, number(at.committed), end, number(at.lag())]
    };
    if !positions.is_empty() {
        let rows: Vec<_> = positions.iter().map(row).collect();
        print(&format!("{}\n", table(&["topic", "partition", "committed", "end", "lag"], &rows)));
    }
    let (state, members) = known.map_or(("Empty".to_owned(), vec![]), |group| (group.state, group.members));
    print(&format!("{name}: {state}, {}, {}", count(members.len() as u64, "member"), total(&positions)));
    for member in members {
        print(&format!("  {} at {} ({})", member.client, member.host, member.id));
    }
    Ok(())
}

/// The lag of all partitions together. What has no position adds nothing to it that is known.
fn total(positions: &[Position]) -> String {
    let lags: Vec<i64> = positions.iter().filter_map(Position::lag).collect();
    let without = count((positions.len() - lags.len()) as u64, "partition");
    match (lags.len(), positions.len()) {
        (0, _) => "no position yet".to_owned(),
        (with, all) if with == all => format!("lag {}", lags.iter().sum::<i64>()),
        _ => format!("lag {}, no position in {without}", lags.iter().sum::<i64>()),
    }
}

async fn remove(client: &ClientConfig, name: &str, dry_run: bool, as_json: bool) -> Done {
    if dry_run {
        let known = offsets::groups(client, Some(name)).or_failed("cannot ask for the group")?;
        let positions =
            offsets::positions(client, name, &BTreeSet::new()).or_failed("cannot ask for the group's positions")?;
        if positions.is_empty() && !known.iter().any(|group| group.state != "Dead") {
            return Err(Failure::failed(format!("there is no group {name}")));
        }
        if known.iter().any(|group| !group.members.is_empty()) {
            return Err(Failure::failed(has_members(name)));
        }
        let held = positions.iter().filter(|at| at.committed.is_some()).count();
        if as_json {
            print(&json!({"group": name, "deleted": false, "partitions": held}).to_string());
            return Ok(());
        }
        print(&format!("would delete {name}: its positions in {}", count(held as u64, "partition")));
        return Ok(());
    }
    match delete_group(client, name).await? {
        true if as_json => print(&json!({"group": name, "deleted": true}).to_string()),
        true => say(&format!("deleted {name}")),
        false => return Err(Failure::failed(format!("there is no group {name}"))),
    }
    Ok(())
}
