//! From the parts to the guarantee and its explanation.

use super::kept::Kept;
use super::kind::Guarantee;
use super::not_covered;
use super::parts::{IdStore, Parts, SinkKind};
use super::protocol::Protocol;
use crate::lane::Order;

/// One line: what it is about, and what is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub label: &'static str,
    pub text: String,
}

/// The computed guarantee in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    pub guarantee: Guarantee,
    /// The first is labelled with the guarantee; then, where there is something to say, `for how long`, `as long as`,
    /// `not covered`, `order`, `crashes` and `warning`.
    pub lines: Vec<Line>,
    /// What keeps it from being more.
    pub weakest_link: String,
}

impl Parts {
    /// Computes the guarantee and says why.
    pub fn explain(&self) -> Explanation {
        let guarantee = self.guarantee();
        let mut lines = vec![Line { label: guarantee.as_str(), text: self.how() }];
        let mut say = |label, text: Option<String>| lines.extend(text.map(|text| Line { label, text }));
        say("for how long", self.for_how_long());
        say("as long as", self.as_long_as());
        say("not covered", Some(not_covered::text(self)));
        say("order", Some(self.order().to_owned()));
        say("crashes", Some(self.crashes().to_owned()));
        for warning in self.warnings() {
            say("warning", Some(warning));
        }
        Explanation { guarantee, lines, weakest_link: self.weakest_link() }
    }

    fn guarantee(&self) -> Guarantee {
        // What is counted as done must be there after a power cut. A sink that holds the position as well loses both
        // together and heals; a mark or a commit elsewhere would outlive the effect.
        let loses = !self.sink.is_durable() && self.protocol != Protocol::SinkOffsets;
        match self.protocol {
            Protocol::CommitFirst => Guarantee::AtMostOnce,
            Protocol::EffectFirst | Protocol::MarkAfter if loses => Guarantee::None,
            Protocol::EffectFirst | Protocol::MarkAfter => Guarantee::AtLeastOnce,
            Protocol::Inbox if self.ids.is_none() => {
                if loses {
                    Guarantee::None
                } else {
                    Guarantee::AtLeastOnce
                }
            }
            // Never twice either way: the id and the effect are lost together.
            Protocol::Inbox if loses => Guarantee::AtMostOnce,
            Protocol::Inbox => Guarantee::EffectivelyOnce,
            Protocol::SinkOffsets => Guarantee::EffectivelyOnce,
            Protocol::Conditional if loses => Guarantee::None,
            Protocol::Conditional if self.tombstones_too_short().is_some() => Guarantee::AtLeastOnce,
            Protocol::Conditional => Guarantee::EffectivelyOnce,
        }
    }

    fn how(&self) -> String {
        let action = &self.sink.action;
        match self.protocol {
            Protocol::CommitFirst => {
                format!("offset committed under the assignment that holds after the answer, then {action}")
            }
            Protocol::EffectFirst => format!("{action}, then offset committed; what finished above it is not repeated"),
            Protocol::MarkAfter => {
                format!("id checked, {action}, id marked, offset committed; repeats suppressed {}", self.suppressed())
            }
            Protocol::Inbox if self.ids.is_none() => "effect committed in a transaction, then the offset".to_owned(),
            Protocol::Inbox => "event id and effect commit in one transaction, then the offset".to_owned(),
            Protocol::SinkOffsets if self.ids.is_some() => {
                "position, event id and effect commit in one transaction, fenced by owner epoch".to_owned()
            }
            Protocol::SinkOffsets => "position and effect commit in one transaction, fenced by owner epoch".to_owned(),
            Protocol::Conditional => {
                format!(
                    "a change takes effect only where {} is newer, in one transaction; then the offset",
                    self.version()
                )
            }
        }
    }

    fn suppressed(&self) -> String {
        match self.ids {
            Some(ids) if ids.store == IdStore::Memory && ids.keep == Kept::ForEver => {
                "until this process ends".to_owned()
            }
            Some(ids) if ids.store == IdStore::Memory => format!("for {}, or until this process ends", ids.keep),
            Some(ids) if ids.keep == Kept::ForEver => "for ever".to_owned(),
            Some(ids) => format!("for {}", ids.keep),
            None => "not at all".to_owned(),
        }
    }

    fn for_how_long(&self) -> Option<String> {
        match (self.protocol, self.ids) {
            (Protocol::SinkOffsets, Some(ids)) => {
                Some(format!("log records: no window, however late they come again; ids: {}", ids.keep))
            }
            (Protocol::SinkOffsets, None) => Some("log records: no window, however late they come again".to_owned()),
            (Protocol::Inbox, Some(ids)) => Some(format!("ids: {}", ids.keep)),
            (Protocol::Conditional, _) => Some(match self.tombstones() {
                Kept::ForEver => {
                    "no window, however late a change comes again; tombstones are kept for ever".to_owned()
                }
                keep => format!("tombstones: {keep}; all else: no window"),
            }),
            _ => None,
        }
    }

