//! An open file of the simulated disk.

use super::SimDisk;
use crate::disk::{DiskFile, sync_failed};
use std::io::{self, IoSlice};

pub(super) struct SimFile {
    pub(super) disk: SimDisk,
    pub(super) inode: u64,
}

impl DiskFile for SimFile {
    fn read_at(&self, pos: u64, len: usize) -> io::Result<Vec<u8>> {
        let inner = self.disk.inner();
        let bytes = inner.world.bytes(self.inode);
        let from = usize::try_from(pos).unwrap_or(usize::MAX).min(bytes.len());
        let to = from.saturating_add(len).min(bytes.len());
        Ok(bytes[from..to].to_vec())
    }

    fn write_at(&self, parts: &[IoSlice<'_>], pos: u64) -> io::Result<()> {
        let bytes: Vec<u8> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let mut inner = self.disk.effect()?;
        if inner.faults.no_space_at == Some(inner.effects - 1) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let grows = (pos + bytes.len() as u64).saturating_sub(inner.world.bytes(self.inode).len() as u64);
        if let Some(capacity) = inner.faults.capacity {
            let free = capacity.saturating_sub(inner.world.size());
            if grows > free {
                // What fits is written: a short write is what a full disk gives first.
                let fits = bytes.len().saturating_sub((grows - free) as usize);
                inner.world.write(self.inode, pos, &bytes[..fits]);
                return Err(io::ErrorKind::StorageFull.into());
            }
        }
        inner.world.write(self.inode, pos, &bytes);
        Ok(())
    }

    fn sync_data(&self) -> io::Result<()> {
        let mut inner = self.disk.effect()?;
        if inner.faults.failed_sync_at == Some(inner.effects - 1) {
            inner.world.fail_sync(self.inode);
            return Err(sync_failed(io::Error::other("input/output error")));
        }
        inner.world.sync(self.inode);
        Ok(())
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.disk.effect()?.world.set_len(self.inode, len);
        Ok(())
    }

    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.inner().world.bytes(self.inode).len() as u64)
    }
}
