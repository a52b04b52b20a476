//! Where a file that must be whole or absent is written: beside its target, to be renamed when it is complete. What is
//! there and no plain file (a device, a pipe, a link) is written to as it is, never replaced.

use std::io;
use std::path::{Path, PathBuf};

/// Where to write, on the way to a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whole {
    target: PathBuf,
    partial: Option<PathBuf>,
}

impl Whole {
    /// On the way to `target`.
    pub fn new(target: &Path) -> Self {
        let replaceable = std::fs::symlink_metadata(target).map_or(true, |there| there.is_file());
        let partial = replaceable.then(|| {
            let mut name = target.as_os_str().to_owned();
            name.push(".partial");
            PathBuf::from(name)
        });
        Self { target: target.to_owned(), partial }
    }

    /// The file to write to.
    pub fn path(&self) -> &Path {
        self.partial.as_deref().unwrap_or(&self.target)
    }

    /// It is complete: gives it its name.
    pub fn complete(&self) -> io::Result<()> {
        self.partial.as_ref().map_or(Ok(()), |partial| std::fs::rename(partial, &self.target))
    }

    /// It will not be: leaves nothing behind.
    pub fn give_up(&self) {
        if let Some(partial) = &self.partial {
            let _ = std::fs::remove_file(partial);
        }
    }

    /// Writes `text` as the whole content.
    pub fn write(target: &Path, text: &str) -> io::Result<()> {
        let whole = Self::new(target);
        let written = std::fs::write(whole.path(), text).and_then(|()| whole.complete());
        if written.is_err() {
            whole.give_up();
        }
        written
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::Whole;

    #[test]
    fn a_link_stays_a_link_and_a_file_appears_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        let (file, link) = (dir.path().join("file"), dir.path().join("link"));
        Whole::write(&file, "one").expect("written");
        std::os::unix::fs::symlink(&file, &link).expect("linked");
        Whole::write(&link, "two").expect("written through the link");
        assert!(std::fs::symlink_metadata(&link).expect("there").is_symlink());
        assert_eq!(std::fs::read_to_string(&file).expect("read"), "two");
        assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 2, "no partial file is left");
    }
}
