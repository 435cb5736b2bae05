//! Values that belong together, checked together.

use super::guard;
use super::options::{FileError, Options};
use super::parse::{self, Parsed};
use super::peer_tls;
use super::relays;
use cluster::PeerTls;
use ipam::{
    AddressRange, ForwardPolicy, Ipv4Network, LeaseTimes, NodeId, Object as _, Profile, SourceNat,
    Span, SubnetConfig, SubnetId, UnknownProfile,
};
use natd::Guard;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// The subnet that a deployment of one subnet has.
pub const SUBNET: SubnetId = SubnetId(1);

/// Everything that a node needs to know to start.
#[derive(Clone, Debug)]
pub struct Settings {
    /// This node.
    pub node: NodeId,
    /// Where it keeps its data.
    pub data_dir: PathBuf,
    /// Where it listens for its peers.
    pub peer_listen: SocketAddr,
    /// What they connect to.
    pub peer_address: String,
    /// The files for mutual TLS with them; without, the peer port is open.
    pub peer_tls: Option<PeerTls>,
    /// Whom to ask for being added.
    pub join: Vec<String>,
    /// The profile that a new cluster begins with.
    pub profile: Profile,
    /// Whether to start a new cluster.
    pub bootstrap: bool,
    /// Whether this node may take itself for the whole cluster without asking the others.
    pub alone: bool,
    /// Where gatewayctl reaches it.
    pub admin_listen: SocketAddr,
    /// Its own address on the clients' network, if given.
    pub listen_ip: Option<Ipv4Addr>,
    /// The interface on that network, if given.
    pub interface: Option<String>,
    /// The relay agents that this node listens to, by every address that they send from.
    pub relays: Vec<Ipv4Addr>,
    /// The interface to the internet, if this node does NAT.
    pub uplink_interface: Option<String>,
    /// What of its host is open and closed to clients.
    pub guard: Guard,
    /// Networks behind other interfaces of its host that clients may talk to.
    pub client_networks: Vec<Ipv4Network>,
    /// Cluster-wide: the clients' subnet. Used at bootstrap; compared later.
    pub subnet: SubnetConfig,
    /// Cluster-wide: how clients' traffic leaves.
    pub source_nat: Option<SourceNat>,
    /// Cluster-wide: the forward policy.
    pub forward_policy: ForwardPolicy,
    /// What to log.
    pub log_level: String,
}

