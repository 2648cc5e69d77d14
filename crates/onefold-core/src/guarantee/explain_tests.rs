//! The texts that are printed before a pipeline starts, whole, since users read and compare them.

use super::*;
use crate::lane::Order;

const WEEK: Option<Kept> = Some(Kept::days(7));

fn text(parts: &Parts) -> String {
    parts.explain().lines.iter().map(|line| format!("{:<20} {}\n", line.label, line.text)).collect()
}

fn receipts() -> Parts {
    let ids = Some(Ids { store: IdStore::Beside { durable: true }, keep: Kept::days(30) });
    let sink = SinkTraits::opaque("POST", "the endpoint");
    Parts { protocol: Protocol::choose(&sink.kind, ids.as_ref(), None), sink, ids, retention: WEEK, order: Order::Key }
}

fn loyalty() -> Parts {
    let ids = Some(Ids { store: IdStore::Sink, keep: Kept::days(30) });
    let sink = SinkTraits::database("loyalty.db", true);
    Parts { protocol: Protocol::choose(&sink.kind, ids.as_ref(), None), sink, ids, retention: WEEK, order: Order::Key }
}

fn search(tombstones: Kept) -> Parts {
    let sink = SinkTraits::versioned("search.db", true, "data.version", tombstones);
    Parts { protocol: Protocol::choose(&sink.kind, None, None), sink, ids: None, retention: WEEK, order: Order::Key }
}

#[test]
fn effect_and_position_in_one_transaction() {
    assert_eq!(
        text(&loyalty()),
        "\
effectively-once     position, event id and effect commit in one transaction, fenced by owner epoch
for how long         log records: no window, however late they come again; ids: 30 d
as long as           loyalty.db is not rolled back behind the topic's retention (7 d)
not covered          whatever the handler does outside the transaction
order                per key, up to a record that is dead-lettered: those after it go on without it
crashes              a record that ends the process each time it runs is dead in the end; counted beside the position
"
    );
}

#[test]
fn id_marked_after_the_effect() {
    assert_eq!(
        text(&receipts()),
        "\
at-least-once        id checked, POST, id marked, offset committed; repeats suppressed for 30 d
not covered          a crash between the POST and the mark, or two owners during a rebalance, repeat the POST
order                per key, up to a record that is dead-lettered: those after it go on without it
crashes              a record that ends the process each time it runs is dead in the end; counted in the group's \
commits, until another tool commits
"
    );
}

#[test]
fn a_window_shorter_than_the_retention_is_warned_about() {
    let mut parts = receipts();
    parts.ids = Some(Ids { store: IdStore::Beside { durable: true }, keep: Kept::days(1) });
    let warning = "warning              ids are kept for 1 d, the topic keeps records for 7 d: an older record that \
                   comes again takes effect again\n";
    assert!(text(&parts).ends_with(warning), "{}", text(&parts));
    parts.retention = Some(Kept::ForEver);
    assert!(text(&parts).contains("the topic keeps records for ever"));
    parts.retention = None;
    assert!(text(&parts).contains("the topic keeps records for an unknown time"));
    parts.ids = Some(Ids { store: IdStore::Memory, keep: Kept::ForEver });
    assert!(!text(&parts).contains("warning"));
    assert!(text(&parts).contains("any restart"));
    // The position in the sink needs no window.
    let short = Parts { ids: Some(Ids { store: IdStore::Sink, keep: Kept::days(1) }), ..loyalty() };
    assert!(!text(&short).contains("warning"));
}

#[test]
fn a_guarded_state_needs_its_tombstones() {
    assert_eq!(
        text(&search(Kept::ForEver)),
        "\
effectively-once     a change takes effect only where data.version is newer, in one transaction; then the offset
for how long         no window, however late a change comes again; tombstones are kept for ever
as long as           search.db is never rolled back: what an older copy lacks is not delivered again
not covered          changes without a newer version are dropped, also where they differ
order                per key, up to a record that is dead-lettered: those after it go on without it
crashes              a record that ends the process each time it runs is dead in the end; counted in the group's \
commits, until another tool commits
"
    );
    assert_eq!(search(Kept::days(7)).explain().guarantee, Guarantee::EffectivelyOnce);
    let short = search(Kept::days(6)).explain();
    assert_eq!(short.guarantee, Guarantee::AtLeastOnce);
    assert!(short.lines.iter().any(|line| line.label == "warning" && line.text.contains("can come back")));
}

#[test]
fn a_bare_handler_is_at_least_once_and_says_what_repeats() {
    let sink = SinkTraits::handler();
    let protocol = Protocol::choose(&sink.kind, None, None);
    assert_eq!(protocol, Protocol::EffectFirst);
    let parts = Parts { protocol, sink, ids: None, retention: WEEK, order: Order::Key };
    assert_eq!(
        text(&parts),
        "\
at-least-once        handler, then offset committed; what finished above it is not repeated
not covered          a crash between the handler and the commit, two owners during a rebalance, or an event that is \
produced twice repeat the handler
order                per key, up to a record that is dead-lettered: those after it go on without it
crashes              a record that ends the process each time it runs is dead in the end; counted in the group's \
commits, until another tool commits
"
    );
}

