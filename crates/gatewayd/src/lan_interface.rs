//! Which interface and which listen IP: given, or one derived from the other over rtnetlink.
//!
//! A wrong guess here means a server that answers nobody, so whatever is not certain is refused,
//! with both values and what to do. Whether the address is right for the *cluster's* subnet, and no
//! other node's, the cluster says when it is registered: this node's own idea of the subnet may be
//! out of date.

use ipam::SubnetConfig;
use natd::netlink::{Holder, LinkError, Links, ListenIp};
use node::LanInterface;
use std::net::Ipv4Addr;

/// Why it is not certain which interface that is.
#[derive(Debug, thiserror::Error)]
pub enum LanInterfaceError {
    /// netlink.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// The address is not on this host.
    #[error(
        "GATEWAY_DHCP_LISTEN_IP={listen_ip}: no interface of this host has that address; \
         add it (`ip addr add {listen_ip}/{prefix} dev INTERFACE`) or set the one that it has"
    )]
    NoSuchAddress {
        /// Which.
        listen_ip: Ipv4Addr,
        /// The subnet's.
        prefix: u8,
    },
    /// The address is on several interfaces.
    #[error(
        "GATEWAY_DHCP_LISTEN_IP={listen_ip} is on several interfaces ({interfaces}): \
         set GATEWAY_DHCP_INTERFACE to one of them"
    )]
    SeveralInterfaces {
        /// Which.
        listen_ip: Ipv4Addr,
        /// On which.
        interfaces: String,
    },
    /// The interface is not on this host.
    #[error(
        "GATEWAY_DHCP_INTERFACE={0}: this host (or container) has no such interface; \
         see `ip -brief address`. With Docker's network_mode: host it is the host's bridge, not eth0"
    )]
    NoSuchInterface(String),
    /// Both exist, apart from each other.
    #[error(
        "GATEWAY_DHCP_LISTEN_IP={listen_ip} is not on GATEWAY_DHCP_INTERFACE={interface}, which has \
         {addresses}: correct one of them, or leave one out to have it derived"
    )]
    Mismatch {
        /// What was given.
        listen_ip: Ipv4Addr,
        /// What was given.
        interface: String,
        /// What is there.
        addresses: String,
    },
    /// The interface has no address of the subnet but the router's.
    #[error(
        "GATEWAY_DHCP_INTERFACE={interface} has no address of {network} that is this host's own \
         ({router} is the clients' router, on every host): add one with \
         `ip addr add ADDRESS/{prefix} dev {interface}`"
    )]
    NoAddress {
        /// Which.
        interface: String,
        /// In which.
        network: String,
        /// Option 3.
        router: Ipv4Addr,
        /// The subnet's.
        prefix: u8,
    },
    /// More than one address might be meant.
    #[error(
        "GATEWAY_DHCP_INTERFACE={interface} has several addresses of the subnet ({addresses}): \
         set GATEWAY_DHCP_LISTEN_IP to one of them"
    )]
    SeveralAddresses {
        /// Which.
        interface: String,
        /// Which.
        addresses: String,
    },
    /// Nothing was given.
    #[error("set GATEWAY_DHCP_LISTEN_IP, GATEWAY_DHCP_INTERFACE, or both: neither is set")]
    NothingGiven,
}

/// Finds the interface and the listen IP, or says why they are not certain.
pub async fn resolve(
    listen_ip: Option<Ipv4Addr>,
    interface: Option<&str>,
    subnet: &SubnetConfig,
) -> Result<LanInterface, LanInterfaceError> {
    let links = Links::open()?;
    match (listen_ip, interface) {
        (Some(listen_ip), Some(interface)) => verify(&links, listen_ip, interface).await,
        (Some(listen_ip), None) => derive_interface(&links, listen_ip, subnet).await,
        (None, Some(interface)) => detect_listen_ip(&links, interface, subnet).await,
        (None, None) => Err(LanInterfaceError::NothingGiven),
    }
}

async fn verify(
    links: &Links,
    listen_ip: Ipv4Addr,
    interface: &str,
) -> Result<LanInterface, LanInterfaceError> {
    let interface = interface.to_owned();
    let Some(addresses) = links.addresses_of(&interface).await? else {
        return Err(LanInterfaceError::NoSuchInterface(interface));
    };
    if addresses.iter().any(|address| address.address == listen_ip) {
        return Ok(LanInterface {
            interface,
            listen_ip,
        });
    }
    let addresses = join(addresses.iter().map(|address| address.address));
    Err(LanInterfaceError::Mismatch {
        listen_ip,
        interface,
        addresses,
    })
}

async fn derive_interface(
    links: &Links,
    listen_ip: Ipv4Addr,
    subnet: &SubnetConfig,
) -> Result<LanInterface, LanInterfaceError> {
    match links.interface_of(listen_ip).await? {
        Holder::One(interface) => Ok(LanInterface {
            interface: interface.name,
            listen_ip,
        }),
        Holder::None => Err(LanInterfaceError::NoSuchAddress {
            listen_ip,
            prefix: subnet.network.prefix(),
        }),
        Holder::Several(interfaces) => {
            let interfaces = join(interfaces.into_iter().map(|interface| interface.name));
            Err(LanInterfaceError::SeveralInterfaces {
                listen_ip,
                interfaces,
            })
        }
    }
}

async fn detect_listen_ip(
    links: &Links,
    interface: &str,
    subnet: &SubnetConfig,
) -> Result<LanInterface, LanInterfaceError> {
    let interface = interface.to_owned();
    match links
        .detect_listen_ip(&interface, subnet.network, subnet.router)
        .await?
    {
        ListenIp::One(listen_ip) => Ok(LanInterface {
            interface,
            listen_ip,
        }),
        ListenIp::NoInterface => Err(LanInterfaceError::NoSuchInterface(interface)),
        ListenIp::NoAddress => Err(LanInterfaceError::NoAddress {
            interface,
            network: subnet.network.to_string(),
            router: subnet.router,
            prefix: subnet.network.prefix(),
        }),
        ListenIp::Several(addresses) => {
            let addresses = join(addresses);
            Err(LanInterfaceError::SeveralAddresses {
                interface,
                addresses,
            })
        }
    }
}

fn join(items: impl IntoIterator<Item = impl ToString>) -> String {
    let items: Vec<_> = items.into_iter().map(|item| item.to_string()).collect();
    if items.is_empty() {
        "no IPv4 address".to_owned()
    } else {
        items.join(", ")
    }
}
