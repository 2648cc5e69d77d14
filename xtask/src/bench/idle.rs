//! A disk that has nothing left to do: what ran before, a build or the opponent, must not be in what is measured next.

use std::{
    fs, thread,
    time::{Duration, Instant},
};

/// So long in a row no request may be in flight.
const QUIET: Duration = Duration::from_millis(500);
/// Whatever else writes here does not end.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Has everything written that waits for it, then waits until the disks are idle. Says so if they do not become idle.
pub fn wait() -> anyhow::Result<()> {
    rustix::fs::sync();
    let begin = Instant::now();
    let mut quiet_since = begin;
    while quiet_since.elapsed() < QUIET {
        if begin.elapsed() > PATIENCE {
            eprintln!("the disk is busy with something else; the figures will show it");
            break;
        }
        if in_flight(&fs::read_to_string("/proc/diskstats")?) > 0 {
            quiet_since = Instant::now();
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(())
}

/// Requests of all disks. Of the columns, the ninth after a disk's name has them (Linux, `Documentation/admin-guide/iostats.rst`).
fn in_flight(diskstats: &str) -> u64 {
    diskstats.lines().filter_map(|disk| disk.split_whitespace().nth(11)?.parse::<u64>().ok()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_in_flight_are_found() {
        let idle = " 254       0 vda 71 1 5 9 62 4 2 1 0 102 23 0 0 0 0 31 1\n";
        assert_eq!(in_flight(idle), 0);
        assert_eq!(in_flight(&format!("{idle}   8       0 sda 1 2 3 4 5 6 7 8 3 10 11\n")), 3);
    }
}
