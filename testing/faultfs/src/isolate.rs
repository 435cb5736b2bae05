//! A mount namespace of one's own: mounts that nobody else sees, that end with the process however it
//! ends, and that ordinary users may make.

use std::convert::Infallible;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::{env, io};

/// Set for the inner process.
const MARKER: &str = "FAULTFS_MOUNT_NAMESPACE";

/// Runs this very command line again through `unshare`; in there, it returns at once. A program with
/// threads cannot do this to itself, so call it first.
pub fn enter_mount_namespace() -> io::Result<()> {
    if env::var_os(MARKER).is_some() {
        return Ok(());
    }
    match replace_process()? {}
}

fn replace_process() -> io::Result<Infallible> {
    let mut unshare = Command::new("unshare");
    if !nix::unistd::Uid::effective().is_root() {
        unshare.args(["--user", "--map-root-user"]);
    }
    let error = unshare
        .args(["--mount", "--"])
        .arg(env::current_exe()?)
        .args(env::args_os().skip(1))
        .env(MARKER, "1")
        .exec();
    let message = format!("running unshare (package util-linux): {error}");
    Err(io::Error::new(error.kind(), message))
}
