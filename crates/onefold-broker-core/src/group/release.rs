//! From effects to the journal and to the clients: no answer before what it depends on is durable.

use super::coordinator::Coordinator;
use super::{GroupEffect, GroupReply, GroupWrite, Token};
use crate::{Lsn, Record};

impl Coordinator {
    /// Performs the effects of one call and empties `effects`. `sequence` appends a write to the journal and returns its
    /// LSN; `reply` takes an answer and the LSN that must be durable before it goes out (`Lsn(0)`: at once).
    ///
    /// All writes go first: an answer waits also for what the same event changed after it, such as the fencing of the one
    /// that is answered.
    ///
    /// # Errors
    /// The sequencer's, when the journal has stopped. The remaining effects are dropped: nothing can be answered any more.
    pub fn perform<E>(
        &mut self,
        effects: &mut Vec<GroupEffect>,
        mut sequence: impl FnMut(GroupWrite) -> Result<Lsn, E>,
        mut reply: impl FnMut(Token, GroupReply, Lsn),
    ) -> Result<(), E> {
        let mut answers = Vec::new();
        for effect in effects.drain(..) {
            match effect {
                GroupEffect::Persist(write) => {
                    let group = write.group().to_owned();
                    let lsn = sequence(write)?;
                    match self.groups.get_mut(group.as_str()) {
                        Some(slot) => slot.changed = lsn,
                        None => self.deleted = lsn,
                    }
                }
                GroupEffect::Reply { token, group, reply } => answers.push((token, group, reply)),
            }
        }
        for (token, group, answer) in answers {
            reply(token, answer, self.changed(&group));
        }
        Ok(())
    }

    /// The newest record of this group, or of any deletion if there is no such group: what the answer to a plain call or a
    /// query about it waits for.
    pub fn changed(&self, group: &str) -> Lsn {
        self.groups.get(group).map_or(self.deleted, |slot| slot.changed)
    }

    /// The newest record of any group: what the answer to a query about all of them waits for.
    pub fn changed_any(&self) -> Lsn {
        self.groups.values().map(|slot| slot.changed).fold(self.deleted, Lsn::max)
    }
}

impl GroupWrite {
    /// Which group it is about.
    pub fn group(&self) -> &str {
        match self {
            GroupWrite::Changed(snapshot) => &snapshot.group,
            GroupWrite::Deleted { group } => group,
        }
    }
}

impl From<GroupWrite> for Record {
    fn from(write: GroupWrite) -> Record {
        match write {
            GroupWrite::Changed(snapshot) => Record::GroupChanged(snapshot),
            GroupWrite::Deleted { group } => Record::GroupDeleted { group },
        }
    }
}