/// Why the configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file.
    #[error(transparent)]
    File(#[from] FileError),
    /// One key.
    #[error("{key}={value:?}: {reason}")]
    Value {
        /// Which.
        key: &'static str,
        /// What it says.
        value: String,
        /// What it should say.
        reason: String,
    },
    /// A key without a default.
    #[error("{key} is not set: {remedy}")]
    Missing {
        /// Which.
        key: &'static str,
        /// What to set it to.
        remedy: &'static str,
    },
    /// A name that is no key, and close to one.
    #[error("{place} has {name}, which is not a key: did you mean {meant}?")]
    Slip {
        /// Where it stands.
        place: String,
        /// What it says.
        name: String,
        /// The key.
        meant: &'static str,
    },
    /// The subnet as a whole.
    #[error("the subnet's configuration (GATEWAY_DHCP_…) contradicts itself")]
    Subnet(#[from] ipam::InvalidSubnet),
    /// More than the cluster takes (docs/limits.md).
    #[error("the subnet's configuration (GATEWAY_DHCP_…) is more than the cluster takes: {0}")]
    Budget(#[source] ipam::budget::OverBudget),
}

impl Settings {
    /// Parses and checks the text of every key.
    pub fn from_options(options: Options, bootstrap: bool) -> Result<Self, ConfigError> {
        let subnet = subnet(&options)?;
        subnet.validate()?;
        subnet.check_budget().map_err(ConfigError::Budget)?;
        let peer_listen = peer_listen(&options)?;
        let peer_address = peer_address(&options, peer_listen)?;
        let admin_listen = key(
            "GATEWAY_ADMIN_LISTEN",
            &options.admin_listen,
            "127.0.0.1:7067",
            parse::loopback_socket,
        )?;
        Ok(Self {
            node: node(&options)?,
            data_dir: options
                .data_dir
                .as_deref()
                .unwrap_or("/var/lib/gatewayd")
                .into(),
            peer_listen,
            peer_address: peer_address.clone(),
            peer_tls: peer_tls::resolve(&options, peer_listen)?,
            join: key("GATEWAY_JOIN", &options.join, "", |t| {
                parse::items(t, parse::host_port)
            })?,
            profile: key(
                "GATEWAY_CLUSTER_PROFILE",
                &options.cluster_profile,
                "lan",
                |t| t.parse().map_err(|error: UnknownProfile| error.to_string()),
            )?,
            bootstrap,
            alone: false,
            admin_listen,
            listen_ip: optional(
                "GATEWAY_DHCP_LISTEN_IP",
                &options.dhcp_listen_ip,
                parse::address,
            )?,
            interface: options.dhcp_interface.clone(),
            relays: relays::resolve(&options, &subnet)?,
            uplink_interface: options.uplink_interface.clone(),
            guard: guard::resolve(&options, peer_listen, &peer_address, admin_listen)?,
            client_networks: key(
                "GATEWAY_CLIENT_NETWORKS",
                &options.client_networks,
                "",
                |t| parse::items(t, parse::network),
            )?,
            subnet,
            source_nat: key("GATEWAY_NAT", &options.nat, "masquerade", parse::source_nat)?,
            forward_policy: ForwardPolicy::Drop,
            log_level: options.log_level.unwrap_or_else(|| "info".to_owned()),
        })
    }
}

fn node(options: &Options) -> Result<NodeId, ConfigError> {
    let id = optional("GATEWAY_NODE_ID", &options.node_id, |text| {
        let id: u64 = parse::from_str(text, "a number")?;
        if id == 0 {
            Err("0 is not allowed: use 1 or more".to_owned())
        } else {
            Ok(NodeId(id))
        }
    })?;
    id.ok_or(ConfigError::Missing {
        key: "GATEWAY_NODE_ID",
        remedy: "give every node a number of its own, 1 or more",
    })
}

fn peer_listen(options: &Options) -> Result<SocketAddr, ConfigError> {
    optional("GATEWAY_PEER_LISTEN", &options.peer_listen, socket)?.ok_or(ConfigError::Missing {
        key: "GATEWAY_PEER_LISTEN",
        remedy: "set it to an address of this host that its peers reach and its clients do not, \
                 such as 172.31.0.1:7066",
    })
}

fn peer_address(options: &Options, listen: SocketAddr) -> Result<String, ConfigError> {
    match optional(
        "GATEWAY_PEER_ADDRESS",
        &options.peer_address,
        parse::host_port,
    )? {
        Some(address) => Ok(address),
        None if listen.ip().is_unspecified() => Err(ConfigError::Missing {
            key: "GATEWAY_PEER_ADDRESS",
            remedy: "GATEWAY_PEER_LISTEN names every address: say which one peers connect to",
        }),
        None => Ok(listen.to_string()),
    }
}

fn subnet(options: &Options) -> Result<SubnetConfig, ConfigError> {
    Ok(SubnetConfig {
        id: SUBNET,
        network: subnet_network(options)?,
        router: key(
            "GATEWAY_DHCP_GATEWAY",
            &options.dhcp_gateway,
            "10.15.3.1",
            parse::address,
        )?,
        pool: pool(options)?,
        excluded: key("GATEWAY_DHCP_EXCLUDE", &options.dhcp_exclude, "", |t| {
            parse::items(t, parse::range)
        })?,
        identity: key(
            "GATEWAY_DHCP_IDENTITY",
            &options.dhcp_identity,
            "hardware-address",
            parse::identity,
        )?,
        times: lease_times(options)?,
        dns_servers: key("GATEWAY_DHCP_DNS", &options.dhcp_dns, "", |t| {
            parse::items(t, parse::address)
        })?,
        domain_name: options.dhcp_domain.clone(),
        domain_search: key("GATEWAY_DHCP_SEARCH", &options.dhcp_search, "", |t| {
            parse::items(t, |n| Ok(n.to_owned()))
        })?,
        ntp_servers: key("GATEWAY_DHCP_NTP", &options.dhcp_ntp, "", |t| {
            parse::items(t, parse::address)
        })?,
        mtu: key("GATEWAY_DHCP_MTU", &options.dhcp_mtu, "1450", |t| {
            parse::from_str(t, "a number of bytes")
        })?,
        classless_routes: key("GATEWAY_DHCP_ROUTES", &options.dhcp_routes, "", |t| {
            parse::items(t, parse::route)
        })?,
        extra_options: key(
            "GATEWAY_DHCP_OPTIONS",
            &options.dhcp_options,
            "",
            parse::options,
        )?,
        authoritative: key(
            "GATEWAY_DHCP_AUTHORITATIVE",
            &options.dhcp_authoritative,
            "no",
            parse::yes_or_no,
        )?,
    })
}

/// The mask may stand in either key; where it stands in both, both must say the same.
fn subnet_network(options: &Options) -> Result<Ipv4Network, ConfigError> {
    let text = options.dhcp_subnet.as_deref().unwrap_or("10.15.3.0");
    let mask = optional(
        "GATEWAY_DHCP_SUBNET_MASK",
        &options.dhcp_subnet_mask,
        parse::mask,
    )?;
    key("GATEWAY_DHCP_SUBNET", &options.dhcp_subnet, text, |text| {
        let (address, own) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(parse::mask(prefix)?)),
            None => (text, None),
        };
        match (own, mask) {
            (Some(own), Some(mask)) if own != mask => Err(format!(
                "it says /{own}, but GATEWAY_DHCP_SUBNET_MASK says /{mask}: drop one of them"
            )),
            _ => Ipv4Network::new(parse::address(address)?, own.or(mask).unwrap_or(24))
                .map_err(|error| error.to_string()),
        }
    })
}

