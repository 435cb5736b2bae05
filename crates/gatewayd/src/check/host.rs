//! Whether this host has what the configuration names.

use super::{Finding, Verdict, networks, port};
use crate::config::Settings;
use crate::lan_interface;
use cluster::PeerTls;
use ipam::SourceNat;
use natd::netlink::{Holder, Links};
use node::LanInterface;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;

/// Looks at everything, in the order in which a node would need it.
pub(super) async fn look(settings: &Settings) -> Vec<Finding> {
    let lan = lan_interface::resolve(
        settings.listen_ip,
        settings.interface.as_deref(),
        &settings.subnet,
    )
    .await;
    let (clients, port) = match &lan {
        Ok(lan) => (clients_network(lan).await, port::look(lan)),
        Err(error) => (
            Verdict::Problem(error.to_string()),
            Verdict::Unknown("it is tried on the clients' network".to_owned()),
        ),
    };
    let lan = lan.ok();
    let peers = networks::peers_conflict(settings, lan.as_ref());
    let uplink_conflict = networks::uplink_conflict(settings, lan.as_ref());
    let mut findings = vec![
        finding("clients' network", clients),
        finding("UDP port 67", port),
        finding(
            "peer address",
            match peers {
                Some(problem) => Verdict::Problem(problem),
                None => peer_address(settings.peer_listen.ip()).await,
            },
        ),
        finding(
            "uplink",
            match uplink_conflict {
                Some(problem) => Verdict::Problem(problem),
                None => uplink(settings).await,
            },
        ),
        finding("data directory", data_dir(&settings.data_dir)),
    ];
    findings.push(finding(
        "TLS between the nodes",
        settings.peer_tls.as_ref().map_or_else(
            || Verdict::Fine("not configured".to_owned()),
            |tls| tls_files(tls, settings),
        ),
    ));
    findings
}

const fn finding(what: &'static str, verdict: Verdict) -> Finding {
    Finding { what, verdict }
}

async fn clients_network(lan: &LanInterface) -> Verdict {
    match switched_off(&lan.interface).await {
        Some(problem) => Verdict::Problem(problem),
        None => Verdict::Fine(format!("{} on {}", lan.listen_ip, lan.interface)),
    }
}

/// What is said of an interface that is there, and down.
async fn switched_off(name: &str) -> Option<String> {
    let interface = Links::open().ok()?.interface(name).await.ok()??;
    (!interface.up).then(|| format!("{name} is switched off: `ip link set {name} up`"))
}

async fn peer_address(address: IpAddr) -> Verdict {
    let IpAddr::V4(address) = address else {
        return Verdict::Unknown(format!(
            "{address} is not looked for: it is no IPv4 address"
        ));
    };
    if address.is_unspecified() || address.is_loopback() {
        return Verdict::Fine(address.to_string());
    }
    match holder(address).await {
        Ok(Holder::None) => Verdict::Problem(format!(
            "GATEWAY_PEER_LISTEN={address}: no interface of this host has that address"
        )),
        Ok(Holder::One(interface)) => Verdict::Fine(format!("{address} on {}", interface.name)),
        Ok(Holder::Several(_)) => Verdict::Fine(format!("{address} on several interfaces")),
        Err(reason) => Verdict::Unknown(reason),
    }
}

async fn holder(address: Ipv4Addr) -> Result<Holder, String> {
    let links = Links::open().map_err(|error| error.to_string())?;
    let holder = links.interface_of(address).await;
    holder.map_err(|error| error.to_string())
}

/// What the uplink lacks; nothing if it is there with an address.
pub async fn uplink_problem(uplink: &str) -> Result<Vec<Ipv4Addr>, String> {
    let links = Links::open().map_err(|error| error.to_string())?;
    let addresses = links.addresses_of(uplink).await;
    match addresses.map_err(|error| error.to_string())? {
        None => Err(format!(
            "GATEWAY_UPLINK_INTERFACE={uplink}: this host (or container) has no such interface; see \
             `ip -brief address`"
        )),
        Some(addresses) if addresses.is_empty() => Err(format!(
            "GATEWAY_UPLINK_INTERFACE={uplink} has no IPv4 address: clients' traffic cannot leave by it"
        )),
        Some(addresses) => Ok(addresses.iter().map(|address| address.address).collect()),
    }
}

