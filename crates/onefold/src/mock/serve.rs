use super::log::Log;
use super::rules::{RequestId, Verdict, verdict};
use crate::record::Record;
use crate::settings::MockSettings;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

/// A mock is for trying things out; a body larger than this is not what it is tried with.
const BODY_MAX: usize = 16 << 20;

struct Shared {
    settings: MockSettings,
    log: Option<Log>,
    attempts: Mutex<HashMap<RequestId, u32>>,
}

pub(super) async fn serve(listener: tokio::net::TcpListener, settings: MockSettings, log: Option<Log>) {
    let kept = log.as_ref().map(|log| attempts_in(&log.kept)).unwrap_or_default();
    let shared = Arc::new(Shared { settings, log, attempts: Mutex::new(kept) });
    let app = Router::new().fallback(answer).layer(DefaultBodyLimit::max(BODY_MAX)).with_state(shared);
    if let Err(why) = axum::serve(listener, app).await {
        tracing::error!(%why, "a mock stopped serving");
    }
}

async fn answer(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Bytes) -> Response {
    let request = as_record(&headers, body);
    let id = RequestId::of(&shared.settings.id, &request);
    let attempt = shared.count(&id);
    match verdict(&shared.settings, &id, attempt, &request) {
        Verdict::Refuse(status) => refusal(status).into_response(),
        Verdict::Accept => shared.take(&id, attempt).await.into_response(),
        Verdict::Late(length) => {
            let answer = shared.take(&id, attempt).await;
            tokio::time::sleep(length).await;
            answer.into_response()
        }
    }
}

/// What conditions and ids look at: the body as the value, the headers as headers.
fn as_record(headers: &HeaderMap, body: Bytes) -> Record {
    let mut record = Record::new("", None, None);
    record.value = Some(body);
    headers.iter().fold(record, |record, (name, value)| record.with_header(name.as_str(), value.as_bytes()))
}

fn refusal(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

impl Shared {
    fn count(&self, id: &RequestId) -> u32 {
        let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
        let attempt = attempts.entry(id.clone()).or_default();
        *attempt = attempt.saturating_add(1);
        *attempt
    }

    /// 200 only when the line is durable.
    async fn take(&self, id: &RequestId, attempt: u32) -> StatusCode {
        let Some(log) = &self.log else { return StatusCode::OK };
        match log.append(line(id, attempt)).await {
            true => StatusCode::OK,
            false => StatusCode::INSUFFICIENT_STORAGE,
        }
    }
}

/// `{"source":"/checkout","id":"evt-1","attempt":1}`: who was taken, and at which attempt.
fn line(id: &RequestId, attempt: u32) -> String {
    let mut line = serde_json::Map::new();
    line.extend(id.0.iter().map(|(path, value)| (path.clone(), value.clone().into())));
    line.insert("attempt".into(), attempt.into());
    serde_json::Value::Object(line).to_string()
}

fn attempts_in(kept: &[String]) -> HashMap<RequestId, u32> {
    let read = |line: &String| {
        let mut line: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).ok()?;
        let attempt = u32::try_from(line.remove("attempt")?.as_u64()?).ok()?;
        let id = line.into_iter().filter_map(|(path, value)| Some((path, value.as_str()?.to_owned())));
        Some((RequestId::new(id.collect()), attempt))
    };
    let mut attempts = HashMap::new();
    for (id, attempt) in kept.iter().filter_map(read) {
        let most: &mut u32 = attempts.entry(id).or_default();
        *most = attempt.max(*most);
    }
    attempts
}