fn pool(options: &Options) -> Result<AddressRange, ConfigError> {
    let first = key(
        "GATEWAY_DHCP_POOL_START",
        &options.dhcp_pool_start,
        "10.15.3.20",
        parse::address,
    )?;
    key(
        "GATEWAY_DHCP_POOL_END",
        &options.dhcp_pool_end,
        "10.15.3.254",
        |text| AddressRange::new(first, parse::address(text)?).map_err(|error| error.to_string()),
    )
}

/// The configured lease time is the default; clients may ask for less, down to a minute or the
/// default, and for more, up to a day or the default.
fn lease_times(options: &Options) -> Result<LeaseTimes, ConfigError> {
    let times = LeaseTimes::default();
    let seconds = optional(
        "GATEWAY_DHCP_LEASE_TIME",
        &options.dhcp_lease_time,
        |text| {
            let seconds: u32 = parse::from_str(text, "a number of seconds")?;
            if seconds == 0 {
                Err("a lease lasts at least 1 second".to_owned())
            } else {
                Ok(seconds)
            }
        },
    )?;
    let default = seconds.map_or(times.default, |seconds| Span::from_secs(u64::from(seconds)));
    Ok(LeaseTimes {
        default,
        minimum: times.minimum.min(default),
        maximum: times.maximum.max(default),
        ..times
    })
}

fn socket(text: &str) -> Parsed<SocketAddr> {
    parse::from_str(text, "ADDRESS:PORT such as 172.31.0.1:7066")
}

pub(super) fn optional<T>(
    key: &'static str,
    text: &Option<String>,
    parse: impl Fn(&str) -> Parsed<T>,
) -> Result<Option<T>, ConfigError> {
    let Some(text) = text.as_deref() else {
        return Ok(None);
    };
    let parsed = parse(text);
    parsed.map(Some).map_err(|reason| ConfigError::Value {
        key,
        value: text.to_owned(),
        reason,
    })
}

