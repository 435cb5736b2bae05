//! What programs ask of the device.

use super::{Device, State};
use crate::change::{Change, Ino, Kind};
use crate::faults::Space;
use crate::image::Node;
use crate::refusal::Refusal;
use std::ffi::{OsStr, OsString};

/// What there is to know about a file or a directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attributes {
    pub(crate) ino: Ino,
    pub(crate) kind: Kind,
    pub(crate) size: u64,
}

/// A directory's names at one moment.
pub(crate) type Listing = Vec<(OsString, Ino, Kind)>;

impl Device {
    pub(crate) fn look_up(&self, directory: Ino, name: &OsStr) -> Result<Attributes, Refusal> {
        self.refusing(|state| {
            let ino = state.entry(directory, name)?.ok_or(Refusal::NotFound)?;
            state.attributes(ino)
        })
    }

    pub(crate) fn attributes(&self, ino: Ino) -> Result<Attributes, Refusal> {
        self.refusing(|state| state.attributes(ino))
    }

    pub(crate) fn resize(&self, file: Ino, size: u64) -> Result<Attributes, Refusal> {
        self.refusing(|state| {
            let before = state.attributes(file)?;
            if before.kind == Kind::Directory {
                return Err(Refusal::IsADirectory);
            }
            if size != before.size {
                state.check_space(size > before.size)?;
                state.step(Change::Resize { file, size });
            }
            state.attributes(file)
        })
    }

    pub(crate) fn make(
        &self,
        directory: Ino,
        name: &OsStr,
        kind: Kind,
    ) -> Result<Attributes, Refusal> {
        self.refusing(|state| {
            if state.entry(directory, name)?.is_some() {
                return Err(Refusal::Exists);
            }
            state.check_space(true)?;
            let target = state.next_ino;
            state.next_ino += 1;
            state.step(Change::Link {
                directory,
                name: name.to_owned(),
                target,
                kind,
            });
            state.attributes(target)
        })
    }

    pub(crate) fn remove(&self, directory: Ino, name: &OsStr, wanted: Kind) -> Result<(), Refusal> {
        self.refusing(|state| {
            let target = state.entry(directory, name)?.ok_or(Refusal::NotFound)?;
            state.check_replaceable(target, wanted)?;
            let name = name.to_owned();
            state.step(Change::Unlink { directory, name });
            state.forget_unused();
            Ok(())
        })
    }

    pub(crate) fn rename(&self, from: (Ino, &OsStr), to: (Ino, &OsStr)) -> Result<(), Refusal> {
        self.refusing(|state| {
            let target = state.entry(from.0, from.1)?.ok_or(Refusal::NotFound)?;
            let kind = state.attributes(target)?.kind;
            if let Some(replaced) = state.entry(to.0, to.1)? {
                if replaced == target {
                    return Ok(());
                }
                state.check_replaceable(replaced, kind)?;
            }
            state.step(Change::Rename {
                from: (from.0, from.1.to_owned()),
                to: (to.0, to.1.to_owned()),
                target,
                kind,
            });
            state.forget_unused();
            Ok(())
        })
    }

    pub(crate) fn open(&self, file: Ino) -> Result<u64, Refusal> {
        self.refusing(|state| match state.attributes(file)?.kind {
            Kind::Directory => Err(Refusal::IsADirectory),
            Kind::File => {
                let handle = state.new_handle();
                state.files.insert(handle, file);
                Ok(handle)
            }
        })
    }

    pub(crate) fn read(&self, handle: u64, offset: u64, size: u32) -> Result<Vec<u8>, Refusal> {
        self.refusing(|state| {
            let file = state.opened(handle)?;
            let content = state.live.file(file).ok_or(Refusal::NotFound)?;
            let start = usize::try_from(offset).map_or(content.len(), |o| o.min(content.len()));
            let wanted = usize::try_from(size).unwrap_or(usize::MAX);
            let end = start.saturating_add(wanted).min(content.len());
            Ok(content[start..end].to_vec())
        })
    }

