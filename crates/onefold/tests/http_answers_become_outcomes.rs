//! What an endpoint answers decides what becomes of a record: done, repeated, dead, or the sink counts as down. The
//! only thing that is ambiguous is a request that went out and got no answer.
#![cfg(all(feature = "http", feature = "mocks"))]
#![allow(clippy::unwrap_used, reason = "helpers of tests, too, fail by panicking")]

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use onefold::boundary::http::HttpEndpoint;
use onefold::boundary::{Attempt, Effect};
use onefold::settings::{File, SinkSettings};
use onefold::{ErrorClass, Handled, Outcome, Record};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Seen = Arc<Mutex<Vec<(HeaderMap, Bytes)>>>;

/// Answers with the status that the path names; 999 never answers.
async fn server() -> (String, Seen) {
    async fn answer(
        State(seen): State<Seen>,
        UrlPath(status): UrlPath<u16>,
        headers: HeaderMap,
        body: Bytes,
    ) -> (StatusCode, HeaderMap, &'static str) {
        seen.lock().unwrap().push((headers, body));
        if status == 999 {
            std::future::pending::<()>().await;
        }
        let mut answer = HeaderMap::new();
        answer.insert("retry-after", HeaderValue::from_static("7"));
        (StatusCode::from_u16(status).unwrap(), answer, "because\nof this")
    }
    let seen = Seen::default();
    let app = Router::new().route("/{status}", axum::routing::any(answer)).with_state(seen.clone());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, app).await });
    (format!("http://{address}"), seen)
}

fn endpoint(url: &str, more: &str) -> HttpEndpoint {
    let text = format!(
        "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"t\"\n[pipelines.p.to.http]\nurl = \"{url}\"\n{more}\n"
    );
    let file = File::parse(Path::new("tests/onefold.toml"), text).unwrap_or_else(|wrong| panic!("{wrong}"));
    let SinkSettings::Http(http) = file.pipelines[0].to.clone() else { panic!("not http") };
    HttpEndpoint::new(http).unwrap()
}

async fn post(endpoint: &HttpEndpoint, record: &Record) -> Handled {
    let identity = onefold_core::identity::Identity::of_event("p", "s", "1");
    endpoint.run(record, &Attempt { number: 1, identity }).await
}

