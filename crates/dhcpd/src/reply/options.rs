//! Which options a reply carries, and in which order (RFC 2131 §4.3.1, tables 3 and 5).
//!
//! Order: the message's own options (53, 54, 51, 58, 59), then what the client listed in option 55
//! in its order (but 1 before 3: RFC 2132 §3.3), then what it gets unasked (1, 3, 28), then the echoes: 61 (RFC 6842), 118 (RFC 3011) and, always
//! last before END, 82 (RFC 3046 §2.2). A client without option 55 gets everything configured.

use super::host_name::is_host_name;
use super::{Body, NotEncodable};
use crate::codec::Packet;
use dhcproto::v4::{DhcpOption, MessageType, OptionCode, UnknownOption};
use dhcproto::{Encodable, Encoder, Name};
use ipam::{Ipv4Network, LeaseRefusal, Span, SubnetConfig};
use std::net::Ipv4Addr;

/// Sent whether or not the client lists them: without these an address is of no use.
const UNASKED: [OptionCode; 3] = [
    OptionCode::SubnetMask,
    OptionCode::Router,
    OptionCode::BroadcastAddr,
];

/// Sent besides to a client that lists nothing. Option 121 is left out: who cannot say that it
/// wants it cannot read it.
const CONFIGURED: [OptionCode; 5] = [
    OptionCode::DomainNameServer,
    OptionCode::DomainName,
    OptionCode::InterfaceMtu,
    OptionCode::NtpServers,
    OptionCode::DomainSearch,
];

/// How hard it is to do without an option; the least needed goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    /// The client asked for it, or might use it.
    Wanted,
    /// The client's own words, given back to it (RFC 6842; RFC 3046 §2.2 allows to leave out an 82
    /// that does not fit).
    Echo,
    /// Part of a working configuration.
    Unasked,
    /// Without it the message is none.
    Vital,
}

/// An option, encoded: code, length and payload, in as many pieces as that takes (RFC 3396).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct EncodedOption {
    pub need: Need,
    pub bytes: Vec<u8>,
}

/// The options of a reply.
#[derive(Debug, Default)]
pub(super) struct Selection {
    /// In order, without END.
    pub options: Vec<EncodedOption>,
    /// Configured ones that cannot be put into bytes. The client does without; who configured them
    /// finds them counted.
    pub left_out: u32,
}

/// Chooses the options of a reply.
pub(super) fn select(
    packet: &Packet,
    body: &Body,
    config: &SubnetConfig,
    server_identifier: Ipv4Addr,
) -> Result<Selection, NotEncodable> {
    let mut options = Selection::default();
    options.add(Need::Vital, &DhcpOption::MessageType(message_type(body)))?;
    options.add(
        Need::Vital,
        &DhcpOption::ServerIdentifier(server_identifier),
    )?;
    match body {
        Body::Nak(refusal) => {
            options.add(Need::Wanted, &DhcpOption::Message(told(refusal)))?;
        }
        Body::Offer { .. } | Body::Ack(_) | Body::InformAck => {
            add_lease_times(&mut options, body.lease_time())?;
            add_parameters(&mut options, packet, config)?;
        }
    }
    add_echoes(&mut options, packet)?;
    Ok(options)
}

/// Why, for the client, and for everybody on the link: a DHCPNAK is broadcast. Who else has the address is
/// for operators to see (`explain`), a client identifier above all: it is what its client is known by.
fn told(refusal: &LeaseRefusal) -> String {
    match refusal {
        LeaseRefusal::HeldByAnother { address, .. } => {
            format!("{address} is held by another client")
        }
        other => other.to_string(),
    }
}

impl Selection {
    fn add(&mut self, need: Need, option: &DhcpOption) -> Result<(), NotEncodable> {
        let mut bytes = Vec::new();
        option
            .encode(&mut Encoder::new(&mut bytes))
            .map_err(NotEncodable::Option)?;
        self.options.push(EncodedOption { need, bytes });
        Ok(())
    }
}

const fn message_type(body: &Body) -> MessageType {
    match body {
        Body::Offer { .. } => MessageType::Offer,
        Body::Ack(_) | Body::InformAck => MessageType::Ack,
        Body::Nak(_) => MessageType::Nak,
    }
}

/// Options 51, 58 and 59: T1 at 1/2, T2 at 7/8 (RFC 2131 §4.4.5).
fn add_lease_times(options: &mut Selection, lease: Option<Span>) -> Result<(), NotEncodable> {
    let Some(lease) = lease else { return Ok(()) };
    // 2^32 - 1 means forever (RFC 2131 §3.3), which nothing here is.
    let seconds = u32::try_from(lease.as_secs())
        .unwrap_or(u32::MAX)
        .min(u32::MAX - 1);
    let rebinding = u64::from(seconds) * 7 / 8;
    options.add(Need::Vital, &DhcpOption::AddressLeaseTime(seconds))?;
    options.add(Need::Unasked, &DhcpOption::Renewal(seconds / 2))?;
    options.add(
        Need::Unasked,
        &DhcpOption::Rebinding(u32::try_from(rebinding).unwrap_or(seconds)),
    )
}

