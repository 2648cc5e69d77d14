//! A file's lines are in the topic exactly once, however often the load was cut off and however old the note of it is:
//! the topic itself says how far it came.
#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use onefold::load::{HEADER, LoadError, Loaded, load};
use onefold::settings::LoadSettings;
use onefold_broker::{Broker, BrokerSettings};
use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const PARTITIONS: i32 = 4;

/// Number of the line, key and value of a record.
type LoadedLine = (Option<u64>, Option<Vec<u8>>, Vec<u8>);

struct Bench {
    folder: tempfile::TempDir,
    broker: Broker,
    settings: LoadSettings,
}

impl Bench {
    async fn new(lines: &str) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let broker = Broker::start(BrokerSettings::new(folder.path().join("broker"))).await.unwrap();
        let file = folder.path().join("events.ndjson");
        std::fs::write(&file, lines).unwrap();
        let key = Some(onefold::placeholders::Path::parse("user").unwrap());
        let settings = LoadSettings { file, key, progress: folder.path().join("load/t.json") };
        let bench = Bench { folder, broker, settings };
        bench.make_topic().await;
        bench
    }

    async fn make_topic(&self) {
        let admin: AdminClient<DefaultClientContext> = self.client().create().unwrap();
        let topic = NewTopic::new("t", PARTITIONS, TopicReplication::Fixed(1));
        admin.create_topics([&topic], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
    }

    fn client(&self) -> ClientConfig {
        let mut client = ClientConfig::new();
        client.set("bootstrap.servers", self.broker.address().to_string());
        client
    }

    fn load(&self) -> Result<Loaded, LoadError> {
        load(&self.client(), "t", &self.settings, false, &AtomicBool::new(false), &|_, _| {})
    }

    /// Cut off somewhere in the file; what was in flight has arrived or not.
    fn load_a_part(&self) {
        let stop = AtomicBool::new(false);
        let result = std::thread::scope(|scope| {
            let loading = scope.spawn(|| load(&self.client(), "t", &self.settings, false, &stop, &|_, _| {}));
            // As soon as something is there.
            while self.lines().is_empty() && !loading.is_finished() {
                std::thread::yield_now();
            }
            stop.store(true, Ordering::Relaxed);
            loading.join().unwrap()
        });
        assert!(result.is_ok() || matches!(result, Err(LoadError::Stopped)), "{result:?}");
    }

    /// The lines of the file in the topic, by their number, with how often they are there.
    fn lines(&self) -> BTreeMap<u64, usize> {
        let mut counted = BTreeMap::new();
        for (mark, _, _) in self.records() {
            if let Some(line) = mark {
                *counted.entry(line).or_default() += 1;
            }
        }
        counted
    }

    fn records(&self) -> Vec<LoadedLine> {
        let mut config = self.client();
        config.set("group.id", "check").set("enable.partition.eof", "true");
        let consumer: BaseConsumer = config.create().unwrap();
        let mut all = TopicPartitionList::new();
        for partition in 0..PARTITIONS {
            all.add_partition_offset("t", partition, Offset::Beginning).unwrap();
        }
        consumer.assign(&all).unwrap();
        let (mut records, mut ended, began) = (vec![], 0, Instant::now());
        while ended < PARTITIONS {
            assert!(began.elapsed() < Duration::from_secs(60), "the topic does not end");
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => {
                    let mark = message.headers().and_then(|headers| {
                        let mark = headers.iter().find(|header| header.key == HEADER)?.value?;
                        std::str::from_utf8(mark).ok()?.split_once(':')?.1.parse().ok()
                    });
                    let key = message.key().map(<[u8]>::to_vec);
                    records.push((mark, key, message.payload().unwrap_or_default().to_vec()));
                }
                Some(Err(KafkaError::PartitionEOF(_))) => ended += 1,
                Some(Err(why)) => panic!("{why}"),
                None => {}
            }
        }
        records
    }
}

fn events(count: u64) -> String {
    (1..=count).map(|n| format!("{{\"user\":\"u-{}\",\"n\":{n}}}\n", n % 37)).collect()
}

fn once_each(count: u64) -> BTreeMap<u64, usize> {
    (1..=count).map(|line| (line, 1)).collect()
}

