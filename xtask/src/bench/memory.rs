//! Memory that the machine really has: the host of a virtual machine takes back pages that lie free for some seconds, and
//! getting one again takes ten times as long as writing to it. Who runs first would pay for that, and not who runs next.

use std::{
    fs::{self, File},
    io::Write,
    path::Path,
};

/// Takes so many MiB of page cache and gives them back at once, so that what is measured next finds them backed. Hardly any
/// of it reaches the disk: the file is gone before the kernel begins to write it.
pub fn warm(folder: &Path, mib: usize) -> anyhow::Result<()> {
    let path = folder.join("warm");
    let mut file = File::create(&path)?;
    let block = vec![1; 1 << 20];
    let written = (0..mib).try_for_each(|_| file.write_all(&block));
    fs::remove_file(&path)?;
    Ok(written?)
}
