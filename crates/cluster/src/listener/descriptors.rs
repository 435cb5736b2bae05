//! How many file descriptors this process may have open (`RLIMIT_NOFILE`, the soft limit).
//!
//! Connections of peers take half of them at most: the storage that finds none for a file has failed for
//! good, so whoever opens connections would stop a node. Asked each time, since it can be changed from
//! outside (prlimit(1)), and by a call that takes no descriptor: it is needed most when none is left.

use nix::sys::resource::{Resource, getrlimit};

/// The limit; of what cannot be asked, none. No limit is a large number.
pub(super) fn limit() -> usize {
    let soft = getrlimit(Resource::RLIMIT_NOFILE).map_or(0, |(soft, _)| soft);
    usize::try_from(soft).unwrap_or(usize::MAX)
}