pub(super) fn key<T>(
    key: &'static str,
    text: &Option<String>,
    default: &str,
    parse: impl Fn(&str) -> Parsed<T>,
) -> Result<T, ConfigError> {
    match optional(key, text, &parse)? {
        Some(value) => Ok(value),
        None => parse(default).map_err(|reason| ConfigError::Value {
            key,
            value: default.to_owned(),
            reason,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> Options {
        Options {
            node_id: Some("1".to_owned()),
            peer_listen: Some("172.31.0.1:7066".to_owned()),
            tls_ca: Some("/tls/ca.crt".to_owned()),
            tls_cert: Some("/tls/node.crt".to_owned()),
            tls_key: Some("/tls/node.key".to_owned()),
            ..Options::default()
        }
    }

    fn resolve(options: Options) -> Result<Settings, ConfigError> {
        Settings::from_options(options, false)
    }

    #[test]
    fn defaults_are_the_usual_deployment() -> Result<(), ConfigError> {
        let settings = resolve(options())?;
        assert_eq!(settings.subnet.network.to_string(), "10.15.3.0/24");
        assert_eq!(settings.subnet.pool.to_string(), "10.15.3.20-10.15.3.254");
        assert_eq!(settings.peer_address, "172.31.0.1:7066");
        Ok(())
    }

    #[test]
    fn an_error_names_the_key_the_value_and_what_was_expected() {
        let wrong = Options {
            dhcp_dns: Some("1.1.1.1,dns".to_owned()),
            ..options()
        };
        let text = resolve(wrong)
            .map_err(|error| error.to_string())
            .err()
            .unwrap_or_default();
        assert!(
            text.contains("GATEWAY_DHCP_DNS") && text.contains("\"dns\"") && text.contains("IPv4"),
            "{text}"
        );
    }

    /// The admin port proves nobody's identity, so nobody beyond this host may reach it.
    #[test]
    fn s12_admin_port_beyond_the_loopback_refused() {
        let admin = |text: &str| {
            resolve(Options {
                admin_listen: Some(text.to_owned()),
                ..options()
            })
        };
        for open in [
            "0.0.0.0:7067",
            "172.31.0.1:7067",
            "[::]:7067",
            "[fe80::1]:7067",
        ] {
            let text = admin(open).map_err(|error| error.to_string()).err();
            let text = text.unwrap_or_default();
            assert!(text.starts_with("GATEWAY_ADMIN_LISTEN="), "{open}: {text}");
            assert!(text.contains("ssh -L"), "{open}: {text}");
        }
        for own in ["127.0.0.1:7067", "127.0.0.2:80", "[::1]:7067"] {
            assert!(admin(own).is_ok(), "{own}");
        }
    }

    /// What is accepted here, the cluster takes at the bootstrap.
    #[test]
    fn more_than_the_cluster_takes_is_refused() {
        let names: Vec<String> = (0..33).map(|number| format!("d{number}.example")).collect();
        let wrong = Options {
            dhcp_search: Some(names.join(",")),
            ..options()
        };
        let text = resolve(wrong).map_err(|error| error.to_string()).err();
        assert!(text.is_some_and(|text| text.contains("search domains")));
    }

    #[test]
    fn masks_that_contradict_each_other_are_refused() {
        let wrong = Options {
            dhcp_subnet: Some("10.15.3.0/24".to_owned()),
            dhcp_subnet_mask: Some("255.255.0.0".to_owned()),
            ..options()
        };
        assert!(resolve(wrong).is_err());
    }

    #[test]
    fn a_short_lease_time_is_its_own_minimum() -> Result<(), ConfigError> {
        let settings = resolve(Options {
            dhcp_lease_time: Some("20".to_owned()),
            ..options()
        })?;
        assert_eq!(settings.subnet.times.grant(None), Span::from_secs(20));
        Ok(())
    }

    #[test]
    fn the_file_has_the_same_keys_and_yields_to_flags() -> Result<(), Box<dyn std::error::Error>> {
        let file: Options = toml::from_str(
            "GATEWAY_NODE_ID = 7\nGATEWAY_DHCP_DNS = [\"1.1.1.1\", \"9.9.9.9\"]\nLOG_LEVEL = \"debug\"",
        )?;
        let merged = options().or(file);
        assert_eq!(merged.node_id.as_deref(), Some("1"));
        assert_eq!(merged.dhcp_dns.as_deref(), Some("1.1.1.1,9.9.9.9"));
        assert_eq!(merged.log_level.as_deref(), Some("debug"));
        let empty = Options {
            log_level: Some(String::new()),
            ..options()
        };
        let file: Options = toml::from_str("LOG_LEVEL = \"debug\"")?;
        assert_eq!(
            empty.or(file).log_level.as_deref(),
            Some("debug"),
            "empty says nothing"
        );
        assert!(toml::from_str::<Options>("GATEWAY_DHCP_DSN = \"1.1.1.1\"").is_err());
        Ok(())
    }
}
