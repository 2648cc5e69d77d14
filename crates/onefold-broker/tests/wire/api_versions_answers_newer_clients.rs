//! A client asks in the newest version it knows. One that the broker does not know is answered in the form of version 0
//! with UNSUPPORTED_VERSION and the range to ask again in (KIP-511), under response header version 0 always (gotchas 1
//! and 2). Any other API in an unserved version ends the connection.

use bytes::Buf;
use kafka_protocol::messages::api_versions_response::ApiVersion;
use kafka_protocol::messages::{ApiKey, ApiVersionsRequest, ApiVersionsResponse, MetadataRequest};
use kafka_protocol::protocol::{Decodable, StrBytes};

use crate::common::raw::frame;
use crate::common::start;

fn request() -> ApiVersionsRequest {
    let name = StrBytes::from_static_str("raw");
    ApiVersionsRequest::default().with_client_software_name(name.clone()).with_client_software_version(name)
}

fn as_version(mut frame: Vec<u8>, version: i16) -> Vec<u8> {
    frame[6..8].copy_from_slice(&version.to_be_bytes());
    frame
}

#[tokio::test(flavor = "multi_thread")]
async fn a_version_from_the_future_is_answered_in_the_form_of_version_0() {
    use std::io::Write;
    let here = start().await;
    let mut raw = here.connect();

    raw.stream.write_all(&as_version(frame(77, 4, &request()), 99)).unwrap();

    let mut answer = raw.receive_frame();
    assert_eq!(answer.get_i32(), 77);
    let answer = ApiVersionsResponse::decode(&mut answer, 0).unwrap();
    assert_eq!(answer.error_code, 35);
    let own = ApiVersion::default().with_api_key(18).with_min_version(0).with_max_version(4);
    assert_eq!(answer.api_keys, [own]);
    assert_eq!(raw.call(3, &request()).error_code, 0, "the connection goes on");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_response_header_has_no_tags_even_in_flexible_versions() {
    let here = start().await;
    let mut raw = here.connect();
    let id = raw.send(4, &request());

    let mut answer = raw.receive_frame();

    assert_eq!(answer.get_i32(), id);
    let answer = ApiVersionsResponse::decode(&mut answer, 4).unwrap();
    let produce = answer.api_keys.iter().find(|key| key.api_key == ApiKey::Produce as i16).unwrap();
    // KAFKA-18659: librdkafka before 2.8 turns features off unless versions 0 to 2 are listed.
    assert_eq!((produce.min_version, produce.max_version), (0, 13));
    assert!(answer.supported_features.iter().all(|feature| feature.min_version > 0), "KAFKA-17011");
}

#[tokio::test(flavor = "multi_thread")]
async fn other_apis_in_unserved_versions_end_the_connection() {
    use std::io::Write;
    let here = start().await;
    let mut raw = here.connect();

    raw.stream.write_all(&as_version(frame(1, 13, &MetadataRequest::default()), 14)).unwrap();

    assert!(raw.is_closed());
}
