//! Shows a device to programs.

use crate::device::Device;
use crate::fuse::Adapter;
use fuser::{BackgroundSession, Config, MountOption};
use nix::mount::{MntFlags, umount2};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// How many calls may wait at once: a slow sync holds up one of them.
const THREADS: usize = 4;

/// A mounted device. Dropping it unmounts, as soon as nothing in it is open any more.
#[derive(Debug)]
pub struct Mounted {
    session: Option<BackgroundSession>,
    path: PathBuf,
}

/// Mounting or unmounting did not work.
#[derive(Debug, thiserror::Error)]
pub enum MountError {
    /// Mounting.
    #[error(
        "mounting a FUSE file system at {}: it takes /dev/fuse (modprobe fuse), and root or a user \
         namespace (unshare --user --map-root-user --mount)",
        path.display()
    )]
    Mount {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Unmounting.
    #[error("unmounting {}", path.display())]
    Unmount {
        /// Where.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

impl Mounted {
    /// Mounts at an existing directory. Whoever owns that owns everything in it.
    pub fn new(device: Arc<Device>, path: &Path) -> Result<Self, MountError> {
        let failed = |source| MountError::Mount {
            path: path.to_owned(),
            source,
        };
        let owner = path.metadata().map_err(failed)?;
        let adapter = Adapter::new(device, (owner.uid(), owner.gid()));
        let mut config = Config::default();
        config.n_threads = Some(THREADS);
        config.mount_options = vec![
            MountOption::FSName("faultfs".to_owned()),
            MountOption::Subtype("faultfs".to_owned()),
        ];
        let session = fuser::spawn_mount(adapter, path, &config).map_err(failed)?;
        Ok(Self {
            session: Some(session),
            path: path.to_owned(),
        })
    }

    /// Where programs see it.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Unmounts, and waits until what is still open in it is closed and the last call is answered.
    pub fn unmount(mut self) -> Result<(), MountError> {
        let path = self.path.clone();
        let failed = |source| MountError::Unmount { path, source };
        let Some(session) = self.session.take() else {
            return Ok(());
        };
        match detach(&self.path, MntFlags::empty()) {
            Ok(()) => session.join().map_err(failed),
            Err(source) => Err(failed(source)),
        }
    }
}

impl Drop for Mounted {
    /// Does not wait, and breaks off whatever is going on in it: a call that nobody will answer would
    /// keep its process from ending.
    fn drop(&mut self) {
        if self.session.is_some()
            && let Err(error) = detach(&self.path, MntFlags::MNT_FORCE)
        {
            eprintln!("faultfs: unmounting {}: {error}", self.path.display());
        }
    }
}

/// Takes it out of the tree at once; it is gone when nothing in it is open any more.
fn detach(path: &Path, how: MntFlags) -> io::Result<()> {
    Ok(umount2(path, MntFlags::MNT_DETACH | how)?)
}
