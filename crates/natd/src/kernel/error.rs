//! What can go wrong between us and the kernel.

use std::io;
use std::path::PathBuf;

/// Why the kernel did not do or say what we asked.
#[derive(Debug, thiserror::Error)]
pub enum KernelError {
    /// The netlink socket itself.
    #[error("{doing} the netlink socket{}", permission_hint(source))]
    Socket {
        /// What we were doing.
        doing: &'static str,
        /// Why it failed.
        source: io::Error,
    },
    /// The kernel refused a request; nothing was changed by it.
    #[error("{doing}{}", permission_hint(source))]
    Refused {
        /// What we were doing.
        doing: String,
        /// Its reason.
        source: io::Error,
    },
    /// The transaction does not fit in the socket's send buffer.
    #[error(
        "the transaction has {bytes} bytes and the netlink send buffer has {limit}: run with CAP_NET_ADMIN, or raise net.core.wmem_max"
    )]
    TooLarge {
        /// The transaction's size.
        bytes: usize,
        /// What would have fit.
        limit: usize,
    },
    /// An answer that netlink's rules do not allow.
    #[error("{doing}: the kernel's answer {what}")]
    Answer {
        /// What we were doing.
        doing: &'static str,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Others changed the ruleset each time that we were reading it.
    #[error(
        "reading the table: others keep changing the ruleset; {attempts} attempts gave no stable picture"
    )]
    Unsettled {
        /// How often we tried.
        attempts: u32,
    },
    /// IPv4 forwarding could not be read or switched on.
    #[error(
        "{doing} {}: if /proc/sys is read-only here (a container), set net.ipv4.ip_forward=1 on the host, or run privileged",
        path.display()
    )]
    Forwarding {
        /// What we were doing.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// Why it failed.
        source: io::Error,
    },
    /// Connections that must end are made as fast as they are ended.
    #[error("{closed} tracked connections were ended, and there are still some that must not be")]
    FlowsComeBack {
        /// How many.
        closed: u32,
    },
    /// What the kernel holds after a transaction is not what the transaction said.
    #[error("the kernel took the rules, but reading them back: {difference}")]
    NotAsAsked {
        /// Where they differ.
        difference: String,
    },
}

fn permission_hint(source: &io::Error) -> &'static str {
    match source.raw_os_error() {
        Some(libc::EPERM | libc::EACCES) => " (it needs CAP_NET_ADMIN)",
        _ => "",
    }
}
