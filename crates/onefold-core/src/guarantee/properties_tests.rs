//! What holds for any parts: whoever takes a part away gets no more, what is declared beyond the parts is refused with
//! its reason, and what a refusal proposes is accepted.

use super::*;
use crate::lane::Order;
use proptest::prelude::*;

fn kept() -> impl Strategy<Value = Kept> {
    prop_oneof![Just(Kept::ForEver), (0..5_u64).prop_map(Kept::days)]
}

fn sink() -> impl Strategy<Value = SinkTraits> {
    prop_oneof![
        Just(SinkTraits::opaque("POST", "the endpoint")),
        any::<bool>().prop_map(|durable| SinkTraits::database("a.db", durable)),
        (any::<bool>(), kept()).prop_map(|(durable, kept)| SinkTraits::versioned("a.db", durable, "v", kept)),
    ]
}

fn ids() -> impl Strategy<Value = Option<Ids>> {
    let store = prop_oneof![
        Just(IdStore::Sink),
        Just(IdStore::Memory),
        any::<bool>().prop_map(|durable| IdStore::Beside { durable })
    ];
    proptest::option::of((store, kept()).prop_map(|(store, keep)| Ids { store, keep }))
}

const PROTOCOLS: [Protocol; 6] = [
    Protocol::CommitFirst,
    Protocol::EffectFirst,
    Protocol::MarkAfter,
    Protocol::Inbox,
    Protocol::SinkOffsets,
    Protocol::Conditional,
];

fn order() -> impl Strategy<Value = Order> {
    prop_oneof![Just(Order::Key), Just(Order::Partition), Just(Order::None)]
}

/// Parts that can run.
fn parts() -> impl Strategy<Value = Parts> {
    let any = (proptest::sample::select(&PROTOCOLS[..]), sink(), ids(), proptest::option::of(kept()), order());
    any.prop_map(|(protocol, sink, ids, retention, order)| Parts { protocol, sink, ids, retention, order })
        .prop_filter("they fit together", fit)
}

fn fit(parts: &Parts) -> bool {
    parts.protocol.misfit(&parts.sink.kind, parts.ids.as_ref()).is_none()
}

fn computed(parts: &Parts) -> Guarantee {
    parts.explain().guarantee
}

/// The same without one part, or with less of it: all that the protocol can still run on.
fn with_less(parts: &Parts) -> Vec<Parts> {
    let mut less = vec![Parts { ids: None, ..parts.clone() }];
    // Records that may come again from further back, or nobody knows from how far.
    less.extend([None, Some(Kept::ForEver)].map(|retention| Parts { retention, ..parts.clone() }));
    if let Some(ids) = parts.ids {
        let memory = Ids { store: IdStore::Memory, ..ids };
        let short = Ids { keep: Kept::Millis(0), ..ids };
        less.extend([memory, short].map(|ids| Parts { ids: Some(ids), ..parts.clone() }));
    }
    let mut weak = parts.clone();
    match &mut weak.sink.kind {
        SinkKind::Opaque => {}
        SinkKind::Database { durable, .. } => *durable = false,
        SinkKind::Versioned { durable, tombstones, .. } => (*durable, *tombstones) = (false, Kept::Millis(0)),
    }
    less.push(weak);
    less.into_iter().filter(fit).collect()
}

proptest! {
    #[test]
    fn taking_a_part_away_gives_no_more(whole in parts()) {
        for less in with_less(&whole) {
            prop_assert!(
                computed(&whole).covers(computed(&less)),
                "{:?} gives {}, with less it gives {}: {:?}", whole, computed(&whole), computed(&less), less
            );
        }
    }

    /// Also where the protocol is chosen anew for what is left.
    #[test]
    fn a_protocol_chosen_for_less_gives_no_more(sink in sink(), ids in ids(), retention in proptest::option::of(kept())) {
        let choose = |ids: Option<Ids>| {
            let protocol = Protocol::choose(&sink.kind, ids.as_ref(), None);
            Parts { protocol, sink: sink.clone(), ids, retention, order: Order::Key }
        };
        let whole = choose(ids);
        prop_assert!(fit(&whole));
        prop_assert!(computed(&whole).covers(computed(&choose(None))), "{:?}", whole);
    }

    #[test]
    fn more_than_the_parts_give_is_refused_with_the_weakest_link(parts in parts()) {
        let explained = parts.explain();
        prop_assert!(!explained.weakest_link.is_empty());
        for declared in Guarantee::DECLARABLE {
            match explained.check("pipelines.p", declared, &[]) {
                Ok(()) => prop_assert!(explained.guarantee.covers(declared)),
                Err(refusal) => {
                    prop_assert!(!explained.guarantee.covers(declared));
                    prop_assert_eq!(&refusal.weakest_link, &explained.weakest_link);
                    let (said, declares) = (refusal.to_string(), format!("declares {declared}"));
                    prop_assert!(said.contains(&declares) && said.contains(&explained.weakest_link));
                }
            }
        }
    }

    /// Each fix that is told would do, none that would is left out, and the way out by declaring less is open.
    #[test]
    fn what_a_refusal_proposes_is_accepted(parts in parts(), gives in proptest::collection::vec(0..4_usize, 0..6)) {
        const ALL: [Guarantee; 4] =
            [Guarantee::None, Guarantee::AtMostOnce, Guarantee::AtLeastOnce, Guarantee::EffectivelyOnce];
        let fixes: Vec<Fix> =
            gives.iter().enumerate().map(|(n, give)| Fix { gives: ALL[*give], text: format!("fix {n}") }).collect();
        let explained = parts.explain();
        for declared in Guarantee::DECLARABLE {
            let Err(refusal) = explained.check("pipelines.p", declared, &fixes) else { continue };
            for fix in &fixes {
                let mended = Explanation { guarantee: fix.gives, ..explained.clone() };
                let accepted = mended.check("pipelines.p", declared, &[]).is_ok();
                prop_assert_eq!(refusal.fixes.contains(&fix.text), accepted, "{:?}", fix);
            }
            let less = refusal.to_string().split("or declare     guarantee = \"").nth(1).map(|rest| rest.replace('"', ""));
            match less.map(|word| word.parse::<Guarantee>()) {
                Some(Ok(less)) => prop_assert!(explained.check("pipelines.p", less, &[]).is_ok()),
                Some(Err(wrong)) => prop_assert!(false, "{}", wrong),
                None => prop_assert_eq!(explained.guarantee, Guarantee::None),
            }
        }
    }
}