async fn uplink(settings: &Settings) -> Verdict {
    let Some(uplink) = &settings.uplink_interface else {
        return Verdict::Fine(
            "GATEWAY_UPLINK_INTERFACE is not set: this node does no NAT".to_owned(),
        );
    };
    let addresses = match uplink_problem(uplink).await {
        Ok(addresses) => addresses,
        Err(problem) => return Verdict::Problem(problem),
    };
    if let Some(problem) = switched_off(uplink).await {
        return Verdict::Problem(problem);
    }
    if let Some(problem) = no_source(settings.source_nat).await {
        return Verdict::Problem(problem);
    }
    let addresses: Vec<_> = addresses.iter().map(ToString::to_string).collect();
    Verdict::Fine(format!("{uplink} with {}", addresses.join(", ")))
}

/// What the clients' traffic is to be translated to, and this host has none of.
async fn no_source(source_nat: Option<SourceNat>) -> Option<String> {
    let pool;
    let sources = match &source_nat {
        Some(SourceNat::Snat(source)) => std::slice::from_ref(source),
        Some(SourceNat::SnatPool(several)) => {
            pool = *several;
            pool.addresses()
        }
        None | Some(SourceNat::Masquerade) => return None,
    };
    for source in sources {
        if !matches!(holder(*source).await, Ok(Holder::None)) {
            return None;
        }
    }
    let sources: Vec<_> = sources.iter().map(ToString::to_string).collect();
    let which = if sources.len() == 1 {
        "that address"
    } else {
        "one of these addresses"
    };
    Some(format!(
        "GATEWAY_NAT=snat:{}: no interface of this host has {which}",
        sources.join(",")
    ))
}

fn data_dir(path: &Path) -> Verdict {
    let shown = path.display();
    match std::fs::read_dir(path) {
        Ok(mut entries) => {
            let state = if entries.next().is_some() {
                "has data"
            } else {
                "is empty"
            };
            Verdict::Fine(format!("{shown} {state}"))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => missing(path),
        Err(error) => Verdict::Problem(format!(
            "GATEWAY_DATA_DIR={shown}: {error}; it must be a directory of gatewayd's user"
        )),
    }
}

/// It is made at the start, if the one above it is there.
fn missing(path: &Path) -> Verdict {
    let shown = path.display();
    match path.parent().filter(|parent| parent.is_dir()) {
        Some(_) => Verdict::Fine(format!("{shown} is not there yet, and will be made")),
        None => Verdict::Problem(format!(
            "GATEWAY_DATA_DIR={shown}: neither it nor the directory above it is there"
        )),
    }
}

fn tls_files(tls: &PeerTls, settings: &Settings) -> Verdict {
    match tls.check(settings.node) {
        Ok(()) => Verdict::Fine(format!("the certificate is node {}'s", settings.node)),
        Err(error) => Verdict::Problem(format!("{:#}", anyhow::Error::from(error))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_directory_may_be_missing_and_not_its_parent() {
        let here = std::env::temp_dir();
        assert!(matches!(data_dir(&here), Verdict::Fine(_)));
        assert!(matches!(
            data_dir(&here.join("gatewayd-none")),
            Verdict::Fine(_)
        ));
        let deep = here.join("gatewayd-none/deeper");
        assert!(matches!(data_dir(&deep), Verdict::Problem(_)));
        assert!(matches!(
            data_dir(Path::new("/proc/self/stat")),
            Verdict::Problem(_)
        ));
    }

    #[tokio::test]
    async fn an_uplink_that_is_absent_or_has_no_address_is_named() {
        let absent = uplink_problem("nouplink9").await;
        assert!(
            absent
                .as_ref()
                .is_err_and(|text| text.contains("nouplink9")),
            "{absent:?}"
        );
        assert!(uplink_problem("lo").await.is_ok());
    }

    #[tokio::test]
    async fn a_peer_address_of_another_host_is_a_problem() {
        let elsewhere = IpAddr::from([192, 0, 2, 77]);
        assert!(matches!(peer_address(elsewhere).await, Verdict::Problem(_)));
        let own = IpAddr::from(Ipv4Addr::LOCALHOST);
        assert!(matches!(peer_address(own).await, Verdict::Fine(_)));
    }
}
