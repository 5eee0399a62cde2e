//! A small file system of a test's own, to fill up.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

/// Gone at the end.
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// One of so many megabytes; `None` without the right to mount.
    pub fn mount(megabytes: u32) -> Option<SmallDisk> {
        let folder = TempDir::with_prefix("weir-disk-").expect("a folder can be made");
        let size = format!("size={megabytes}m");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(folder.path()).output();
        done.is_ok_and(|o| o.status.success()).then_some(SmallDisk(folder))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Fills what is free of it with one file.
    pub fn fill(&self, path: &Path) {
        let mut file = File::create(path).expect("the ballast can be made");
        let mut size = 1 << 20;
        let zeros = vec![1_u8; size];
        while size > 0 {
            match file.write(&zeros[..size]) {
                Ok(0) | Err(_) => size /= 2,
                Ok(_) => {}
            }
        }
        // A full file system may say so only now; it is full either way.
        let _ = file.sync_all();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