    pub(crate) fn write(&self, handle: u64, offset: u64, data: &[u8]) -> Result<(), Refusal> {
        self.refusing(|state| {
            let file = state.opened(handle)?;
            let size = state.attributes(file)?.size;
            state.check_space(offset + data.len() as u64 > size)?;
            state.counts.writes += 1;
            let data = data.into();
            state.step(Change::Write { file, offset, data });
            Ok(())
        })
    }

    pub(crate) fn sync_file(&self, handle: u64) -> Result<(), Refusal> {
        self.sync(|state| {
            let file = state.opened(handle)?;
            Ok(Change::SyncFile { file })
        })
    }

    pub(crate) fn close(&self, handle: u64) {
        let mut state = self.lock();
        if state.files.remove(&handle).is_some() {
            state.forget_unused();
        }
        state.listings.remove(&handle);
    }

    /// Opens a directory: it is listed as it is now.
    pub(crate) fn open_directory(&self, directory: Ino) -> Result<u64, Refusal> {
        self.refusing(|state| {
            let names = state
                .live
                .directory(directory)
                .ok_or(Refusal::NotADirectory)?;
            let kind = |ino| state.live.node(ino).map_or(Kind::File, Node::kind);
            let listing = names
                .iter()
                .map(|(name, ino)| (name.clone(), *ino, kind(*ino)));
            let listing = listing.collect();
            let handle = state.new_handle();
            state.listings.insert(handle, listing);
            Ok(handle)
        })
    }

    pub(crate) fn list(&self, handle: u64) -> Result<Listing, Refusal> {
        self.refusing(|state| state.listings.get(&handle).cloned().ok_or(Refusal::Io))
    }

    pub(crate) fn sync_directory(&self, handle: u64, directory: Ino) -> Result<(), Refusal> {
        self.sync(|state| {
            // It must have been opened since the last cut.
            state.listings.get(&handle).ok_or(Refusal::Io)?;
            Ok(Change::SyncDirectory { directory })
        })
    }
}

impl State {
    fn entry(&self, directory: Ino, name: &OsStr) -> Result<Option<Ino>, Refusal> {
        let names = self.live.directory(directory);
        let names = names.ok_or_else(|| match self.live.node(directory) {
            Some(_) => Refusal::NotADirectory,
            None => Refusal::NotFound,
        })?;
        Ok(names.get(name).copied())
    }

    fn attributes(&self, ino: Ino) -> Result<Attributes, Refusal> {
        let node = self.live.node(ino).ok_or(Refusal::NotFound)?;
        let size = match node {
            Node::File(content) => content.len() as u64,
            Node::Directory(names) => names.len() as u64,
        };
        let kind = node.kind();
        Ok(Attributes { ino, kind, size })
    }

    fn check_space(&self, grows: bool) -> Result<(), Refusal> {
        match self.faults.space {
            Space::Full => Err(Refusal::NoSpace),
            Space::NoGrowth if grows => Err(Refusal::NoSpace),
            Space::NoGrowth | Space::Free => Ok(()),
        }
    }

    /// Whether `target` may go, to make room for or as something of this kind.
    fn check_replaceable(&self, target: Ino, wanted: Kind) -> Result<(), Refusal> {
        match (self.live.node(target), wanted) {
            (Some(Node::File(_)), Kind::File) => Ok(()),
            (Some(Node::File(_)), Kind::Directory) => Err(Refusal::NotADirectory),
            (Some(Node::Directory(_)), Kind::File) => Err(Refusal::IsADirectory),
            (Some(Node::Directory(names)), Kind::Directory) if names.is_empty() => Ok(()),
            (Some(Node::Directory(_)), Kind::Directory) => Err(Refusal::NotEmpty),
            (None, _) => Err(Refusal::NotFound),
        }
    }

    fn opened(&self, handle: u64) -> Result<Ino, Refusal> {
        // What was open when the power went is gone.
        self.files.get(&handle).copied().ok_or(Refusal::Io)
    }

    fn new_handle(&mut self) -> u64 {
        self.next_handle += 1;
        self.next_handle
    }

    /// A file without a name lives as long as it is open.
    fn forget_unused(&mut self) {
        let files = &self.files;
        self.live
            .prune(|ino| files.values().any(|open| *open == ino));
    }
}
