//! What the device says instead of doing what it was asked.

/// Why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing of that name.
    #[error("no such file or directory")]
    NotFound,
    /// There is something of that name.
    #[error("it exists")]
    Exists,
    /// A directory was needed.
    #[error("not a directory")]
    NotADirectory,
    /// A file was needed.
    #[error("is a directory")]
    IsADirectory,
    /// Only an empty directory can go.
    #[error("the directory is not empty")]
    NotEmpty,
    /// No space: a fault that was asked for.
    #[error("no space left")]
    NoSpace,
    /// An input/output error: a fault that was asked for, or the power is off.
    #[error("input/output error")]
    Io,
    /// We do not do that.
    #[error("not supported")]
    NotSupported,
}
