//! Two processes believe that they own a partition: the sink lets only the later one write, and a position of another
//! cluster or topic is refused.

use std::sync::Arc;
use std::sync::mpsc;

use onefold::boundary::sink::{
    ClaimAt, Note, NoteAt, Sink, SinkError, SinkSettings, SuspectsSettings, TxDone, TxJob, TxWork,
};
use onefold::boundary::{Attempt, BoxFuture, Database, Tx, TxEffect};
use onefold::identity::Identity;
use onefold::pipeline::plan::Protocol;
use onefold::prelude::*;
use onefold::record::TopicId;

use crate::common::{Folder, POINTS, payment};

struct AddOne;

impl TxEffect<Sqlite> for AddOne {
    fn run<'a>(&'a self, _: &'a Record, tx: &'a mut Tx<Sqlite>) -> BoxFuture<'a, Handled> {
        Box::pin(async move {
            tx.execute("INSERT INTO points VALUES ('all', 1) ON CONFLICT DO UPDATE SET points = points + 1", ())
                .await?;
            Ok(Done)
        })
    }

    fn setup(&self) -> Vec<String> {
        vec![POINTS.to_owned()]
    }
}

fn settings(cluster: &str, topic: u8) -> SinkSettings {
    SinkSettings {
        group: "loyalty".into(),
        topic: "payments".into(),
        cluster_id: cluster.into(),
        topic_id: TopicId([topic; 16]),
        protocol: Protocol::SinkOffsets,
        keep_ids_ms: None,
        crash: Default::default(),
    }
}

async fn sink(folder: &Folder, settings: SinkSettings) -> Arc<dyn Sink> {
    let db = Sqlite::open(folder.path()).await.unwrap();
    tokio::task::spawn_blocking(move || db.sink(Arc::new(AddOne), settings).unwrap()).await.unwrap()
}

fn job(offset: i64, epoch: i64) -> TxJob {
    let mut record = payment(&offset.to_string(), 1, 100);
    record.offset = offset;
    let identity = Identity::from_bytes(vec![offset as u8]);
    let attempt = Attempt { number: 1, identity };
    let work = TxWork::Run { digest: None };
    TxJob { record: Arc::new(record), attempt, lane: offset as u64, gap_start: offset, epoch, work }
}

fn claim_at_0() -> ClaimAt {
    ClaimAt { partition: 0, start: 0, earliest: 0, end: 100, suspects: SuspectsSettings::crashes(3) }
}

async fn submit(sink: &Arc<dyn Sink>, jobs: Vec<TxJob>) -> Vec<TxDone> {
    let (answer, answered) = mpsc::channel();
    sink.submit(jobs, Box::new(move |done| answer.send(done).unwrap()));
    tokio::task::spawn_blocking(move || answered.recv().unwrap()).await.unwrap()
}

