//! What a program does to a disk, one step at a time: the alphabet of the journal.

use std::ffi::OsString;
use std::sync::Arc;

/// Names a file or a directory for as long as the file system lives; never given twice.
pub type Ino = u64;

/// The directory that everything is in.
pub const ROOT: Ino = 1;

/// What a directory entry leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
}

/// One step. Steps that change something are lost in a power cut unless a sync came after them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Bytes into a file.
    Write {
        /// Which file.
        file: Ino,
        /// Where.
        offset: u64,
        /// What.
        data: Arc<[u8]>,
    },
    /// A new size: cut off, or filled up with zeros.
    Resize {
        /// Which file.
        file: Ino,
        /// How large now.
        size: u64,
    },
    /// A name for something, old or new.
    Link {
        /// In which directory.
        directory: Ino,
        /// The name.
        name: OsString,
        /// For what.
        target: Ino,
        /// What that is.
        kind: Kind,
    },
    /// A name is gone.
    Unlink {
        /// From which directory.
        directory: Ino,
        /// The name.
        name: OsString,
    },
    /// Another name, in one step.
    Rename {
        /// From which directory and name.
        from: (Ino, OsString),
        /// To which directory and name; what was there is gone.
        to: (Ino, OsString),
        /// What is renamed.
        target: Ino,
        /// What that is.
        kind: Kind,
    },
    /// A file's content is durable, and its size.
    SyncFile {
        /// Which file.
        file: Ino,
    },
    /// A directory's names are durable.
    SyncDirectory {
        /// Which directory.
        directory: Ino,
    },
}

impl Change {
    /// Whether it is a sync, after which a disk may forget less.
    #[must_use]
    pub const fn is_sync(&self) -> bool {
        matches!(self, Self::SyncFile { .. } | Self::SyncDirectory { .. })
    }

    /// The file whose content it changes, if it does.
    pub(crate) const fn file(&self) -> Option<Ino> {
        match self {
            Self::Write { file, .. } | Self::Resize { file, .. } => Some(*file),
            _ => None,
        }
    }

    /// The directory whose names it changes, if it does; of two, the one that gets a name.
    pub(crate) const fn directory(&self) -> Option<Ino> {
        match self {
            Self::Link { directory, .. } | Self::Unlink { directory, .. } => Some(*directory),
            Self::Rename { to, .. } => Some(to.0),
            _ => None,
        }
    }

    /// Whether it changes names in `wanted`.
    pub(crate) fn is_in(&self, wanted: Ino) -> bool {
        match self {
            Self::Link { directory, .. } | Self::Unlink { directory, .. } => *directory == wanted,
            // In one step: it is durable in both directories or in neither.
            Self::Rename { from, to, .. } => from.0 == wanted || to.0 == wanted,
            _ => false,
        }
    }

    /// How many bytes it carries.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Write { data, .. } => data.len(),
            _ => 0,
        }
    }
}
