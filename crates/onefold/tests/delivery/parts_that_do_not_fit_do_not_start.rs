//! A protocol without what it needs would print a guarantee that nothing keeps, or never read a record: it is refused
//! with words before anything starts.

use onefold::pipeline::dedup::DedupStore;
use onefold::pipeline::plan::Protocol;
use onefold::prelude::*;
use onefold::testing;

use crate::common::{Folder, add_points, payments};

async fn refused(pipeline: Ready) -> String {
    match testing::run(pipeline, payments(5)).await {
        Err(onefold::RunError::Wrong(why)) => why,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_that_do_not_fit_do_not_start() {
    for protocol in [Protocol::SinkOffsets, Protocol::Inbox, Protocol::Conditional] {
        let pipeline = Pipeline::from("payments").protocol(protocol).dedup(by_event_id()).handle(async || {});
        assert!(refused(pipeline).await.contains("needs a transaction of the sink"), "{protocol:?}");
    }
    let pipeline = Pipeline::from("payments").protocol(Protocol::MarkAfter).handle(async || {});
    assert!(refused(pipeline).await.contains(".dedup(..)"));
    let folder = Folder::new();
    let pipeline = folder.loyalty().await.protocol(Protocol::Conditional).handle(add_points);
    assert!(refused(pipeline).await.contains("guarded by a version"));
    let beside = by_event_id().store(DedupStore::Sqlite(folder.path().with_extension("ids")));
    let pipeline = folder.loyalty().await.dedup(beside).handle(add_points);
    assert!(refused(pipeline).await.contains("leave `.store(..)` out"));
    assert_eq!(folder.points(), 0);
}
