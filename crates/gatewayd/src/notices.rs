//! Where this node's own configuration differs from the cluster's, which it follows.

use crate::config::Settings;
use cluster::Cluster;
use ipam::SubnetConfig;

/// One line for each key that differs; empty when all agree.
pub fn differences(settings: &Settings, cluster: &Cluster) -> Vec<String> {
    cluster.read(|state| {
        let Some(subnet) = state.subnets().get(&settings.subnet.id) else {
            return Vec::new();
        };
        let mut notices = subnet_differences(&settings.subnet, subnet.config());
        let source_nat = state.nat().source_nat.get(&settings.subnet.id).copied();
        if settings.source_nat != source_nat {
            notices.push(notice("GATEWAY_NAT", &settings.source_nat, &source_nat));
        }
        notices
    })
}

fn subnet_differences(here: &SubnetConfig, cluster: &SubnetConfig) -> Vec<String> {
    let mut notices = Vec::new();
    let mut compare = |key: &str, here: &dyn std::fmt::Debug, there: &dyn std::fmt::Debug| {
        if format!("{here:?}") != format!("{there:?}") {
            notices.push(notice(key, here, there));
        }
    };
    compare("GATEWAY_DHCP_SUBNET", &here.network, &cluster.network);
    compare("GATEWAY_DHCP_GATEWAY", &here.router, &cluster.router);
    compare("GATEWAY_DHCP_POOL_START/END", &here.pool, &cluster.pool);
    compare("GATEWAY_DHCP_EXCLUDE", &here.excluded, &cluster.excluded);
    compare("GATEWAY_DHCP_IDENTITY", &here.identity, &cluster.identity);
    compare("GATEWAY_DHCP_LEASE_TIME", &here.times, &cluster.times);
    compare("GATEWAY_DHCP_DNS", &here.dns_servers, &cluster.dns_servers);
    compare(
        "GATEWAY_DHCP_DOMAIN",
        &here.domain_name,
        &cluster.domain_name,
    );
    compare(
        "GATEWAY_DHCP_SEARCH",
        &here.domain_search,
        &cluster.domain_search,
    );
    compare("GATEWAY_DHCP_NTP", &here.ntp_servers, &cluster.ntp_servers);
    compare("GATEWAY_DHCP_MTU", &here.mtu, &cluster.mtu);
    compare(
        "GATEWAY_DHCP_ROUTES",
        &here.classless_routes,
        &cluster.classless_routes,
    );
    compare(
        "GATEWAY_DHCP_OPTIONS",
        &here.extra_options,
        &cluster.extra_options,
    );
    notices
}

fn notice(key: &str, here: impl std::fmt::Debug, there: impl std::fmt::Debug) -> String {
    format!("{key} is {here:?} here, but {there:?} in the cluster; this node follows the cluster")
}
