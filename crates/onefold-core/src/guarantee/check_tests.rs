//! What is declared against what is computed: a naive reading of the words must agree.

use super::*;

const ALL: [Guarantee; 4] =
    [Guarantee::None, Guarantee::AtMostOnce, Guarantee::AtLeastOnce, Guarantee::EffectivelyOnce];

/// Which numbers of effects a guarantee bears for one record: 0, 1, 2.
fn bears(guarantee: Guarantee) -> &'static [usize] {
    match guarantee {
        Guarantee::None => &[0, 1, 2],
        Guarantee::AtMostOnce => &[0, 1],
        Guarantee::AtLeastOnce => &[1, 2],
        Guarantee::EffectivelyOnce => &[1],
    }
}

fn computed(guarantee: Guarantee) -> Explanation {
    Explanation { guarantee, lines: Vec::new(), weakest_link: "a link".to_owned() }
}

#[test]
fn a_guarantee_is_covered_when_no_more_can_happen_than_it_bears() {
    for given in ALL {
        for declared in ALL {
            let no_surprise = bears(given).iter().all(|effects| bears(declared).contains(effects));
            assert_eq!(given.covers(declared), no_surprise, "{given} for {declared}");
            assert_eq!(computed(given).check("p", declared, &[]).is_ok(), no_surprise);
        }
    }
}

#[test]
fn at_most_once_and_at_least_once_refuse_each_other() {
    assert!(computed(Guarantee::AtLeastOnce).check("p", Guarantee::AtMostOnce, &[]).is_err());
    assert!(computed(Guarantee::AtMostOnce).check("p", Guarantee::AtLeastOnce, &[]).is_err());
}

#[test]
fn a_refusal_names_the_weakest_link_and_only_fixes_that_help() {
    let ids = Some(Ids { store: IdStore::Beside { durable: true }, keep: Kept::days(30) });
    let sink = SinkTraits::opaque("POST", "the endpoint");
    let parts = Parts { protocol: Protocol::MarkAfter, sink, ids, retention: None, order: Default::default() };
    let fixes = [
        Fix { gives: Guarantee::AtMostOnce, text: "does not help".to_owned() },
        Fix { gives: Guarantee::EffectivelyOnce, text: "in [pipelines.receipts.to.x]: y = 1,\nif it does".to_owned() },
        Fix { gives: Guarantee::EffectivelyOnce, text: "another".to_owned() },
    ];
    let refusal = parts.explain().check("pipelines.receipts", Guarantee::EffectivelyOnce, &fixes).unwrap_err();
    assert_eq!(
        refusal.to_string(),
        "\
pipelines.receipts declares effectively-once, its parts give at-least-once
  weakest link   the endpoint is not known to tell a repeat apart: a crash between POST and mark repeats the POST
  to fix         in [pipelines.receipts.to.x]: y = 1,
                 if it does
  or             another
  or declare     guarantee = \"at-least-once\""
    );
    assert!(parts.explain().check("pipelines.receipts", Guarantee::AtLeastOnce, &fixes).is_ok());
}

#[test]
fn words_are_read_and_exactly_once_is_explained() {
    for guarantee in Guarantee::DECLARABLE {
        assert_eq!(guarantee.as_str().parse(), Ok(guarantee));
    }
    assert_eq!("exactly-once".parse::<Guarantee>(), Err(UnknownGuarantee::ExactlyOnce));
    assert!("no guarantee".parse::<Guarantee>().is_err());
    assert!("At-Least-Once".parse::<Guarantee>().is_err());
}
