//! Whether the DHCP port can be had: it is bound for an instant, as the server would.

use super::Verdict;
use node::LanInterface;
use std::fs;
use std::path::PathBuf;

/// Where the programs that run are.
const PROC: &str = "/proc";
/// What this program is called there.
const OURSELVES: &str = "gatewayd";

pub(super) fn look(lan: &LanInterface) -> Verdict {
    match dhcpd::socket::bind_unicast(lan.listen_ip, &lan.interface) {
        Ok(_) => Verdict::Fine("free".to_owned()),
        Err(error) => match is_denied(&error) {
            true => Verdict::Unknown(
                "binding it takes CAP_NET_BIND_SERVICE, which this user has not: run the check as root"
                    .to_owned(),
            ),
            false if is_running() => {
                Verdict::Fine("in use, and gatewayd runs here already".to_owned())
            }
            false => Verdict::Problem(format!("{:#}", anyhow::Error::from(error))),
        },
    }
}

fn is_denied(error: &dhcpd::socket::SocketError) -> bool {
    let mut cause: Option<&dyn std::error::Error> = Some(error);
    while let Some(error) = cause {
        let denied = error
            .downcast_ref::<std::io::Error>()
            .is_some_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied);
        if denied {
            return true;
        }
        cause = error.source();
    }
    false
}

/// Whether another process of this program runs in this network namespace.
fn is_running() -> bool {
    let here = fs::read_link("/proc/self/ns/net").ok();
    let mut ours = others().filter(|process| {
        let comm = fs::read_to_string(process.join("comm"));
        comm.is_ok_and(|name| name.trim() == OURSELVES)
    });
    ours.any(|process| fs::read_link(process.join("ns/net")).ok() == here)
}

/// The other processes. Beside them, which have numbers, `self` and `thread-self` stand there: this one again.
fn others() -> impl Iterator<Item = PathBuf> {
    let number = |entry: &fs::DirEntry| entry.file_name().to_str()?.parse::<u32>().ok();
    let all = fs::read_dir(PROC).into_iter().flatten().flatten();
    all.filter(move |entry| number(entry).is_some_and(|number| number != std::process::id()))
        .map(|entry| entry.path())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Else whoever has the port would be taken for a gatewayd that runs already.
    #[test]
    fn this_process_is_no_other_one() {
        let own = fs::canonicalize("/proc/self").expect("it is there");
        let again: Vec<_> = others()
            .filter(|other| fs::canonicalize(other).is_ok_and(|other| other.starts_with(&own)))
            .collect();
        assert!(again.is_empty(), "{again:?}");
    }
}
