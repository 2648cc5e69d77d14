//! Headers, read when somebody asks for them.
//!
//! Most handlers never look at headers, and librdkafka takes longer to give them out than for all the rest of a
//! message. So those of a record just polled stay with the client's message; they are read, and the message let go,
//! when somebody asks or when the record is to be kept.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::Header;

/// Messages whose headers are not read yet.
pub(crate) trait HeaderSource: Send + Sync {
    /// The headers of the nth message, in order.
    fn headers(&self, nth: u32) -> Vec<Header>;
}

/// The headers of one record, in order.
#[derive(Default)]
pub(crate) struct Headers {
    read: OnceLock<Vec<Header>>,
    from: Mutex<Option<(Arc<dyn HeaderSource>, u32)>>,
}

impl Headers {
    pub(crate) fn later(source: Arc<dyn HeaderSource>, nth: u32) -> Headers {
        Headers { read: OnceLock::new(), from: Mutex::new(Some((source, nth))) }
    }

    pub(super) fn get(&self) -> &[Header] {
        self.read.get_or_init(|| {
            let from = self.from.lock().unwrap_or_else(PoisonError::into_inner).take();
            from.map(|(source, nth)| source.headers(nth)).unwrap_or_default()
        })
    }

    pub(super) fn take(&mut self) -> Vec<Header> {
        self.get();
        self.read.take().unwrap_or_default()
    }
}

impl From<Vec<Header>> for Headers {
    fn from(headers: Vec<Header>) -> Headers {
        Headers { read: headers.into(), from: Mutex::default() }
    }
}

impl Clone for Headers {
    fn clone(&self) -> Headers {
        self.get().to_vec().into()
    }
}

impl PartialEq for Headers {
    fn eq(&self, other: &Headers) -> bool {
        self.get() == other.get()
    }
}

impl std::fmt::Debug for Headers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.get().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Two;

    impl HeaderSource for Two {
        fn headers(&self, nth: u32) -> Vec<Header> {
            vec![Header::new("nth", nth.to_string()); 2]
        }
    }

    #[test]
    fn the_source_is_let_go_when_the_headers_are_read() {
        let source = Arc::new(Two);
        let headers = Headers::later(source.clone(), 7);
        assert_eq!(Arc::strong_count(&source), 2);
        assert_eq!(headers.get(), vec![Header::new("nth", "7"); 2]);
        assert_eq!(Arc::strong_count(&source), 1);
        assert_eq!(headers.clone().get().len(), 2);
    }

    #[test]
    fn headers_that_nobody_read_are_read_when_they_are_taken() {
        let mut headers = Headers::later(Arc::new(Two), 1);
        assert_eq!(headers.take(), vec![Header::new("nth", "1"); 2]);
        assert_eq!(headers.take(), vec![]);
    }
}
