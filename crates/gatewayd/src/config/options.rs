//! The raw text of every key, and where it comes from.

use clap::{Args, Parser, Subcommand};
use serde::{Deserialize, Deserializer};
use std::path::{Path, PathBuf};

/// Highly available DHCP, IPAM and NAT for people who run virtual machines on their own clusters.
#[derive(Debug, Parser)]
#[command(
    name = "gatewayd",
    version,
    after_help = "\
Exit status: 0 stopped as asked, 1 could not start or go on, 2 wrong usage.

Examples:
  gatewayd run                                         with its environment, as the systemd unit does;
                                                       then, once: gatewayctl bootstrap
  gatewayd run --config /etc/gatewayd/gatewayd.toml    from a file
  gatewayd check --config /etc/gatewayd/gatewayd.toml  check, start nothing"
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Run the gateway node.
    Run(RunArgs),
    /// Check the configuration, print what would be used, and start nothing.
    Check(RunArgs),
}

/// How to run.
#[derive(Clone, Debug, Args)]
pub struct RunArgs {
    /// A TOML file with the keys that the environment variables have.
    #[arg(long, env = "GATEWAY_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Start a new cluster, if the data directory is empty. For the first node, once.
    #[arg(long)]
    pub bootstrap: bool,
    /// This node is certainly the only one: do not wait for the nodes in GATEWAY_JOIN before it
    /// creates a cluster, or continues as its only voter. Also lets the second of two voters be removed if a
    /// power cut interrupted that. For one start, not for a unit file.
    #[arg(long)]
    pub alone: bool,
    /// Every key.
    #[command(flatten)]
    pub options: Options,
}

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("reading {}: check that it exists and that gatewayd may read it", .path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// It is not what it should be.
    #[error("{} is not a valid configuration file", .path.display())]
    Parse {
        /// Which.
        path: PathBuf,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
}

/// Whose value of a key holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "for docs/configuration.md"))]
pub(super) enum Scope {
    /// Each node has its own.
    Node,
    /// The node's that bootstraps the cluster, for all.
    Cluster,
    /// The same, until a command changes it.
    Founder,
}

macro_rules! options {
    ($($(#[doc = $doc:literal])+ $field:ident, $key:literal, $value:literal, $scope:expr;)+) => {
        /// The raw text of every key. A flag wins over the environment, the environment over the
        /// file.
        #[derive(Clone, Debug, Default, Args, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct Options {
            $(
                $(#[doc = $doc])+
                #[arg(long, env = $key, value_name = $value, hide_env_values = true)]
                #[serde(rename = $key, default, deserialize_with = "text")]
                pub $field: Option<String>,
            )+
        }

        /// The name of every key.
        pub(super) const KEYS: &[&str] = &[$($key),+];

        /// Whose value holds, key by key.
        #[cfg(test)]
        pub(super) const SCOPES: &[(&str, Scope)] = &[$(($key, $scope)),+];

        impl Options {
            /// Every key with its name as a flag's, and its text where it says something.
            pub(super) fn entries(&self) -> Vec<(&'static str, &'static str, Option<&str>)> {
                vec![$(($key, stringify!($field), said_ref(&self.$field)),)+]
            }

            /// These, and where they say nothing, `others`. An empty value says nothing.
            #[must_use]
            pub fn or(self, others: Self) -> Self {
                Self { $($field: said(self.$field).or_else(|| said(others.$field)),)+ }
            }
        }
    };
}

options! {
    /// This node's number.
    ///
    /// 1 or more, no other node's, and the same for the life of its data directory. Required.
    node_id, "GATEWAY_NODE_ID", "ID", Scope::Node;
    /// Where log, vote and snapshots are kept [default: /var/lib/gatewayd]
    ///
    /// Empty or gatewayd's own; it must not be shared.
    data_dir, "GATEWAY_DATA_DIR", "DIR", Scope::Node;
    /// Where this node listens for its peers.
    ///
    /// Beyond the loopback it takes TLS. Required.
    peer_listen, "GATEWAY_PEER_LISTEN", "ADDRESS:PORT", Scope::Node;
    /// What its peers connect to [default: GATEWAY_PEER_LISTEN]
    ///
    /// Required where the node listens on 0.0.0.0. A changed address is announced to the cluster.
    peer_address, "GATEWAY_PEER_ADDRESS", "HOST:PORT", Scope::Node;
    /// Peer addresses of members to ask for being added, comma-separated.
    ///
    /// Asked while the data directory is empty; a member ignores it, and its own address in it does no harm.
    join, "GATEWAY_JOIN", "HOST:PORT,…", Scope::Node;
    /// How far apart the nodes of a new cluster are [default: lan]
    ///
    /// Later: `gatewayctl profile set`.
    cluster_profile, "GATEWAY_CLUSTER_PROFILE", "lan|metro|wan", Scope::Founder;
    /// The CA that signs the nodes' certificates, in PEM form.
    ///
    /// With it, peers speak mutual TLS. The three TLS keys go together; `gatewayctl pki` makes the files.
    tls_ca, "GATEWAY_TLS_CA", "FILE", Scope::Node;
    /// This node's certificate, in PEM form.
    ///
    /// For the names `gatewayd-node-ID` and `gatewayd-peer`.
    tls_cert, "GATEWAY_TLS_CERT", "FILE", Scope::Node;
    /// Its private key, in PEM form.
    ///
    /// Mode 600, and gatewayd's user's own.
    tls_key, "GATEWAY_TLS_KEY", "FILE", Scope::Node;
    /// yes: run without TLS on a network that only the nodes reach [default: no]
    ///
    /// Whoever reaches the peer port can then do anything.
    peer_insecure, "GATEWAY_PEER_INSECURE", "yes|no", Scope::Node;
    /// Where gatewayctl reaches this node [default: 127.0.0.1:7067]
    ///
    /// An address of the loopback; any other is refused.
    admin_listen, "GATEWAY_ADMIN_LISTEN", "ADDRESS:PORT", Scope::Node;
    /// This host's own address on the clients' network [default: found on the interface]
    ///
    /// The server identifier, option 54. This key or `GATEWAY_DHCP_INTERFACE` must be set.
    dhcp_listen_ip, "GATEWAY_DHCP_LISTEN_IP", "ADDRESS", Scope::Node;
    /// The interface on the clients' network [default: the one that has the listen IP]
    dhcp_interface, "GATEWAY_DHCP_INTERFACE", "NAME", Scope::Node;
    /// The clients' router, option 3 [default: 10.15.3.1]
    dhcp_gateway, "GATEWAY_DHCP_GATEWAY", "ADDRESS", Scope::Cluster;
    /// The clients' network [default: 10.15.3.0]
    dhcp_subnet, "GATEWAY_DHCP_SUBNET", "ADDRESS[/PREFIX]", Scope::Cluster;
    /// Its mask, dotted or as a prefix length [default: 255.255.255.0]
    dhcp_subnet_mask, "GATEWAY_DHCP_SUBNET_MASK", "MASK", Scope::Cluster;
    /// The first address that clients get [default: 10.15.3.20]
    dhcp_pool_start, "GATEWAY_DHCP_POOL_START", "ADDRESS", Scope::Cluster;
    /// The last one [default: 10.15.3.254]
    ///
    /// A pool has at most 65,536 addresses.
    dhcp_pool_end, "GATEWAY_DHCP_POOL_END", "ADDRESS", Scope::Cluster;
    /// Parts of the pool that are never given out: addresses or FIRST-LAST, comma-separated.
    ///
    /// Such as 10.15.3.30,10.15.3.40-10.15.3.49.
    dhcp_exclude, "GATEWAY_DHCP_EXCLUDE", "RANGES", Scope::Cluster;
    /// DNS servers, option 6, comma-separated.
    dhcp_dns, "GATEWAY_DHCP_DNS", "ADDRESSES", Scope::Cluster;
    /// Domain name, option 15.
    dhcp_domain, "GATEWAY_DHCP_DOMAIN", "NAME", Scope::Cluster;
    /// Domain search list, option 119, comma-separated.
    dhcp_search, "GATEWAY_DHCP_SEARCH", "NAMES", Scope::Cluster;
    /// NTP servers, option 42, comma-separated.
    dhcp_ntp, "GATEWAY_DHCP_NTP", "ADDRESSES", Scope::Cluster;
    /// Interface MTU, option 26, in bytes [default: 1450]
    ///
    /// 1450 fits VXLAN on a 1500-byte underlay.
    dhcp_mtu, "GATEWAY_DHCP_MTU", "BYTES", Scope::Cluster;
    /// Static routes, option 121: NETWORK/PREFIX=ROUTER, comma-separated.
    ///
    /// Such as 10.0.0.0/8=10.15.3.2; the default route is added.
    dhcp_routes, "GATEWAY_DHCP_ROUTES", "ROUTES", Scope::Cluster;
    /// Any other option: CODE=HEX, comma-separated, such as 66=6e657462.
    ///
    /// Not the host name (12): a client that sends its name and asks for one is given its own back.
    dhcp_options, "GATEWAY_DHCP_OPTIONS", "OPTIONS", Scope::Cluster;
    /// Lease time in seconds for clients that ask for none [default: 3600]
    ///
    /// Clients may ask for 60 s to one day, or up to this where it is longer, down to this where it is shorter.
    dhcp_lease_time, "GATEWAY_DHCP_LEASE_TIME", "SECONDS", Scope::Cluster;
    /// Relay agents that are listened to, by all of their addresses, comma-separated.
    ///
    /// Named are the address that each writes into its packets (giaddr, in the clients' subnet, outside the pool) and every
    /// address that it sends from. A relay is heard only by the interface that this host's route to it takes. The same on every
    /// node; a change takes a restart. Others: `unknown_relay` in `gatewayctl explain`.
    dhcp_relays, "GATEWAY_DHCP_RELAYS", "ADDRESSES", Scope::Node;
    /// What tells clients apart: hardware-address or client-identifier [default: hardware-address]
    ///
    /// Cloned VMs share their client identifier (option 61), hence the default. A reservation by hardware address
    /// holds either way.
    dhcp_identity, "GATEWAY_DHCP_IDENTITY", "POLICY", Scope::Cluster;
    /// Whether this is the only DHCP server of the network [default: no]
    ///
    /// yes refuses a client that the cluster does not know an address that is leased to another one here; no
    /// leaves it without an answer, in case another server knows it.
    dhcp_authoritative, "GATEWAY_DHCP_AUTHORITATIVE", "yes|no", Scope::Cluster;
    /// The interface that leads to the internet; without it this node does no NAT.
    uplink_interface, "GATEWAY_UPLINK_INTERFACE", "NAME", Scope::Node;
    /// What clients may reach on this host besides DHCP and ping, such as tcp/53,udp/53.
    client_input_allow, "GATEWAY_CLIENT_INPUT_ALLOW", "PORTS", Scope::Node;
    /// Networks behind other interfaces of this host that clients may open connections to, comma-separated.
    ///
    /// Such as a VPN's 10.8.0.0/24. Not the other way: use a forward. Clients appear with the host's address there (not with
    /// `GATEWAY_NAT=off`). Each host needs its own way there: set it on each, and restart.
    client_networks, "GATEWAY_CLIENT_NETWORKS", "NETWORKS", Scope::Node;
    /// More ports of the hosts that are never translated and kept from clients, such as udp/51820.
    ///
    /// Peer, admin and overlay ports (UDP 4789, 8472, 6081) always are.
    protected_ports, "GATEWAY_PROTECTED_PORTS", "PORTS", Scope::Node;
    /// How clients' traffic leaves [default: masquerade]
    ///
    /// Or off, or snat:ADDRESS[,ADDRESS…], of which each node uses the first that its host has.
    nat, "GATEWAY_NAT", "MODE", Scope::Cluster;
    /// error, warn, info, debug or trace, or a tracing filter [default: info]
    ///
    /// A filter such as dhcpd=debug. SIGHUP takes over that of the file.
    log_level, "LOG_LEVEL", "LEVEL", Scope::Node;
}

impl Options {
    /// Reads the file.
    pub(super) fn read(path: &Path) -> Result<String, FileError> {
        std::fs::read_to_string(path).map_err(|source| FileError::Read {
            path: path.to_owned(),
            source,
        })
    }

    /// Reads a file's content.
    pub fn from_toml(content: &str) -> Result<Self, Box<toml::de::Error>> {
        toml::from_str(content).map_err(Box::new)
    }
}

/// Without the blanks around it: a file with Windows' line ends leaves a `\r` at each value.
fn said_ref(text: &Option<String>) -> Option<&str> {
    let text = text.as_deref().map(str::trim);
    text.filter(|text| !text.is_empty())
}

fn said(text: Option<String>) -> Option<String> {
    said_ref(&text).map(str::to_owned)
}

/// A value as text, however TOML writes it: a string, a number, a boolean or a list of those.
fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<String>, D::Error> {
    let value = toml::Value::deserialize(deserializer)?;
    scalar(&value)
        .map(Some)
        .or_else(|| list(&value))
        .ok_or_else(|| {
            serde::de::Error::custom("expected a string, a number, a boolean or a list of those")
        })
}

fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(boolean) => Some(boolean.to_string()),
        _ => None,
    }
}

fn list(value: &toml::Value) -> Option<Option<String>> {
    let items: Option<Vec<String>> = value.as_array()?.iter().map(scalar).collect();
    Some(Some(items?.join(",")))
}
