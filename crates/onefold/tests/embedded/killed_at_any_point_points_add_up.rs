//! The whole process (broker, pipeline, database) is killed by SIGKILL at named points, and started again until it
//! ends well: points are what the payments say.

use std::path::Path;
use std::process::Command;

use onefold::prelude::*;

use crate::common::{POINTS, add_points, payments};
use crate::produce;

const COUNT: u32 = 400;

#[test]
fn killed_at_any_point_points_add_up() {
    for point in ["before-sink-commit:2", "after-sink-commit:1", "before-commit:1", "after-commit:1"] {
        let folder = tempfile::tempdir().unwrap();
        let killed = child(folder.path(), Some(point));
        assert!(!killed.success() || point.contains("-commit:1"), "{point}: it was to be killed");
        assert!(child(folder.path(), None).success(), "{point}: the second start failed");
        let db = rusqlite::Connection::open(folder.path().join("loyalty.db")).unwrap();
        let points: i64 = db.query_row("SELECT sum(points) FROM points", [], |row| row.get(0)).unwrap();
        assert_eq!(points, i64::from(COUNT), "{point}");
    }
}

/// This test program again, as the process that is killed.
fn child(folder: &Path, crash_at: Option<&str>) -> std::process::ExitStatus {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "killed_at_any_point_points_add_up::the_process_that_is_killed", "--ignored"]);
    command.env("ONEFOLD_TEST_FOLDER", folder).stdout(std::process::Stdio::null());
    match crash_at {
        Some(point) => command.env("ONEFOLD_CRASH_AT", point),
        None => command.env_remove("ONEFOLD_CRASH_AT"),
    };
    command.status().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "run by the test above, to be killed"]
async fn the_process_that_is_killed() {
    let Ok(folder) = std::env::var("ONEFOLD_TEST_FOLDER") else { return };
    let folder = Path::new(&folder);
    let kafka = Kafka::embedded(folder.join("broker")).await.unwrap();
    kafka.create_topic("payments", 3).await.unwrap();
    if !folder.join("produced").exists() {
        produce(&kafka, payments(COUNT)).await;
        std::fs::write(folder.join("produced"), "").unwrap();
    }
    let db = Sqlite::open(folder.join("loyalty.db")).await.unwrap().setup(POINTS).unwrap();
    let loyalty = Pipeline::from("payments").group("loyalty").in_transaction_of(db).handle(add_points);
    onefold::run(&kafka, [loyalty]).drain(true).await.unwrap();
    kafka.shutdown().await;
}
