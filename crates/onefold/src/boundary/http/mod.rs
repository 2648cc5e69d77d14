//! `[pipelines.NAME.to.http]`: each record becomes one request.
//!
//! The value goes out as it is, as JSON; `headers` and `body` can be set, with placeholders. What the answer means
//! stands in [`answer`]; what an error on the way means stands in [`error`]. One attempt, no retries: the runtime
//! decides about those. Redirects are not followed: a request with an effect goes where the settings say.

mod answer;
mod error;
mod request;

use super::{Attempt, BoxFuture, Effect, SinkTraits};
use crate::outcome::{Failure, Handled};
use crate::record::Record;
use crate::settings::HttpSettings;
use request::Request;
use std::time::Duration;

/// Requests to one endpoint.
#[derive(Debug)]
pub struct HttpEndpoint {
    client: reqwest::Client,
    request: Request,
    settings: HttpSettings,
}

/// Why an endpoint cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("the header {name}: {why}")]
    Secret { name: String, why: String },
    #[error("no HTTP client can be made: {0}")]
    Client(#[from] reqwest::Error),
}

impl HttpEndpoint {
    /// # Errors
    /// A secret cannot be read.
    pub fn new(settings: HttpSettings) -> Result<HttpEndpoint, HttpError> {
        // Whoever else runs in this process may have chosen one already; either will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            // Shorter than the whole, so that a host that does not answer is told from one that took the request.
            .connect_timeout(settings.timeout.mul_f64(0.8).min(Duration::from_secs(5)))
            .timeout(settings.timeout)
            .user_agent(concat!("onefold/", env!("CARGO_PKG_VERSION")))
            .build()?;
        let request = Request::new(&settings)?;
        Ok(HttpEndpoint { client, request, settings })
    }

    async fn attempt(&self, record: &Record) -> Handled {
        let request = self.request.render(record).map_err(Failure::poison)?;
        match self.client.execute(request).await {
            Ok(response) => answer::meaning(response, &self.settings.rejected).await,
            Err(why) => Err(error::meaning(&why)),
        }
    }
}

impl Effect for HttpEndpoint {
    fn run<'a>(&'a self, record: &'a Record, _: &'a Attempt) -> BoxFuture<'a, Handled> {
        Box::pin(self.attempt(record))
    }

    fn target(&self) -> String {
        crate::settings::without_users(&self.settings.url)
    }

    fn traits(&self) -> SinkTraits {
        SinkTraits::opaque(self.settings.method.name(), "the endpoint")
    }
}
