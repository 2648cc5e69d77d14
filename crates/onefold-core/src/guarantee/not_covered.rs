//! What the guarantee does not cover: said always, whatever the guarantee.

use super::parts::{IdStore, Parts};
use super::protocol::{MOST_COMMITTED_AHEAD, Protocol};

pub(super) fn text(parts: &Parts) -> String {
    let action = &parts.sink.action;
    match parts.protocol {
        Protocol::CommitFirst => {
            format!(
                "a crash after the commit, or a stop while the sink is down, loses the {action}, of at most \
                 {MOST_COMMITTED_AHEAD} records a process; what fails for good is a dead letter; an event that is \
                 produced twice is two"
            )
        }
        Protocol::EffectFirst => format!(
            "a crash between the {action} and the commit, two owners during a rebalance, or an event that is \
             produced twice repeat the {action}"
        ),
        Protocol::MarkAfter => mark_after(parts, action),
        Protocol::Inbox if parts.ids.is_none() => {
            format!(
                "a crash between the transaction and the commit, or an event that is produced twice, repeats the {action}"
            )
        }
        // Positions tell records apart, and nothing else does here.
        Protocol::SinkOffsets if parts.ids.is_none() => {
            format!("whatever the {action} does outside the transaction; an event that is produced twice is two")
        }
        Protocol::Inbox | Protocol::SinkOffsets => {
            format!("whatever the {action} does outside the transaction")
        }
        Protocol::Conditional => "changes without a newer version are dropped, also where they differ".to_owned(),
    }
}

fn mark_after(parts: &Parts, action: &str) -> String {
    match parts.ids.map(|ids| ids.store) {
        Some(IdStore::Memory) => {
            format!(
                "a crash between the {action} and the mark, any restart, or two owners during a rebalance, repeat the {action}"
            )
        }
        Some(IdStore::Beside { durable: false }) => {
            format!(
                "a crash between the {action} and the mark, a power cut, or two owners during a rebalance, repeat the {action}"
            )
        }
        _ => {
            format!("a crash between the {action} and the mark, or two owners during a rebalance, repeat the {action}")
        }
    }
}
