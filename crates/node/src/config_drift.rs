//! Configuration drift: where this node's own configuration differs from the cluster's, which it follows.

use cluster::Cluster;
use ipam::{Bootstrap, IdentityPolicy, SourceNat, SubnetConfig};
use std::fmt::Display;

/// One line for each key that differs from what this node would bootstrap with; empty when all agree.
pub(crate) fn find(own: &Bootstrap, cluster: &Cluster) -> Vec<String> {
    cluster.read(|state| {
        let Some(subnet) = state.subnets().get(&own.subnet.id) else {
            return Vec::new();
        };
        let source_nat = state.objects().source_nat.get(&own.subnet.id);
        let source_nat = source_nat.map(|rule| rule.object.source_nat);
        let here = values(&own.subnet, own.source_nat);
        let there = values(subnet.config(), source_nat);
        let pairs = here.into_iter().zip(there);
        let differing = pairs.filter(|((_, here), (_, there))| here != there);
        differing
            .map(|((key, here), (_, there))| {
                format!("{key} is {here} here, but {there} in the cluster; this node follows the cluster")
            })
            .collect()
    })
}

/// Every cluster-wide key and its value, as an operator would write it.
fn values(subnet: &SubnetConfig, source_nat: Option<SourceNat>) -> [(&'static str, String); 16] {
    let routes = subnet
        .classless_routes
        .iter()
        .map(|(to, via)| format!("{to}={via}"));
    let options = subnet
        .extra_options
        .iter()
        .map(|(code, payload)| format!("{code}={}", hex(payload)));
    [
        ("GATEWAY_DHCP_SUBNET", subnet.network.to_string()),
        ("GATEWAY_DHCP_GATEWAY", subnet.router.to_string()),
        ("GATEWAY_DHCP_POOL_START", subnet.pool.first().to_string()),
        ("GATEWAY_DHCP_POOL_END", subnet.pool.last().to_string()),
        ("GATEWAY_DHCP_EXCLUDE", list(&subnet.excluded)),
        (
            "GATEWAY_DHCP_IDENTITY",
            identity(subnet.identity).to_owned(),
        ),
        (
            "GATEWAY_DHCP_AUTHORITATIVE",
            if subnet.authoritative { "yes" } else { "no" }.to_owned(),
        ),
        (
            "GATEWAY_DHCP_LEASE_TIME",
            format!("{} s", subnet.times.default.as_secs()),
        ),
        ("GATEWAY_DHCP_DNS", list(&subnet.dns_servers)),
        ("GATEWAY_DHCP_DOMAIN", list(&subnet.domain_name)),
        ("GATEWAY_DHCP_SEARCH", list(&subnet.domain_search)),
        ("GATEWAY_DHCP_NTP", list(&subnet.ntp_servers)),
        ("GATEWAY_DHCP_MTU", subnet.mtu.to_string()),
        ("GATEWAY_DHCP_ROUTES", list(routes)),
        ("GATEWAY_DHCP_OPTIONS", list(options)),
        ("GATEWAY_NAT", nat(source_nat)),
    ]
}

fn list(items: impl IntoIterator<Item = impl Display>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() {
        "not set".to_owned()
    } else {
        items.join(",")
    }
}

const fn identity(policy: IdentityPolicy) -> &'static str {
    match policy {
        IdentityPolicy::HardwareAddress => "hardware-address",
        IdentityPolicy::ClientIdentifier => "client-identifier",
    }
}

fn nat(source_nat: Option<SourceNat>) -> String {
    match source_nat {
        None => "off".to_owned(),
        Some(SourceNat::Masquerade) => "masquerade".to_owned(),
        Some(SourceNat::Snat(address)) => format!("snat:{address}"),
        Some(SourceNat::SnatPool(pool)) => format!("snat:{}", list(pool.addresses())),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