fn payment() -> Record {
    Record::new("payments", Some(b"u-1"), Some(br#"{ "data": {"user_id": "u-1", "note": "caf\u00e9"} }"#))
}

#[tokio::test]
async fn each_status_has_its_meaning() {
    let (url, _) = server().await;
    let class = async |status: u16| post(&endpoint(&format!("{url}/{status}"), ""), &payment()).await;
    for done in [200, 201, 202, 204] {
        assert!(matches!(class(done).await, Ok(Outcome::Done)), "{done}");
    }
    for again in [408, 425, 500, 502, 503, 504] {
        let failure = class(again).await.expect_err("fails");
        assert_eq!(failure.class, ErrorClass::Transient, "{again}");
        assert_eq!(failure.retry_after, Some(Duration::from_secs(7)), "{again}");
    }
    let slower = class(429).await.expect_err("fails");
    assert_eq!((slower.class, slower.retry_after), (ErrorClass::RateLimited, Some(Duration::from_secs(7))));
    for down in [401, 403, 404, 301, 307] {
        assert_eq!(class(down).await.expect_err("fails").class, ErrorClass::SinkDown, "{down}");
    }
    for dead in [400, 402, 405, 409, 410, 413, 415, 422, 451] {
        match class(dead).await {
            Ok(Outcome::Dead(reason)) => assert!(reason.ends_with(": because of this"), "{reason}"),
            other => panic!("{dead} gave {other:?}"),
        }
    }
}

/// Of some endpoints 404 says that there is no such thing as the record names, and not that there is no endpoint.
#[tokio::test]
async fn an_answer_that_is_named_as_rejected_is_about_the_record() {
    let (url, _) = server().await;
    let answered =
        async |status: u16| post(&endpoint(&format!("{url}/{status}"), "rejected = [404, 503]"), &payment()).await;
    for dead in [404, 503] {
        assert!(matches!(answered(dead).await, Ok(Outcome::Dead(why)) if why.contains("because of this")), "{dead}");
    }
    assert_eq!(answered(401).await.expect_err("not named").class, ErrorClass::SinkDown);
    assert_eq!(answered(500).await.expect_err("not named").class, ErrorClass::Transient);
}

#[tokio::test]
async fn the_value_goes_out_as_it_is() {
    let (url, seen) = server().await;
    assert!(matches!(post(&endpoint(&format!("{url}/200"), ""), &payment()).await, Ok(Outcome::Done)));
    let (headers, body) = seen.lock().unwrap().pop().expect("one request");
    assert_eq!(Some(body), payment().value);
    assert_eq!(headers["content-type"], "application/json");
}

#[tokio::test]
async fn headers_and_body_take_placeholders() {
    let (url, seen) = server().await;
    let more = r#"method = "PUT"
headers = { X-User = "{data.user_id}", X-Where = "{@topic}/{@partition}/{@offset}" }
body = '{"who": {data.user_id}, "gone": {data.gone?}}'"#;
    assert!(matches!(post(&endpoint(&format!("{url}/200"), more), &payment()).await, Ok(Outcome::Done)));
    let (headers, body) = seen.lock().unwrap().pop().expect("one request");
    assert_eq!((headers["x-user"].as_bytes(), headers["x-where"].as_bytes()), (&b"u-1"[..], &b"payments/0/0"[..]));
    assert_eq!(body, r#"{"who": "u-1", "gone": null}"#);
}

#[tokio::test]
async fn what_cannot_be_sent_is_poison_and_sends_nothing() {
    let (url, seen) = server().await;
    let plain = endpoint(&format!("{url}/200"), "");
    let broken = Record::new("payments", None, Some(b"not json"));
    assert_eq!(post(&plain, &broken).await.expect_err("poison").class, ErrorClass::Poison);
    let tombstone = Record::new("payments", None, None);
    assert_eq!(post(&plain, &tombstone).await.expect_err("poison").class, ErrorClass::Poison);
    let header = endpoint(&format!("{url}/200"), "headers = { X-Note = \"{data.note}\" }");
    let newline = Record::new("payments", None, Some(br#"{"data":{"note":"a\r\nX-Evil: 1"}}"#));
    assert_eq!(post(&header, &newline).await.expect_err("poison").class, ErrorClass::Poison);
    assert!(seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn no_answer_in_time_is_ambiguous() {
    let (url, seen) = server().await;
    let slow = endpoint(&format!("{url}/999"), "timeout = \"150ms\"");
    assert_eq!(post(&slow, &payment()).await.expect_err("times out").class, ErrorClass::Ambiguous);
    assert_eq!(seen.lock().unwrap().len(), 1, "the request went out");
}

/// Where a body is no JSON, quotes in it are characters like others.
#[tokio::test]
async fn a_body_of_another_kind_takes_values_as_they_are() {
    let (url, seen) = server().await;
    let path = Record::new("payments", None, Some(br#"{"at":"C:\\x"}"#));
    for (kind, body, expected) in [
        ("text/xml", r#"<u at="{at:text}"/>"#, r#"<u at="C:\x"/>"#),
        ("application/merge-patch+json", r#"{"at":"{at}"}"#, r#"{"at":"C:\\x"}"#),
    ] {
        let more = format!("headers = {{ Content-Type = \"{kind}\" }}\nbody = '{body}'");
        assert!(matches!(post(&endpoint(&format!("{url}/200"), &more), &path).await, Ok(Outcome::Done)));
        assert_eq!(seen.lock().unwrap().pop().expect("one request").1, expected);
    }
}

/// Nobody listening is no record's fault, not even the first time, and not after a connection that broke.
#[tokio::test]
async fn nobody_to_connect_to_is_the_sink_from_the_first_time_on() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = endpoint(&format!("http://{}/", listener.local_addr().unwrap()), "");
    let resets = tokio::spawn(reset_one(listener));
    assert_eq!(post(&endpoint, &payment()).await.expect_err("fails").class, ErrorClass::Ambiguous);
    resets.await.unwrap();
    for _ in 0..2 {
        let refused = post(&endpoint, &payment()).await.expect_err("fails");
        assert_eq!((refused.class, refused.without_effect), (ErrorClass::SinkDown, true), "nothing went out");
    }
}

/// Takes one request, hangs up without an answer, and listens no more.
async fn reset_one(listener: tokio::net::TcpListener) {
    use tokio::io::AsyncReadExt;
    let (mut peer, _) = listener.accept().await.unwrap();
    let _ = peer.read(&mut [0; 4096]).await;
    drop(listener);
}

/// An outage: the first refusal of it was charged, which buried a record that may be tried once, and any record that
/// had used up its other attempts.
#[tokio::test(flavor = "multi_thread")]
async fn an_outage_costs_no_attempt_from_its_first_refusal_on() {
    for (attempts, resets) in [(1, false), (2, true)] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let text = format!(
            "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"payments\"\n\
             retry = {{ attempts = {attempts}, first = \"10ms\" }}\n[pipelines.p.to.http]\n\
             url = \"http://{address}/200\"\n"
        );
        let file = File::parse(Path::new("tests/onefold.toml"), text).unwrap_or_else(|wrong| panic!("{wrong}"));
        let pipeline = file.build().unwrap().remove(0);
        let outage = async move {
            match resets {
                true => reset_one(listener).await,
                false => drop(listener),
            }
        };
        match resets {
            true => drop(tokio::spawn(outage)),
            false => outage.await,
        }
        let (observer, mut seen) = onefold::Observer::channel();
        let running = onefold::testing::run(pipeline, vec![payment()]).observe(observer);
        let running = tokio::spawn(std::future::IntoFuture::into_future(running));
        let fails = async {
            // It is told of a record that failed four times: with one attempt, or two, it would be long dead.
            while seen.recv().await.expect("it runs").failing.is_none() {}
        };
        tokio::time::timeout(Duration::from_secs(30), fails).await.expect("it is tried again and again");
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        tokio::spawn(async move { axum::serve(listener, Router::new().fallback(|| async { "" })).await });
        let counters = running.await.unwrap().unwrap().counters;
        assert_eq!((counters.dead, counters.effects), (0, 1), "attempts = {attempts}: {counters:?}");
    }
}

/// At most once does not repeat what may have happened; a request that found nobody to go to has not.
#[tokio::test(flavor = "multi_thread")]
async fn at_most_once_buries_nothing_while_nobody_listens() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let text = format!(
        "[kafka]\nbootstrap = \"k:9092\"\n[pipelines.p]\nfrom = \"payments\"\nguarantee = \"at-most-once\"\n\
         retry = {{ attempts = 3, first = \"10ms\" }}\n[pipelines.p.to.http]\nurl = \"http://{free}/\"\n"
    );
    let file = File::parse(Path::new("tests/onefold.toml"), text).unwrap_or_else(|wrong| panic!("{wrong}"));
    let pipeline = file.build().unwrap().remove(0);
    let records: Vec<Record> = (0..4u8).map(|nth| Record::new("payments", Some(&[nth]), Some(b"{}"))).collect();
    let (observer, mut seen) = onefold::Observer::channel();
    let running = onefold::testing::run(pipeline, records).observe(observer);
    let running = tokio::spawn(std::future::IntoFuture::into_future(running));
    let paused = async {
        loop {
            let now = seen.recv().await.expect("it runs");
            assert_eq!(now.counters.dead, 0, "{now:?}");
            if now.paused.is_some() {
                return now.counters.retried;
            }
        }
    };
    assert_eq!(
        tokio::time::timeout(Duration::from_secs(30), paused).await.expect("it pauses"),
        0,
        "no attempt is used"
    );
    running.abort();
}

/// A peer that takes the request and hangs up may have done it.
#[tokio::test]
async fn a_reset_after_the_request_is_ambiguous() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        use tokio::io::AsyncReadExt;
        while let Ok((mut peer, _)) = listener.accept().await {
            let _ = peer.read(&mut [0; 4096]).await;
        }
    });
    assert_eq!(post(&endpoint(&url, ""), &payment()).await.expect_err("fails").class, ErrorClass::Ambiguous);
}
