//! Whether the DHCP port can be had: it is bound for an instant, as the server would.

use super::Verdict;
use crate::link::Place;
use std::fs;

/// Where the programs that run are.
const PROC: &str = "/proc";
/// What this program is called there.
const OURSELVES: &str = "gatewayd";

pub(super) fn look(place: &Place) -> Verdict {
    match dhcpd::socket::bind_unicast(place.listen_ip, &place.interface) {
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
    let own = std::process::id().to_string();
    let processes = fs::read_dir(PROC).into_iter().flatten().flatten();
    processes
        .filter(|process| process.file_name().to_string_lossy() != own)
        .filter(|process| {
            let comm = fs::read_to_string(process.path().join("comm"));
            comm.is_ok_and(|name| name.trim() == OURSELVES)
        })
        .any(|process| fs::read_link(process.path().join("ns/net")).ok() == here)
}