fn copy(from: &Path, to: &Path) {
    std::fs::copy(from, to).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn all_lines_are_there_once_and_a_second_load_adds_nothing() {
    let bench = Bench::new(&events(3000)).await;
    assert_eq!(bench.load().unwrap(), Loaded { lines: 3000, found: 0, keyless: 0 });
    assert_eq!(bench.load().unwrap().found, 3000);
    assert_eq!(bench.lines(), once_each(3000));
}

#[tokio::test(flavor = "multi_thread")]
async fn poison_lines_go_in_without_a_key_and_a_last_line_needs_no_end() {
    let bench = Bench::new("{\"user\":\"a\"}\n\nnot json\r\n{\"n\":1}\n{\"user\":\"b\"}").await;
    assert_eq!(bench.load().unwrap(), Loaded { lines: 4, found: 0, keyless: 2 });
    let mut records = bench.records();
    records.sort();
    let plain: Vec<_> = records
        .iter()
        .map(|(line, key, value)| (line.unwrap(), key.is_some(), std::str::from_utf8(value).unwrap()))
        .collect();
    let expected =
        [(1, true, "{\"user\":\"a\"}"), (3, false, "not json"), (4, false, "{\"n\":1}"), (5, true, "{\"user\":\"b\"}")];
    assert_eq!(plain, expected);
}

/// The worst that a kill leaves: records in the topic that no note tells of. The note of the very beginning is put
/// back before each new start, so nothing but the topic can say what is there.
#[tokio::test(flavor = "multi_thread")]
async fn the_topic_says_how_far_it_came_when_the_note_does_not() {
    let bench = Bench::new(&events(20_000)).await;
    let (note, first) = (&bench.settings.progress, bench.folder.path().join("first.json"));
    let stop = AtomicBool::new(true);
    assert!(matches!(load(&bench.client(), "t", &bench.settings, false, &stop, &|_, _| {}), Err(LoadError::Stopped)));
    copy(note, &first);
    for _ in 0..3 {
        bench.load_a_part();
        copy(&first, note);
    }
    let loaded = bench.load().unwrap();
    assert!(loaded.found > 0, "nothing was found in the topic");
    copy(&first, note);
    assert_eq!(bench.load().unwrap().found, 20_000, "all of it is found");
    assert_eq!(bench.lines(), once_each(20_000));
}

/// Records of others behind the loaded ones do not hide them.
#[tokio::test(flavor = "multi_thread")]
async fn others_may_produce_in_between() {
    let bench = Bench::new(&events(500)).await;
    let stop = AtomicBool::new(true);
    let _ = load(&bench.client(), "t", &bench.settings, false, &stop, &|_, _| {});
    let first = bench.folder.path().join("first.json");
    copy(&bench.settings.progress, &first);
    bench.load().unwrap();
    let producer: BaseProducer = bench.client().create().unwrap();
    for partition in 0..PARTITIONS {
        let record: BaseRecord<'_, str, str> = BaseRecord::to("t").partition(partition).payload("another's");
        producer.send(record).map_err(|(why, _)| why).unwrap();
    }
    producer.flush(Duration::from_secs(10)).unwrap();
    copy(&first, &bench.settings.progress);
    assert_eq!(bench.load().unwrap().found, 500);
    assert_eq!(bench.lines(), once_each(500));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_file_and_another_cluster_are_refused() {
    let bench = Bench::new(&events(10)).await;
    bench.load().unwrap();
    std::fs::write(&bench.settings.file, events(11)).unwrap();
    let why = bench.load().expect_err("changed");
    assert!(matches!(why, LoadError::Changed { .. }), "{why}");
    std::fs::write(&bench.settings.file, events(10)).unwrap();
    let mut other = Bench::new(&events(10)).await;
    other.settings.progress = bench.settings.progress.clone();
    let why = other.load().expect_err("another cluster");
    assert!(matches!(why, LoadError::OtherCluster { .. }), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_again_is_refused_and_a_missing_one_named() {
    let bench = Bench::new(&events(100)).await;
    bench.load().unwrap();
    let admin: AdminClient<DefaultClientContext> = bench.client().create().unwrap();
    admin.delete_topics(&["t"], &AdminOptions::new()).await.unwrap()[0].as_ref().unwrap();
    let why = bench.load().expect_err("no topic");
    assert!(matches!(why, LoadError::NoTopic(_)), "{why}");
    bench.make_topic().await;
    let why = bench.load().expect_err("another topic");
    assert!(matches!(why, LoadError::OtherTopic { .. }), "{why}");
}

/// Header names are bytes, and anybody may produce: a load that goes on reads past such records.
#[tokio::test(flavor = "multi_thread")]
async fn header_names_that_are_not_utf8_hold_up_no_load() {
    use onefold::log::Publish;
    use onefold::record::Header;
    let bench = Bench::new(&events(500)).await;
    let stop = AtomicBool::new(true);
    let _ = load(&bench.client(), "t", &bench.settings, false, &stop, &|_, _| {});
    let first = bench.folder.path().join("first.json");
    copy(&bench.settings.progress, &first);
    bench.load().unwrap();
    let kafka = onefold::Kafka::bootstrap(&bench.broker.address().to_string()).unwrap();
    for nth in 0..40 {
        let mut odd = onefold::Record::new("t", Some(format!("k-{nth}").as_bytes()), None);
        odd.replace_headers(vec![
            Header { name: bytes::Bytes::from_static(b"\xff\xfe"), value: None },
            Header { name: HEADER.as_bytes().to_vec().into(), value: Some(b"\xff:7".to_vec().into()) },
        ]);
        kafka.publisher().publish(odd).await.unwrap();
    }
    copy(&first, &bench.settings.progress);
    assert_eq!(bench.load().unwrap().found, 500);
}

/// Somebody still writes into it: it reads differently the second time.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_while_it_is_loaded_is_noticed() {
    use std::io::Write;
    let bench = Bench::new(&events(50)).await;
    let is_over = AtomicBool::new(false);
    let why = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut file = std::fs::File::options().append(true).open(&bench.settings.file).unwrap();
            while !is_over.load(Ordering::Relaxed) {
                file.write_all(b"{\"user\":\"late\"}\n").unwrap();
                std::thread::yield_now();
            }
        });
        let ended = bench.load();
        is_over.store(true, Ordering::Relaxed);
        ended.expect_err("it changed")
    });
    assert!(matches!(why, LoadError::ChangedMeanwhile(_)), "{why}");
    let note = std::fs::read_to_string(&bench.settings.progress).unwrap();
    assert!(note.contains("\"done\": false"), "{note}");
}
