//! The two halves of a connection in one task, and when it lets the others have the thread.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::connection::Closed;
use super::early::Early;
use crate::woken;

/// So often in a row a connection goes on with a request that came early, before it lets others have the thread.
const IN_A_ROW: usize = 16;
/// And if somebody was woken meanwhile, who waits on this thread then.
const IN_A_ROW_BEFORE_OTHERS: usize = 2;
/// And for no longer: it may be the only thread that watches the sockets.
const AT_A_STRETCH: Duration = Duration::from_millis(1);

/// Runs both halves in turns, the reading one first. A peer that takes no answers gets no further requests decided. Goes
/// on with requests that came early, for a while.
pub(super) async fn in_turns(
    reading: impl Future<Output = Result<(), Closed>>,
    writing: impl Future<Output = Result<(), Closed>>,
    early: &Early,
) -> Result<(), Closed> {
    tokio::pin!(reading, writing);
    let mut read = None;
    poll_fn(|context| {
        let (woken, begin) = (woken::so_far(), Instant::now());
        for nth in 1..=IN_A_ROW {
            if read.is_none()
                && let Poll::Ready(result) = reading.as_mut().poll(context)
            {
                read = Some(result);
            }
            if let Poll::Ready(written) = writing.as_mut().poll(context) {
                return Poll::Ready(read.take().unwrap_or(Ok(())).and(written));
            }
            if read.is_some() || !early.is_there() {
                early.listen();
                return Poll::Pending;
            }
            let others_wait = nth >= IN_A_ROW_BEFORE_OTHERS && woken::so_far() != woken;
            if others_wait || begin.elapsed() > AT_A_STRETCH {
                break;
            }
        }
        goes_last(context)
    })
    .await
}

/// Lets the others have the thread, and the sockets a look. A task that woke itself would have another thread woken, which
/// takes longer than a request, and then takes the connection away to it.
fn goes_last<T>(context: &mut Context<'_>) -> Poll<T> {
    if pin!(tokio::task::yield_now()).poll(context).is_ready() {
        context.waker().wake_by_ref(); // it never is at its first poll; were it, nobody else would wake this task
    }
    Poll::Pending
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::low_water::LowWater;
    use std::cell::Cell;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    /// How many requests are handled in one turn of the task at most, where the next one is always there early. Where others
    /// want the processor just then they are fewer, since nobody looks.
    fn most_in_one_turn(handle: impl Fn()) -> usize {
        (0..200).map(|_| requests_in_one_turn(&handle)).max().unwrap_or(0)
    }

    fn requests_in_one_turn(handle: impl Fn()) -> usize {
        let (here, mut peer) = UnixStream::pair().expect("a pair of sockets");
        let early = Early::new(LowWater::of(&here));
        early.rest(true);
        let handled = Cell::new(0);
        let reading = poll_fn(|_| {
            early.take(&mut [0; 1]);
            handled.set(handled.get() + 1);
            handle();
            Poll::Pending
        });
        let writing = poll_fn(|_| {
            peer.write_all(&[0]).expect("room for a byte");
            early.look(&here);
            Poll::Pending
        });
        let turns = pin!(in_turns(reading, writing, &early));
        assert!(turns.poll(&mut Context::from_waker(std::task::Waker::noop())).is_pending());
        handled.get()
    }

    #[test]
    fn whoever_was_woken_waits_for_one_more_request_at_most() {
        assert_eq!(most_in_one_turn(woken::note), 2);
        assert!((3..=IN_A_ROW).contains(&most_in_one_turn(|| ())));
    }

    #[test]
    fn a_turn_ends_after_a_while_however_many_requests_come() {
        let request = || {
            let begin = Instant::now();
            while begin.elapsed() <= AT_A_STRETCH {}
        };
        assert_eq!(most_in_one_turn(request), 1);
    }
}
