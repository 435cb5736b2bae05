//! Moves the process into throw-away namespaces, and proves that it did.
//!
//! [`enter`] replaces the process with `unshare …` running the same command line again. A threaded
//! process cannot unshare its user namespace, and `--kill-child` with a PID namespace means that when
//! this process dies, however it dies, every process, interface and mount of the lab dies with it.
//!
//! The inner process gets an [`Isolation`], which cannot be had otherwise and which building a topology
//! asks for: no code path of this crate can touch the network of the machine it runs on.

mod mounts;

use std::env;
use std::ffi::CString;
use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use nix::net::if_::if_nameindex;
use nix::unistd::{Uid, getpid};

use crate::command::{output, run};
use crate::kept::Outside;

/// Set for the inner process.
const MARKER: &str = "LAB_ISOLATED";

/// The namespaces a lab gets, beside the user namespace.
const NAMESPACES: [&str; 8] = [
    "--net",
    "--mount",
    "--pid",
    "--uts",
    "--ipc",
    "--fork",
    "--kill-child",
    "--mount-proc",
];

/// What makes an ordinary user root inside.
const USER_NAMESPACE: [&str; 2] = ["--user", "--map-root-user"];

/// Proof that this process runs in namespaces of its own.
#[derive(Debug)]
pub struct Isolation {
    _private: (),
}

/// Enters the isolation. Outside, this replaces the process and never returns with `Ok`.
pub fn enter() -> Result<Isolation> {
    enter_with(usable_flags)
}

/// The same without a user namespace, for what only root outside may do: systemd in a container mounts
/// file systems that a mapped root may not.
pub fn enter_as_root() -> Result<Isolation> {
    enter_with(|| {
        ensure!(Uid::effective().is_root(), "this scenario needs root");
        Ok(NAMESPACES.to_vec())
    })
}

fn enter_with(flags: impl FnOnce() -> Result<Vec<&'static str>>) -> Result<Isolation> {
    if env::var_os(MARKER).is_none() {
        return Err(replace_process(flags));
    }
    ensure_isolated()?;
    mounts::prepare()?;
    run(Command::new("ip").args(["link", "set", "lo", "up"]))?;
    Ok(Isolation { _private: () })
}

/// Runs this very command line again inside; returns only if that failed.
fn replace_process(flags: impl FnOnce() -> Result<Vec<&'static str>>) -> anyhow::Error {
    let flags = match flags() {
        Ok(flags) => flags,
        Err(error) => return error,
    };
    let outside = match Outside::this_process() {
        Ok(outside) => outside,
        Err(error) => return error,
    };
    let this = match env::current_exe() {
        Ok(path) => path,
        Err(error) => return anyhow::Error::new(error).context("finding this executable"),
    };
    let error = Command::new("unshare")
        .args(flags)
        .arg("--")
        .arg(this)
        .args(env::args_os().skip(1))
        .env(MARKER, "1")
        .envs([outside.environment()])
        .exec();
    anyhow::Error::new(error).context("running unshare (package util-linux)")
}

/// The flags that this machine allows: with a user namespace, or as root without.
fn usable_flags() -> Result<Vec<&'static str>> {
    let with_user = [&USER_NAMESPACE[..], &NAMESPACES[..]].concat();
    let refusal = match try_flags(&with_user)? {
        None => return Ok(with_user),
        Some(refusal) => refusal,
    };
    if Uid::effective().is_root() && try_flags(&NAMESPACES)?.is_none() {
        return Ok(NAMESPACES.to_vec());
    }
    bail!(
        "this machine refuses new namespaces ({refusal}). Either run as root, or allow user namespaces: \
         sysctl kernel.unprivileged_userns_clone=1 (Debian), \
         sysctl kernel.apparmor_restrict_unprivileged_userns=0 (Ubuntu), \
         sysctl user.max_user_namespaces=10000; in a container, run it privileged"
    )
}

/// What `unshare` says against these flags, if anything.
fn try_flags(flags: &[&str]) -> Result<Option<String>> {
    let outcome = output(Command::new("unshare").args(flags).args(["--", "true"]))
        .context("is the package util-linux installed?")?;
    if outcome.status.success() {
        return Ok(None);
    }
    Ok(Some(
        String::from_utf8_lossy(&outcome.stderr).trim().to_owned(),
    ))
}

/// The marker alone could be inherited by accident, so look at the facts as well.
fn ensure_isolated() -> Result<()> {
    ensure!(
        getpid().as_raw() == 1,
        "{MARKER} is set but this is not the first process of a PID namespace; unset {MARKER}"
    );
    let interfaces = interface_names()?;
    ensure!(
        interfaces == [c"lo".to_owned()],
        "refusing to go on: the network namespace should have only lo, but has {interfaces:?}"
    );
    Ok(())
}

fn interface_names() -> Result<Vec<CString>> {
    let interfaces = if_nameindex().context("listing interfaces")?;
    Ok(interfaces.iter().map(|i| i.name().to_owned()).collect())
}
