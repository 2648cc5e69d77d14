//! Where things lie in the source tree.

use std::path::{Path, PathBuf};

/// The root of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().map(Path::to_path_buf).unwrap_or_default()
}

/// The example that the README runs.
pub fn example() -> PathBuf {
    root().join("examples/payments")
}
