//! A member of a group that takes its share and does nothing with it.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

use onefold::log::memory::MemoryLog;
use onefold::log::{CommitAt, Log, LogEvent};
use onefold::testing::MemoryCluster;

enum Told {
    /// There may be something to poll.
    Woken,
    Commit(Vec<CommitAt>),
    End,
}

/// Steps on whenever the cluster wakes it; goes when it is dropped.
pub struct Holder {
    tell: Sender<Told>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Holder {
    /// Joins, and has its share.
    pub fn of(cluster: &MemoryCluster, group: &str, topic: &str) -> Holder {
        let mut member = MemoryLog::join(cluster, group, topic);
        let (tell, told) = channel();
        let wake = Mutex::new(tell.clone());
        member.set_waker(Arc::new(move || {
            // A holder that is gone needs no waking.
            let _ = wake.lock().unwrap().send(Told::Woken);
        }));
        let (holds, held) = channel();
        let thread = std::thread::spawn(move || hold(&mut member, &told, &holds));
        held.recv().expect("it gets its share");
        Holder { tell, thread: Some(thread) }
    }

    /// Commits this offset as a program would that is no Onefold.
    pub fn commit(&self, partition: i32, offset: i64) {
        let commit = CommitAt { partition, offset, leader_epoch: None, metadata: String::new() };
        self.tell.send(Told::Commit(vec![commit])).unwrap();
    }
}

fn hold(member: &mut MemoryLog, told: &Receiver<Told>, holds: &Sender<()>) {
    loop {
        while let Some(event) = member.poll(&mut Vec::new(), 0).unwrap() {
            match event {
                LogEvent::Revoked(partitions) => member.release(&partitions).unwrap(),
                LogEvent::Assigned(_) => {
                    // Only the first is waited for.
                    let _ = holds.send(());
                }
                _ => {}
            }
        }
        match told.recv().unwrap() {
            Told::Woken => {}
            Told::Commit(commits) => member.commit(&commits).unwrap(),
            Told::End => return,
        }
    }
}

impl Drop for Holder {
    fn drop(&mut self) {
        let _ = self.tell.send(Told::End);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}
