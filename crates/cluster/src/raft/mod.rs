//! openraft with our storage and network: how it is started, and started anew.

mod handle;
mod options;

pub(crate) use handle::{Ground, RaftHandle, RaftNode};