    fn as_long_as(&self) -> Option<String> {
        let name = match &self.sink.kind {
            SinkKind::Opaque => return None,
            SinkKind::Database { name, .. } | SinkKind::Versioned { name, .. } => name,
        };
        Some(match self.protocol {
            Protocol::SinkOffsets => {
                format!("{name} is not rolled back behind the topic's retention{}", self.retention_remark())
            }
            // The commit is elsewhere: what a restored backup lacks is not delivered again.
            _ => format!("{name} is never rolled back: what an older copy lacks is not delivered again"),
        })
    }

    fn order(&self) -> &'static str {
        match self.order {
            Order::Key => "per key, up to a record that is dead-lettered: those after it go on without it",
            Order::Partition => "per partition, up to a record that is dead-lettered: those after it go on without it",
            Order::None => "none",
        }
    }

    /// Where the count of what a record has crashed is kept, and what forgets it.
    fn crashes(&self) -> &'static str {
        match self.protocol {
            Protocol::CommitFirst => "a record that ends the process is not run again",
            Protocol::SinkOffsets => {
                "a record that ends the process each time it runs is dead in the end; counted beside the position"
            }
            _ => {
                "a record that ends the process each time it runs is dead in the end; counted in the group's commits, \
                 until another tool commits"
            }
        }
    }

    fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        let depends_on_ids = matches!(self.protocol, Protocol::MarkAfter | Protocol::Inbox);
        if let Some(keep) = self.window_too_short().filter(|_| depends_on_ids) {
            let kept = self.retention.map_or("for an unknown time".to_owned(), in_words);
            warnings.push(format!(
                "ids are kept {}, the topic keeps records {kept}: an older record that comes again takes effect again",
                in_words(keep)
            ));
        }
        if let Some(keep) = self.tombstones_too_short() {
            let kept = self.retention.map_or("for an unknown time".to_owned(), in_words);
            warnings.push(format!(
                "tombstones are kept {}, the topic keeps records {kept}: what was deleted can come back",
                in_words(keep)
            ));
        }
        if self.protocol == Protocol::CommitFirst && self.ids.is_some() && self.sink.kind == SinkKind::Opaque {
            let action = &self.sink.action;
            warnings.push(format!("ids are not used: an event that is produced twice has its {action} twice"));
        }
        if !self.sink.is_durable() && self.protocol != Protocol::SinkOffsets {
            warnings.push(format!("{} does not sync its commits: a power cut loses effects", self.sink.receiver));
        }
        warnings
    }

    fn weakest_link(&self) -> String {
        let (action, receiver) = (&self.sink.action, &self.sink.receiver);
        if !self.sink.is_durable() && self.protocol != Protocol::SinkOffsets {
            return format!(
                "{receiver} does not sync its commits: a power cut loses effects that were counted as done"
            );
        }
        match self.protocol {
            Protocol::CommitFirst => {
                format!("the offset is committed before the {action}: a crash between them loses the {action}")
            }
            Protocol::EffectFirst => {
                format!(
                    "{receiver} is not known to tell a repeat apart: a crash between {action} and commit repeats the {action}"
                )
            }
            Protocol::MarkAfter => {
                format!(
                    "{receiver} is not known to tell a repeat apart: a crash between {action} and mark repeats the {action}"
                )
            }
            Protocol::Inbox if self.ids.is_none() => {
                "no event id is kept: a crash between the transaction and the commit repeats the effect".to_owned()
            }
            Protocol::Conditional if self.tombstones_too_short().is_some() => {
                "tombstones are forgotten before the topic forgets the records: what was deleted can come back"
                    .to_owned()
            }
            Protocol::Inbox | Protocol::SinkOffsets | Protocol::Conditional => {
                format!("whatever the {action} does outside {receiver} may repeat")
            }
        }
    }

    fn version(&self) -> &str {
        if let SinkKind::Versioned { version, .. } = &self.sink.kind { version } else { "its version" }
    }

    fn tombstones(&self) -> Kept {
        if let SinkKind::Versioned { tombstones, .. } = self.sink.kind { tombstones } else { Kept::ForEver }
    }

    fn tombstones_too_short(&self) -> Option<Kept> {
        let keep = self.tombstones();
        let too_short = self.protocol == Protocol::Conditional && keep < self.retention.unwrap_or(Kept::ForEver);
        too_short.then_some(keep)
    }
}

fn in_words(kept: Kept) -> String {
    match kept {
        Kept::ForEver => "for ever".to_owned(),
        kept => format!("for {kept}"),
    }
}
