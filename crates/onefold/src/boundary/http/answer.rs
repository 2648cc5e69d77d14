//! What an endpoint's answer means:
//!
//! | status | meaning |
//! |---|---|
//! | 2xx | done |
//! | 408, 425, 5xx | may work next time, no sooner than `Retry-After` says |
//! | 429 | asks for a slower pace: waits as `Retry-After` says, counts no attempt |
//! | 401, 403, 404 | nothing gets through with these settings: the sink counts as down |
//! | 3xx | the same: the address is another |
//! | other 4xx | refuses this record: dead |
//! | what `rejected` names | the same |

use crate::outcome::{Failure, Handled, Outcome};
use reqwest::header::RETRY_AFTER;
use reqwest::{Response, StatusCode};
use std::time::{Duration, SystemTime};

/// How much of a refusal's body is kept as its reason.
const REASON_MAX: usize = 200;
/// What is waited after 429 when the endpoint does not say.
const USUAL_PAUSE: Duration = Duration::from_secs(1);
/// An endpoint that asks for more is asked again after this all the same.
const PAUSE_MAX: Duration = Duration::from_secs(60 * 60);

pub(super) async fn meaning(response: Response, rejected: &[u16]) -> Handled {
    let status = response.status();
    if status.is_success() {
        drain(response).await;
        return Ok(Outcome::Done);
    }
    let after = retry_after(&response);
    let reason = format!("answered {status}{}", said(response).await);
    match status.as_u16() {
        status if rejected.contains(&status) => Ok(Outcome::Dead(reason)),
        429 => Err(Failure::rate_limited(after.unwrap_or(USUAL_PAUSE), reason)),
        408 | 425 | 500..=599 => {
            let failure = Failure::transient(reason);
            Err(match after {
                Some(after) => failure.retry_after(after),
                None => failure,
            })
        }
        401 | 403 | 404 => Err(Failure::sink_down(reason)),
        300..=399 => Err(Failure::sink_down(format!("{reason}; redirects are not followed"))),
        _ if status == StatusCode::SWITCHING_PROTOCOLS => Err(Failure::sink_down(reason)),
        _ => Ok(Outcome::Dead(reason)),
    }
}

/// Reads what is left, so that the connection can be used again; a long answer is not worth it.
async fn drain(mut response: Response) {
    let mut left = 64 << 10;
    while let Ok(Some(chunk)) = response.chunk().await {
        if chunk.len() >= left {
            return;
        }
        left -= chunk.len();
    }
}

/// The beginning of the body, on one line.
async fn said(mut response: Response) -> String {
    let mut body = vec![];
    while let Ok(Some(chunk)) = response.chunk().await {
        body.extend_from_slice(&chunk[..chunk.len().min(REASON_MAX * 4)]);
        if body.len() >= REASON_MAX * 4 {
            break;
        }
    }
    let text: String = String::from_utf8_lossy(&body).chars().take(REASON_MAX).collect();
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.is_empty() { line } else { format!(": {line}") }
}

/// RFC 9110 section 10.2.3: seconds, or a date.
fn retry_after(response: &Response) -> Option<Duration> {
    let text = response.headers().get(RETRY_AFTER)?.to_str().ok()?.trim();
    let after = match text.parse::<u64>() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).unwrap_or_default(),
    };
    Some(after.min(PAUSE_MAX))
}
