//! A tree of directories and files in memory: what is on a disk, or what programs see of it.
//!
//! Owners, permissions and times are not kept: nothing that is tested here depends on them.

use crate::change::{Change, Ino, Kind, ROOT};
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::{Component, Path};
use std::{fs, io};

/// The tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    nodes: BTreeMap<Ino, Node>,
}

/// A file's content, or a directory's names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node {
    /// A regular file.
    File(Vec<u8>),
    /// A directory.
    Directory(BTreeMap<OsString, Ino>),
}

impl Node {
    /// What it is.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::File(_) => Kind::File,
            Self::Directory(_) => Kind::Directory,
        }
    }

    fn empty(kind: Kind) -> Self {
        match kind {
            Kind::File => Self::File(Vec::new()),
            Kind::Directory => Self::Directory(BTreeMap::new()),
        }
    }
}

impl Default for Image {
    /// An empty directory.
    fn default() -> Self {
        let root = Node::empty(Kind::Directory);
        Self {
            nodes: BTreeMap::from([(ROOT, root)]),
        }
    }
}

impl Image {
    /// What is at `ino`.
    #[must_use]
    pub fn node(&self, ino: Ino) -> Option<&Node> {
        self.nodes.get(&ino)
    }

    /// A file's content.
    #[must_use]
    pub fn file(&self, ino: Ino) -> Option<&[u8]> {
        match self.nodes.get(&ino)? {
            Node::File(content) => Some(content),
            Node::Directory(_) => None,
        }
    }

    /// A directory's names.
    #[must_use]
    pub fn directory(&self, ino: Ino) -> Option<&BTreeMap<OsString, Ino>> {
        match self.nodes.get(&ino)? {
            Node::Directory(names) => Some(names),
            Node::File(_) => None,
        }
    }

    /// What a path from the root leads to.
    #[must_use]
    pub fn find(&self, path: &Path) -> Option<Ino> {
        let mut at = ROOT;
        for component in path.components() {
            match component {
                Component::Normal(name) => at = *self.directory(at)?.get(name)?,
                Component::RootDir | Component::CurDir => {}
                Component::ParentDir | Component::Prefix(_) => return None,
            }
        }
        Some(at)
    }

    /// How many bytes all files have together.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        let content = self.nodes.values().map(|node| match node {
            Node::File(content) => content.len() as u64,
            Node::Directory(_) => 0,
        });
        content.sum()
    }

    /// How many files and directories there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Never: there is always the root.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The largest number in use.
    pub(crate) fn last_ino(&self) -> Ino {
        self.nodes.keys().next_back().copied().unwrap_or(ROOT)
    }

    /// Does one step; a sync changes nothing that is seen.
    pub fn apply(&mut self, change: &Change) {
        match change {
            Change::Write { file, offset, data } => self.write(*file, *offset, data),
            Change::Resize { file, size } => self.content(*file).resize(position(*size), 0),
            Change::Link {
                directory,
                name,
                target,
                kind,
            } => self.link((*directory, name), *target, *kind),
            Change::Unlink { directory, name } => {
                self.names(*directory).remove(name);
            }
            Change::Rename {
                from,
                to,
                target,
                kind,
            } => {
                // Only if it still leads there: after a power cut it may not.
                let names = self.names(from.0);
                if names.get(&from.1) == Some(target) {
                    names.remove(&from.1);
                }
                self.link((to.0, &to.1), *target, *kind);
            }
            Change::SyncFile { .. } | Change::SyncDirectory { .. } => {}
        }
    }

    /// Writes, and fills what is skipped with zeros.
    pub(crate) fn write(&mut self, file: Ino, offset: u64, data: &[u8]) {
        let content = self.content(file);
        let start = position(offset);
        let end = start + data.len();
        if content.len() < end {
            content.resize(end, 0);
        }
        content[start..end].copy_from_slice(data);
    }

    /// A file's content, to be changed; the file is made if there is none.
    pub(crate) fn content(&mut self, file: Ino) -> &mut Vec<u8> {
        let node = self.nodes.entry(file);
        let node = node.or_insert_with(|| Node::empty(Kind::File));
        if let Node::Directory(_) = node {
            *node = Node::empty(Kind::File);
        }
        match node {
            Node::File(content) => content,
            Node::Directory(_) => unreachable!("it was just made a file"),
        }
    }

    /// Removes what no name leads to, unless `kept` says otherwise.
    pub(crate) fn prune(&mut self, kept: impl Fn(Ino) -> bool) {
        let mut reached = BTreeSet::from([ROOT]);
        let mut open = vec![ROOT];
        while let Some(at) = open.pop() {
            let names = self.directory(at).into_iter().flatten();
            let new: Vec<Ino> = names
                .map(|(_, ino)| *ino)
                .filter(|ino| !reached.contains(ino))
                .collect();
            reached.extend(&new);
            open.extend(new);
        }
        self.nodes
            .retain(|ino, _| reached.contains(ino) || kept(*ino));
    }

    /// Copies it into a directory of another file system.
    pub fn copy_to(&self, target: &Path) -> io::Result<()> {
        self.copy_directory(ROOT, target)
    }

    /// A tree like that in a directory of another file system.
    pub fn copy_from(source: &Path) -> io::Result<Self> {
        let mut image = Self::default();
        let mut next = ROOT + 1;
        image.read_directory(ROOT, source, &mut next)?;
        Ok(image)
    }

    fn copy_directory(&self, ino: Ino, target: &Path) -> io::Result<()> {
        fs::create_dir_all(target)?;
        for (name, ino) in self.directory(ino).into_iter().flatten() {
            let target = target.join(name);
            match self.node(*ino) {
                Some(Node::File(content)) => fs::write(target, content)?,
                Some(Node::Directory(_)) => self.copy_directory(*ino, &target)?,
                None => {}
            }
        }
        Ok(())
    }

    fn read_directory(&mut self, ino: Ino, source: &Path, next: &mut Ino) -> io::Result<()> {
        for entry in fs::read_dir(source)? {
            let entry = entry?;
            let target = *next;
            *next += 1;
            let is_directory = entry.file_type()?.is_dir();
            let kind = if is_directory {
                Kind::Directory
            } else {
                Kind::File
            };
            self.link((ino, &entry.file_name()), target, kind);
            if is_directory {
                self.read_directory(target, &entry.path(), next)?;
            } else {
                *self.content(target) = fs::read(entry.path())?;
            }
        }
        Ok(())
    }

    fn link(&mut self, (directory, name): (Ino, &OsStr), target: Ino, kind: Kind) {
        let node = self.nodes.entry(target);
        node.or_insert_with(|| Node::empty(kind));
        self.names(directory).insert(name.to_owned(), target);
    }

    /// A directory's names, to be changed; it is made if there is none.
    fn names(&mut self, directory: Ino) -> &mut BTreeMap<OsString, Ino> {
        let node = self.nodes.entry(directory);
        let node = node.or_insert_with(|| Node::empty(Kind::Directory));
        if let Node::File(_) = node {
            *node = Node::empty(Kind::Directory);
        }
        match node {
            Node::Directory(names) => names,
            Node::File(_) => unreachable!("it was just made a directory"),
        }
    }
}

/// A place in a file, as memory counts. On 64 bits they are the same.
fn position(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}
