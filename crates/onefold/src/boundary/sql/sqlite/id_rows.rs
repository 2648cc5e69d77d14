//! Identity rows outside any effect's transaction: for protocols that mark after the effect.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use onefold_core::identity::{Claim, Identity, RowState};

use super::writer::{Mark, Writer};
use super::{claim, down_at, ids, named_error, schema};
use crate::boundary::sink::SinkError;

/// The identity rows of one group in a file.
pub(crate) struct IdRows {
    writer: Arc<Writer>,
    path: PathBuf,
    group: Arc<str>,
    keep_ms: i64,
}

impl IdRows {
    pub(crate) fn open(path: &Path, group: &str, keep: Duration) -> Result<IdRows, SinkError> {
        let writer = Writer::of(path)?;
        let (path, at) = (path.to_path_buf(), path.to_path_buf());
        writer.call_blocking(move |conn, _| conn.execute_batch(schema::TABLES).map_err(|why| down_at(&at, &why)))?;
        Ok(IdRows { writer, path, group: group.into(), keep_ms: i64::try_from(keep.as_millis()).unwrap_or(i64::MAX) })
    }

    pub(crate) async fn look_up(&self, identity: Identity, digest: [u8; 16]) -> Result<Claim, SinkError> {
        let read = self.writer.read(move |conn, own| ids::look_up(own, conn, &identity, &digest).map_err(claim::down));
        read.await.map_err(|why| named_error(&self.path, why))
    }

    pub(crate) async fn mark(&self, identity: Identity, digest: [u8; 16], state: RowState) -> Result<(), SinkError> {
        let mark = self.writer.mark(Mark { group: self.group.clone(), identity, digest, state });
        mark.await.map_err(|why| named_error(&self.path, why))
    }

    /// A few of them; returns how many.
    pub(crate) async fn forget_old(&self) -> Result<usize, SinkError> {
        let (group, before) = (self.group.clone(), super::now_ms().saturating_sub(self.keep_ms));
        let forgot =
            self.writer.call(move |conn, own| ids::forget_older(own, conn, &group, before).map_err(claim::down));
        forgot.await.map_err(|why| named_error(&self.path, why))
    }
}