async fn claim(sink: &Arc<dyn Sink>) -> (i64, i64, Vec<std::ops::Range<i64>>) {
    let claimed = sink.claim(vec![claim_at_0()]).await.unwrap().remove(0);
    (claimed.epoch, claimed.next_offset, claimed.done)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_earlier_owner_changes_nothing_any_more() {
    let folder = Folder::new();
    let (first, second) = (sink(&folder, settings("a", 1)).await, sink(&folder, settings("a", 1)).await);
    let (old, start, _) = claim(&first).await;
    assert_eq!(start, 0);
    assert!(matches!(submit(&first, vec![job(0, old)]).await[..], [TxDone::Done(_)]));
    let (new, next, _) = claim(&second).await;
    assert_eq!((new, next), (old + 1, 1));
    assert!(matches!(submit(&first, vec![job(1, old)]).await[..], [TxDone::Superseded]));
    assert!(matches!(submit(&second, vec![job(1, new)]).await[..], [TxDone::Done(_)]));
    assert_eq!(folder.points(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_finished_beyond_a_gap_is_known_to_the_next_owner_and_folded_later() {
    let folder = Folder::new();
    let sink = sink(&folder, settings("a", 1)).await;
    let (epoch, ..) = claim(&sink).await;
    submit(&sink, vec![job(1, epoch), job(2, epoch), job(4, epoch)]).await;
    let (epoch, next, done) = claim(&sink).await;
    assert_eq!((next, done), (0, vec![1..3, 4..5]));
    submit(&sink, vec![job(0, epoch), job(3, epoch)]).await;
    let (_, next, done) = claim(&sink).await;
    assert_eq!((next, done, folder.points()), (5, vec![], 5));
    assert_eq!(folder.number("SELECT count(*) FROM onefold_done"), 0);
}

/// Nothing of it runs: an open note would charge somebody with an end that never was.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_out_of_range_notes_nothing() {
    let folder = Folder::new();
    let sink = sink(&folder, settings("a", 1)).await;
    let claim = async |earliest, end| {
        let at = ClaimAt { earliest, end, ..claim_at_0() };
        sink.claim(vec![at]).await.unwrap().remove(0)
    };
    assert_eq!(claim(5, 100).await.next_offset, 0);
    assert_eq!(folder.number("SELECT count(*) FROM onefold_suspects"), 0, "below what is left");
    let claimed = claim(0, 100).await;
    assert_eq!(claimed.suspects.note().1.ends, 0);
    assert!(matches!(submit(&sink, vec![job(0, claimed.epoch)]).await[..], [TxDone::Done(_)]));
    let before = folder.number("SELECT start FROM onefold_suspects");
    for _ in 0..3 {
        claim(0, 0).await;
    }
    assert_eq!(folder.number("SELECT start FROM onefold_suspects"), before, "beyond the end");
    assert_eq!(folder.number("SELECT ends FROM onefold_suspects"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_noted_is_the_present_owners() {
    let folder = Folder::new();
    let sink = sink(&folder, settings("a", 1)).await;
    let claimed = async || sink.claim(vec![claim_at_0()]).await.unwrap().remove(0);
    let first = claimed().await;
    assert!(first.suspects.is_durable() && !first.suspects.is_careful());
    let (second, third, fourth) = (claimed().await, claimed().await, claimed().await);
    assert_eq!(second.suspects.note().1.ends, 1, "the first owner said nothing");
    assert!(third.suspects.is_wary() && fourth.suspects.is_careful());
    let closed = |epoch| NoteAt { partition: 0, epoch, note: Note { is_open: false, ..fourth.suspects.note().1 } };
    assert_eq!(sink.note(vec![closed(third.epoch), closed(fourth.epoch)]).await.unwrap(), [false, true]);
    let open = "SELECT count(*) FROM onefold_suspects WHERE is_open";
    assert_eq!(folder.number(open), 0);
    // What no release writes charges nobody, and keeps nobody from starting.
    let db = rusqlite::Connection::open(folder.path()).unwrap();
    db.execute("UPDATE onefold_suspects SET ends = -1, is_open = 'maybe'", ()).unwrap();
    drop(db);
    assert!(claimed().await.suspects.is_calm());
}

/// Records of two leader epochs in one transaction, the older one finished last: taken for the epoch of all that is done,
/// it would make the next owner run the newer ones again.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_keeps_the_leader_epoch_of_its_highest_record() {
    let folder = Folder::new();
    let sink = sink(&folder, settings("a", 1)).await;
    let (epoch, ..) = claim(&sink).await;
    let written_in = |offset, leader_epoch| {
        let mut job = job(offset, epoch);
        Arc::make_mut(&mut job.record).leader_epoch = Some(leader_epoch);
        job
    };
    submit(&sink, vec![written_in(4, 7), written_in(2, 3)]).await;
    submit(&sink, vec![written_in(1, 3)]).await;
    let claimed = sink.claim(vec![claim_at_0()]).await.unwrap().remove(0);
    assert_eq!((claimed.leader_epoch, claimed.done), (Some(7), vec![1..3, 4..5]));
}

struct Hangs(std::sync::Mutex<mpsc::Receiver<()>>);

impl TxEffect<Sqlite> for Hangs {
    fn run<'a>(&'a self, _: &'a Record, _: &'a mut Tx<Sqlite>) -> BoxFuture<'a, Handled> {
        self.0.lock().unwrap().recv().unwrap();
        Box::pin(std::future::ready(Ok(Done)))
    }
}

/// By the time that the database's thread comes to it, another process may own the partition: it is not taken from it.
#[tokio::test(flavor = "multi_thread")]
async fn a_claim_that_was_given_up_before_its_turn_takes_nothing_over() {
    let folder = Folder::new();
    let (go, goes) = mpsc::channel();
    let db = Sqlite::open(folder.path()).await.unwrap();
    let hangs = Arc::new(Hangs(std::sync::Mutex::new(goes)));
    let sink = tokio::task::spawn_blocking(move || db.sink(hangs, settings("a", 1)).unwrap()).await.unwrap();
    let (epoch, ..) = claim(&sink).await;
    let (answer, answered) = mpsc::channel();
    sink.submit(vec![job(0, epoch)], Box::new(move |done| answer.send(done).unwrap()));
    let mut unwanted = sink.claim(vec![claim_at_0()]);
    let mut nobody = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(unwanted.as_mut().poll(&mut nobody).is_pending());
    drop(unwanted);
    go.send(()).unwrap();
    let done = tokio::task::spawn_blocking(move || answered.recv().unwrap()).await.unwrap();
    assert!(matches!(done[..], [TxDone::Done(_)]), "{done:?}");
    assert_eq!(claim(&sink).await.0, epoch + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_cluster_and_a_topic_made_again_are_refused() {
    let folder = Folder::new();
    claim(&sink(&folder, settings("a", 1)).await).await;
    for (cluster, topic) in [("b", 1), ("a", 2)] {
        let sink = sink(&folder, settings(cluster, topic)).await;
        let refused = sink.check_origin().await.unwrap_err();
        assert!(matches!(refused, SinkError::Foreign(_)), "{refused}");
        let claimed = sink.claim(vec![claim_at_0()]).await;
        assert!(matches!(claimed, Err(SinkError::Foreign(_))));
    }
}

/// A cluster that told no ids of topics, and does now, is the same one: by what is known its topic is, too. What was done and
/// noted counts. Another id, or another cluster, is refused as ever.
#[tokio::test(flavor = "multi_thread")]
async fn a_position_without_a_topic_id_counts_once_ids_are_told() {
    let folder = Folder::new();
    let old = sink(&folder, SinkSettings { topic_id: TopicId::UNKNOWN, ..settings("a", 1) }).await;
    let (epoch, ..) = claim(&old).await;
    submit(&old, vec![job(0, epoch), job(2, epoch), job(4, epoch)]).await;
    let another = sink(&folder, settings("b", 1)).await;
    assert!(matches!(another.check_origin().await, Err(SinkError::Foreign(_))));
    assert!(matches!(another.claim(vec![claim_at_0()]).await, Err(SinkError::Foreign(_))));
    let new = sink(&folder, settings("a", 1)).await;
    new.check_origin().await.unwrap();
    assert_eq!(new.positions(vec![0]).await.unwrap(), [Some(1)], "whoever only looks sees it");
    let claimed = new.claim(vec![claim_at_0()]).await.unwrap().remove(0);
    assert_eq!((claimed.next_offset, claimed.done), (1, vec![2..3, 4..5]));
    assert_eq!((claimed.epoch, claimed.suspects.note().1.is_open), (epoch + 1, true));
    assert_eq!(folder.number("SELECT count(*) FROM onefold_suspects"), 1);
    assert_eq!(new.positions(vec![0]).await.unwrap(), [Some(1)]);
    let made_again = sink(&folder, settings("a", 2)).await;
    assert!(matches!(made_again.check_origin().await, Err(SinkError::Foreign(_))));
}

/// The note comes along: ends of owners before it are not forgotten.
#[tokio::test(flavor = "multi_thread")]
async fn a_note_without_a_topic_id_counts_once_ids_are_told() {
    let folder = Folder::new();
    let old = sink(&folder, SinkSettings { topic_id: TopicId::UNKNOWN, ..settings("a", 1) }).await;
    for _ in 0..2 {
        claim(&old).await;
    }
    let claimed = sink(&folder, settings("a", 1)).await.claim(vec![claim_at_0()]).await.unwrap().remove(0);
    assert_eq!(claimed.suspects.note().1.ends, 2);
}

/// What the refusal prints is run as it stands: the offset that is adopted is where it goes on, whatever was done
/// beyond a gap under the old one.
#[tokio::test(flavor = "multi_thread")]
async fn the_printed_commands_do_what_they_say() {
    for (choice, wanted) in [("adopt an offset", 1), ("start fresh", 0)] {
        let folder = Folder::new();
        let old = sink(&folder, settings("a", 1)).await;
        let (epoch, ..) = claim(&old).await;
        submit(&old, vec![job(2, epoch), job(3, epoch)]).await;
        let new = sink(&folder, SinkSettings { keep_ids_ms: Some(1000), ..settings("b", 1) }).await;
        let text = new.check_origin().await.unwrap_err().to_string();
        assert!(text.contains("DELETE FROM onefold_ids"), "ids outlive a fresh start: {text}");
        let line = text.lines().find(|line| line.contains(choice)).unwrap();
        let sql = line.split('"').nth(3).unwrap();
        let sql = sql.replace("next_offset = N", "next_offset = 1").replace("partition = P", "partition = 0");
        rusqlite::Connection::open(folder.path()).unwrap().execute_batch(&sql).unwrap();
        let (_, next, done) = claim(&new).await;
        assert_eq!((next, done), (wanted, vec![]), "{choice}");
    }
}
