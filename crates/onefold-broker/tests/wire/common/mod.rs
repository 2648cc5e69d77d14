//! A broker in a temporary folder, and a raw client.

pub mod batch;
pub mod gate;
pub mod group;
pub mod raw;
pub mod topics;

use onefold_broker::{Broker, BrokerSettings};
use tempfile::TempDir;

pub use batch::{Batch, batch};
pub use raw::Raw;

/// A broker whose folder goes with it.
pub struct Here {
    pub broker: Broker,
    pub folder: TempDir,
}

impl Here {
    pub fn connect(&self) -> Raw {
        Raw::connect(self.broker.address())
    }

    /// Stops the broker and starts another one on the same folder.
    pub async fn restart(self) -> Here {
        let Here { broker, folder } = self;
        broker.shutdown().await;
        start_in(folder, |settings| settings).await
    }
}

pub async fn start() -> Here {
    start_with(|settings| settings).await
}

pub async fn start_with(change: impl FnOnce(BrokerSettings) -> BrokerSettings) -> Here {
    start_in(tempfile::tempdir().unwrap(), change).await
}

pub async fn start_in(folder: TempDir, change: impl FnOnce(BrokerSettings) -> BrokerSettings) -> Here {
    let settings = change(BrokerSettings::new(folder.path().join("broker")));
    Here { broker: Broker::start(settings).await.unwrap(), folder }
}