fn add_parameters(
    options: &mut Selection,
    packet: &Packet,
    config: &SubnetConfig,
) -> Result<(), NotEncodable> {
    let listed = packet.parameter_request_list.as_deref();
    let mut codes: Vec<u8> = listed.unwrap_or_default().to_vec();
    codes.extend(UNASKED.map(u8::from));
    if listed.is_none() {
        codes.extend(CONFIGURED.map(u8::from));
        codes.extend(config.extra_options.keys());
    }
    mask_before_router(&mut codes);
    let mut seen = [false; 256];
    for code in codes {
        if !std::mem::replace(&mut seen[usize::from(code)], true) {
            let is_unasked = UNASKED.contains(&OptionCode::from(code));
            let need = if is_unasked {
                Need::Unasked
            } else {
                Need::Wanted
            };
            add_parameter(options, need, code, packet, config)?;
        }
    }
    Ok(())
}

/// "If both the subnet mask and the router option are specified in a DHCP reply, the subnet mask option MUST be
/// first" (RFC 2132 §3.3).
fn mask_before_router(codes: &mut Vec<u8>) {
    let place = |wanted: OptionCode| codes.iter().position(|code| *code == u8::from(wanted));
    let (mask, router) = (place(OptionCode::SubnetMask), place(OptionCode::Router));
    if let (Some(mask), Some(router)) = (mask, router)
        && router < mask
    {
        let code = codes.remove(mask);
        codes.insert(router, code);
    }
}

fn add_parameter(
    options: &mut Selection,
    need: Need,
    code: u8,
    packet: &Packet,
    config: &SubnetConfig,
) -> Result<(), NotEncodable> {
    let Some(option) = parameter(code, packet, config) else {
        return Ok(());
    };
    let added = options.add(need, &option);
    if added.is_err() && need == Need::Wanted {
        options.left_out += 1;
        return Ok(());
    }
    added
}

/// The subnet's value of an option, if it has one. The host name is the client's own, where it is a
/// host name at all: a client takes over what it is told, so one that is not (`BUSY Bar`) is not told.
fn parameter(code: u8, packet: &Packet, config: &SubnetConfig) -> Option<DhcpOption> {
    match OptionCode::from(code) {
        OptionCode::SubnetMask => Some(DhcpOption::SubnetMask(config.network.mask())),
        OptionCode::Router => Some(DhcpOption::Router(vec![config.router])),
        OptionCode::BroadcastAddr => Some(DhcpOption::BroadcastAddr(config.network.broadcast())),
        OptionCode::DomainNameServer => {
            non_empty(&config.dns_servers).map(DhcpOption::DomainNameServer)
        }
        OptionCode::NtpServers => non_empty(&config.ntp_servers).map(DhcpOption::NtpServers),
        OptionCode::Hostname => {
            let name = packet.hostname.as_ref()?.as_str();
            is_host_name(name).then(|| DhcpOption::Hostname(name.to_owned()))
        }
        OptionCode::DomainName => config.domain_name.clone().map(DhcpOption::DomainName),
        OptionCode::InterfaceMtu => Some(DhcpOption::InterfaceMtu(config.mtu)),
        OptionCode::DomainSearch => domain_search(&config.domain_search),
        OptionCode::ClasslessStaticRoute => classless_routes(config),
        _ => config
            .extra_options
            .get(&code)
            .map(|payload| raw(code, payload.clone())),
    }
}

fn non_empty(addresses: &[Ipv4Addr]) -> Option<Vec<Ipv4Addr>> {
    (!addresses.is_empty()).then(|| addresses.to_vec())
}

/// Option 119: names in DNS format, compressed (RFC 3397 §2). What is no domain name is left out.
fn domain_search(domains: &[String]) -> Option<DhcpOption> {
    let names = domains
        .iter()
        .filter_map(|domain| Name::from_ascii(domain).ok());
    let names: Vec<Name> = names.collect();
    (!names.is_empty()).then_some(DhcpOption::DomainSearch(names))
}

/// Option 121. A client that gets it ignores option 3, so the default route is in it, too
/// (RFC 3442, "DHCP Client Behavior" and "DHCP Server Administrator Responsibilities").
fn classless_routes(config: &SubnetConfig) -> Option<DhcpOption> {
    if config.classless_routes.is_empty() {
        return None;
    }
    let mut payload = Vec::new();
    for (network, router) in &config.classless_routes {
        push_route(&mut payload, *network, *router);
    }
    payload.push(0);
    payload.extend(config.router.octets());
    Some(raw(u8::from(OptionCode::ClasslessStaticRoute), payload))
}

/// The prefix length, the significant bytes of the destination, the router.
fn push_route(payload: &mut Vec<u8>, network: Ipv4Network, router: Ipv4Addr) {
    let significant = usize::from(network.prefix().div_ceil(8));
    payload.push(network.prefix());
    payload.extend(network.address().octets().iter().take(significant));
    payload.extend(router.octets());
}

/// The echoes. 82 goes back byte for byte: dhcproto would put its sub-options in another order.
fn add_echoes(options: &mut Selection, packet: &Packet) -> Result<(), NotEncodable> {
    if let Some(identifier) = &packet.client_identifier {
        let payload = identifier.bytes().to_vec();
        options.add(
            Need::Echo,
            &raw(u8::from(OptionCode::ClientIdentifier), payload),
        )?;
    }
    if let Some(network) = packet.subnet_selection {
        let code = u8::from(OptionCode::SubnetSelection);
        options.add(Need::Echo, &raw(code, network.octets().to_vec()))?;
    }
    if let Some(information) = &packet.relay_agent_information {
        let code = u8::from(OptionCode::RelayAgentInformation);
        options.add(Need::Echo, &raw(code, information.clone()))?;
    }
    Ok(())
}

fn raw(code: u8, payload: Vec<u8>) -> DhcpOption {
    DhcpOption::Unknown(UnknownOption::new(OptionCode::from(code), payload))
}