#[test]
fn a_declared_at_most_once_commits_first() {
    let sink = SinkTraits::opaque("command", "the command");
    let protocol = Protocol::choose(&sink.kind, None, Some(Guarantee::AtMostOnce));
    let parts = Parts { protocol, sink, ids: None, retention: None, order: Order::None };
    assert_eq!(
        text(&parts),
        "\
at-most-once         offset committed under the assignment that holds after the answer, then command
not covered          a crash after the commit, or a stop while the sink is down, loses the command, of at most 1280 records a process; what fails for good is a dead letter; an event that is produced twice is two
order                none
crashes              a record that ends the process is not run again
"
    );
}

#[test]
fn an_inbox_is_as_good_as_its_commits() {
    let inbox = |durable, ids| {
        let sink = SinkTraits::database("loyalty.db", durable);
        Parts { protocol: Protocol::Inbox, sink, ids, retention: WEEK, order: Order::Key }.explain()
    };
    let ids = Some(Ids { store: IdStore::Sink, keep: Kept::days(30) });
    assert_eq!(inbox(true, ids).guarantee, Guarantee::EffectivelyOnce);
    assert_eq!(inbox(true, None).guarantee, Guarantee::AtLeastOnce);
    assert_eq!(inbox(false, ids).guarantee, Guarantee::AtMostOnce);
    assert_eq!(inbox(false, None).guarantee, Guarantee::None);
    // The position is lost together with the effect, so the log brings both back.
    let relaxed = Parts { sink: SinkTraits::database("loyalty.db", false), ..loyalty() };
    assert_eq!(relaxed.explain().guarantee, Guarantee::EffectivelyOnce);
}

#[test]
fn time_is_said_in_its_largest_unit() {
    let said = [0, 1, 1500, 2000, 60_000, 5_400_000, 7_200_000, 86_400_000].map(|ms| Kept::Millis(ms).to_string());
    assert_eq!(said, ["0 ms", "1 ms", "1500 ms", "2 s", "1 min", "90 min", "2 h", "1 d"]);
    assert!(Kept::days(10_000) < Kept::ForEver);
}

/// What holds two records of one event apart, or does not, is said for every protocol.
#[test]
fn events_that_are_produced_twice_are_spoken_of_wherever_no_id_tells() {
    let opaque = SinkTraits::opaque("POST", "the endpoint");
    let database = SinkTraits::database("loyalty.db", true);
    for (protocol, sink) in [
        (Protocol::CommitFirst, &opaque),
        (Protocol::EffectFirst, &opaque),
        (Protocol::Inbox, &database),
        (Protocol::SinkOffsets, &database),
    ] {
        let parts = |ids| Parts { protocol, sink: sink.clone(), ids, retention: WEEK, order: Order::Key };
        assert!(text(&parts(None)).contains("produced twice"), "{}", text(&parts(None)));
        assert!(!text(&parts(None)).contains("event id"), "{}", text(&parts(None)));
        let unused = text(&parts(Some(Ids { store: IdStore::Memory, keep: Kept::days(1) })));
        assert_eq!(unused.contains("ids are not used"), protocol == Protocol::CommitFirst, "{unused}");
    }
}

#[test]
fn ids_in_memory_end_with_their_window_or_with_the_process() {
    let ids = Some(Ids { store: IdStore::Memory, keep: Kept::Millis(3_600_000) });
    assert!(text(&Parts { ids, ..receipts() }).contains("suppressed for 1 h, or until this process ends"));
    let ids = Some(Ids { store: IdStore::Memory, keep: Kept::ForEver });
    assert!(text(&Parts { ids, ..receipts() }).contains("suppressed until this process ends"));
}

/// All protocols over all kinds of sinks: what fits runs as it says, and what would promise more than it does is refused.
#[test]
fn a_protocol_without_its_parts_does_not_fit() {
    use Protocol::*;
    let ids = Some(Ids { store: IdStore::Sink, keep: Kept::days(1) });
    let fitting = |sink: &SinkTraits, ids: Option<Ids>| -> Vec<Protocol> {
        let all = [CommitFirst, EffectFirst, MarkAfter, Inbox, SinkOffsets, Conditional];
        all.into_iter().filter(|protocol| protocol.misfit(&sink.kind, ids.as_ref()).is_none()).collect()
    };
    let opaque = SinkTraits::opaque("POST", "the endpoint");
    assert_eq!(fitting(&opaque, None), [CommitFirst, EffectFirst]);
    assert_eq!(fitting(&opaque, ids), [CommitFirst, EffectFirst, MarkAfter]);
    let database = SinkTraits::database("loyalty.db", true);
    assert_eq!(fitting(&database, ids), [CommitFirst, EffectFirst, Inbox, SinkOffsets]);
    let versioned = SinkTraits::versioned("search.db", true, "v", Kept::ForEver);
    assert_eq!(fitting(&versioned, None), [CommitFirst, EffectFirst, Inbox, SinkOffsets, Conditional]);
    for sink in [&opaque, &database, &versioned] {
        for declared in [None, Some(Guarantee::AtMostOnce), Some(Guarantee::EffectivelyOnce)] {
            for ids in [None, Some(Ids { store: IdStore::Memory, keep: Kept::days(1) })] {
                let chosen = Protocol::choose(&sink.kind, ids.as_ref(), declared);
                assert_eq!(chosen.misfit(&sink.kind, ids.as_ref()), None, "{chosen:?} is chosen for {sink:?}");
            }
        }
    }
}
