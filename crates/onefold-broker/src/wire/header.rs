//! The request header: which API, which version, whose answer.

use kafka_protocol::messages::ApiKey;

use super::Malformed;
use super::reader::Reader;

/// A request's header, versions 1 and 2.
#[derive(Debug, Clone)]
pub(super) struct Header {
    pub(super) api: ApiKey,
    pub(super) version: i16,
    pub(super) correlation_id: i32,
    pub(super) client_id: Option<String>,
}

impl Header {
    /// Reads the header of a frame; returns it with the length it took.
    ///
    /// ApiVersions in a version nobody knows yet is read no further than its correlation id: it must be answered, and the
    /// rest of its header may have any form (KIP-511).
    pub(super) fn parse(frame: &[u8]) -> Result<(Header, usize), HeaderError> {
        let mut reader = Reader::new(frame, false);
        let key = reader.i16()?;
        let version = reader.i16()?;
        let correlation_id = reader.i32()?;
        let api = ApiKey::try_from(key).map_err(|()| HeaderError::UnknownApi { key, version })?;
        let mut header = Header { api, version, correlation_id, client_id: None };
        let served = super::versions::served(api).ok_or(HeaderError::UnknownApi { key, version })?;
        if !served.contains(&version) {
            return match api {
                ApiKey::ApiVersions => Ok((header, reader.at())),
                _ => Err(HeaderError::Unsupported { api, version }),
            };
        }
        // In every version of the header the client id is an old-style string (KIP-482).
        header.client_id = reader.string()?.map(str::to_owned);
        let mut at = reader.at();
        if api.request_header_version(version) >= 2 {
            let mut tags = Reader::new(&frame[at..], true);
            tags.skip_tags()?;
            at += tags.at();
        }
        Ok((header, at))
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum HeaderError {
    #[error("request of unknown API {key} (version {version})")]
    UnknownApi { key: i16, version: i16 },
    #[error("{api:?} in version {version} is not served; ApiVersions lists what is")]
    Unsupported { api: ApiKey, version: i16 },
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(key: i16, version: i16, rest: &[u8]) -> Vec<u8> {
        [&key.to_be_bytes()[..], &version.to_be_bytes(), &7i32.to_be_bytes(), rest].concat()
    }

    #[test]
    fn the_client_id_keeps_its_old_form_in_flexible_headers() {
        let (header, length) = Header::parse(&frame(18, 3, &[0, 2, b'm', b'e', 0, 0xaa])).unwrap();
        assert_eq!((header.client_id.as_deref(), header.correlation_id, length), (Some("me"), 7, 13));
    }

    #[test]
    fn an_unknown_version_of_api_versions_is_still_a_request() {
        let (header, _) = Header::parse(&frame(18, 99, &[])).unwrap();
        assert_eq!(header.version, 99);
        assert!(matches!(Header::parse(&frame(3, 99, &[])), Err(HeaderError::Unsupported { .. })));
        assert!(matches!(Header::parse(&frame(999, 0, &[])), Err(HeaderError::UnknownApi { .. })));
    }
}
