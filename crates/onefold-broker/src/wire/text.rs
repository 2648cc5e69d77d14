//! Strings between the codec (slices of the request) and what outlives it.

use kafka_protocol::protocol::StrBytes;

/// A string of its own, which does not keep the request's bytes.
pub(super) fn own(text: &StrBytes) -> String {
    text.as_str().to_owned()
}

pub(super) fn own_option(text: Option<&StrBytes>) -> Option<String> {
    text.map(own)
}

pub(super) fn put(text: String) -> StrBytes {
    StrBytes::from_string(text)
}

pub(super) fn put_option(text: Option<String>) -> Option<StrBytes> {
    text.map(put)
}
