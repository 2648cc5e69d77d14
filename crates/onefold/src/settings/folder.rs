//! Whether a file can be made where the settings want it, found out before a run needs it.

use std::path::Path;

/// Why this file cannot be made; `None` where it is there, or can be. Tried: a folder that takes nothing (of a read-only
/// disk, of somebody else) does not say so in any other way. Nothing stays behind.
pub(super) fn cannot_be_made(file: &Path) -> Option<String> {
    if file.is_dir() {
        return Some(format!("{} is a folder", file.display()));
    }
    let folder = file.ancestors().skip(1).find(|folder| folder.exists() || folder.as_os_str().is_empty())?;
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    if !folder.is_dir() {
        return Some(format!("{} is a file, and no folder", folder.display()));
    }
    if file.exists() {
        return None;
    }
    let probe = folder.join(format!(".onefold-check-{}", std::process::id()));
    match std::fs::create_dir(&probe) {
        Ok(()) => {
            // Empty, and its name is this process's own.
            let _ = std::fs::remove_dir(&probe);
            None
        }
        Err(why) if why.kind() == std::io::ErrorKind::AlreadyExists => None,
        Err(why) => Some(format!("nothing can be made in {}: {why}", folder.display())),
    }
}

#[cfg(test)]
mod tests {
    use super::cannot_be_made;

    #[test]
    fn a_folder_that_takes_nothing_is_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| cannot_be_made(&folder.path().join(path));
        std::fs::write(folder.path().join("notes.txt"), "no folder").unwrap();
        assert_eq!(at("a/b/c.db"), None);
        assert_eq!(at("notes.txt"), None, "it is there");
        assert!(at("").unwrap().contains("is a folder"));
        assert!(at("notes.txt/a/b.db").unwrap().contains("notes.txt is a file, and no folder"));
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "nothing stays behind");
        #[cfg(target_os = "linux")]
        assert!(cannot_be_made("/proc/gone/a.db".as_ref()).unwrap().contains("nothing can be made in /proc"));
    }
}
