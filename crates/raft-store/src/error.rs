//! What can go wrong with a node's storage. Every one of these is fatal to the node.

use crate::codec::CodecError;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// A node's storage cannot be used, or no longer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A file or a directory.
    #[error("{doing} {}", path.display())]
    Io {
        /// What we were doing to it.
        doing: &'static str,
        /// Which.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The log's database.
    #[error("{doing} in the log's database")]
    Database {
        /// What we were doing.
        doing: &'static str,
        /// What it says.
        source: io::Error,
    },
    /// The database gave up on what it found.
    #[error(
        "the log's database {} is damaged beyond what it can say: remove the node from the cluster \
         and add it again with an empty directory",
        .0.display()
    )]
    DatabasePanic(PathBuf),
    /// One process at a time.
    #[error("data directory {} is in use by another process: stop it, or use another directory", .0.display())]
    Locked(PathBuf),
    /// Written by a newer release.
    #[error(
        "data directory {} has format {found}, and this release knows formats up to {supported}: \
         start the newer release, or remove the node from the cluster and add it again with an \
         empty directory",
        path.display()
    )]
    NewerFormat {
        /// Which directory.
        path: PathBuf,
        /// What it says.
        found: u32,
        /// What we know.
        supported: u32,
    },
    /// Written before this release's format: no release reads it.
    #[error(
        "data directory {} has format {found}, and this release knows format {supported} alone: remove the \
         node from the cluster and add it again with an empty directory, or start the release that wrote it",
        path.display()
    )]
    OlderFormat {
        /// Which directory.
        path: PathBuf,
        /// What it says.
        found: u32,
        /// What we know.
        supported: u32,
    },
    /// The format file says something else.
    #[error(
        "{} does not name a data format but says {content:?}: this is not a data directory of \
         gatewayd, or it is damaged",
        path.display()
    )]
    UnknownFormat {
        /// Which file.
        path: PathBuf,
        /// What it says, shortened.
        content: String,
    },
    /// A directory with something in it, but no format file.
    #[error(
        "{} is not empty and has no format file: this is not a data directory of gatewayd, or it \
         is damaged; use an empty directory",
        .0.display()
    )]
    NotOurs(PathBuf),
    /// A link leads who knows where.
    #[error(
        "{} is a symbolic link: gatewayd follows none; name the directory itself (GATEWAY_DATA_DIR), \
         or remove the link",
        .0.display()
    )]
    SymbolicLink(PathBuf),
    /// Something else has the directory's name.
    #[error("data directory {} is not a directory: use another name, or remove it", .0.display())]
    NotADirectory(PathBuf),
    /// Another user could read or change it.
    #[error(
        "{} belongs to user {owner}, and gatewayd runs as user {user}: run it as that user, or give \
         it the directory (chown -R)",
        path.display()
    )]
    ForeignOwner {
        /// What.
        path: PathBuf,
        /// The user id that it belongs to.
        owner: u32,
        /// The user id of this process.
        user: u32,
    },
    /// A part of the data directory is gone.
    #[error(
        "{} is missing from the data directory: it was removed after the node had started; remove \
         the node from the cluster and add it again with an empty directory",
        .0.display()
    )]
    MissingPart(PathBuf),
    /// The secret is not the one that was made with the directory.
    #[error(
        "{} seals what other members note of this node, and {reason}: they could not tell it that its disk \
         went back; restore that file, or remove the node from the cluster and add it again with an empty \
         directory (with TLS: with a new key)",
        path.display()
    )]
    NoSecret {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The directory belongs to another node.
    #[error(
        "data directory {} belongs to node {found}, not to node {expected}: a node must never \
         take over another's log; correct the configured node id or the directory",
        path.display()
    )]
    ForeignNode {
        /// Which directory.
        path: PathBuf,
        /// Whose it is.
        found: u64,
        /// Who asks.
        expected: u64,
    },
    /// The file with the cluster's id says something else.
    #[error(
        "{} does not name a cluster but says {content:?}: it is damaged; remove the node from the \
         cluster and add it again with an empty directory",
        path.display()
    )]
    UnknownClusterId {
        /// Which file.
        path: PathBuf,
        /// What it says, shortened.
        content: String,
    },
    /// Two clusters in one directory.
    #[error(
        "data directory {} belongs to cluster {file}, and the state in it to cluster {state}: parts of \
         two directories were mixed; restore the one that was there, or remove the node from the \
         cluster and add it again with an empty directory",
        path.display()
    )]
    ForeignCluster {
        /// Which directory.
        path: PathBuf,
        /// What the file says, in hexadecimal digits.
        file: String,
        /// What the state says, in hexadecimal digits.
        state: String,
    },
    /// A record whose checksum or shape is wrong.
    #[error("{what} is damaged on disk: {reason}")]
    DamagedRecord {
        /// Which record.
        what: String,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A record with a good checksum that does not decode: another release's, or a bug.
    #[error("decoding {what}")]
    Undecodable {
        /// Which record.
        what: String,
        /// What is wrong with it.
        source: CodecError,
    },
    /// An entry is missing in the middle of the log.
    #[error("the log has no entry {0}, though it has later ones")]
    Hole(u64),
    /// openraft must append without a gap.
    #[error("an entry with index {found} was appended where {expected} must follow")]
    NotContiguous {
        /// The next index.
        expected: u64,
        /// What was appended.
        found: u64,
    },
    /// openraft must not truncate what it has purged.
    #[error("truncation after entry {after} reaches into the log purged up to {purged}")]
    TruncatesPurged {
        /// The last entry to keep.
        after: u64,
        /// The last purged entry.
        purged: u64,
    },
    /// One entry is too large.
    #[error("entry {index} has {bytes} bytes: at most {limit} can be stored")]
    TooLarge {
        /// Which entry.
        index: u64,
        /// Its size.
        bytes: usize,
        /// The largest size.
        limit: usize,
    },
    /// The log ends before an entry that this node has acknowledged.
    #[error(
        "the log ends at {last:?}, but this node has acknowledged entry {known}: the disk has lost \
         the end of the log; remove the node from the cluster and add it again with an \
         empty directory"
    )]
    LostTail {
        /// The last index there is.
        last: Option<u64>,
        /// An index that must be there.
        known: u64,
    },
    /// An entry that a later one has replaced.
    #[error(
        "log entry {0} is not the one that this node has acknowledged: the disk has lost the end of \
         the log; remove the node from the cluster and add it again with an empty directory"
    )]
    StaleEntry(u64),
    /// The vote is older than one that this node has given.
    #[error(
        "the vote is of term {vote:?}, but this node has voted or written in term {known}: the disk \
         has lost the vote; remove the node from the cluster and add it again with an \
         empty directory"
    )]
    LostVote {
        /// The vote's term.
        vote: Option<u64>,
        /// A term that it must have reached.
        known: u64,
    },
    /// A snapshot file whose checksum or shape is wrong.
    #[error(
        "snapshot {} is damaged: {reason}; the log before it may be purged, so an older one will \
         not do. Remove the node from the cluster and add it again with an empty directory",
        path.display()
    )]
    DamagedSnapshot {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A snapshot from a peer whose checksum or shape is wrong.
    #[error("the received snapshot is damaged: {0}")]
    DamagedTransfer(&'static str),
    /// A snapshot whose state cannot have come from applying a log.
    #[error(
        "the state in {what} breaks the lease contract ({broken}): it was made by a bug or by \
         damage, and serving from it is not safe. Compare the nodes' digests and keep the file; \
         a node that differs from the others is to be removed and added again with an empty \
         directory"
    )]
    BrokenState {
        /// Which snapshot.
        what: String,
        /// Which promise is broken, and by what.
        broken: String,
    },
    /// The log is purged further than the newest snapshot reaches.
    #[error(
        "the log is purged up to entry {purged}, but the newest snapshot ends at {snapshot:?}: a \
         snapshot was removed; remove the node from the cluster and add it again with an \
         empty directory"
    )]
    MissingSnapshot {
        /// The last purged index.
        purged: u64,
        /// The newest snapshot's last index.
        snapshot: Option<u64>,
    },
    /// An earlier failure.
    #[error("the storage has failed before and accepts nothing more")]
    Failed(#[source] Arc<StoreError>),
    /// The log's writer is gone.
    #[error("the log's writer has stopped")]
    WriterStopped,
    /// The system refused a thread.
    #[error("starting the log's writer thread")]
    WriterThread(#[source] io::Error),
    /// Blocking work was cut short.
    #[error("{0} was cut short: the runtime is shutting down, or the work panicked")]
    CutShort(&'static str),
}

impl StoreError {
    /// For `map_err` on a file operation.
    pub(crate) fn io(
        doing: &'static str,
        path: impl Into<PathBuf>,
    ) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |source| Self::Io {
            doing,
            path,
            source,
        }
    }

    /// For `map_err` on an operation of the log's database.
    pub(crate) fn database(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Database { doing, source }
    }
}

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        Self::other(error)
    }
}
