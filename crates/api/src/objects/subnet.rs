//! Subnets.

use crate::DecodeError;
use crate::field::{address_bits, addresses, ascending, known, required, small};
use crate::proto::objects as wire;
use crate::shape::Field;
use ipam::{AddressRange, InvalidNetwork, Ipv4Network, LeaseTimes, Span, SubnetConfig, SubnetId};
use std::collections::BTreeMap;
use std::net::Ipv4Addr;

/// What repeats in it: excluded ranges, search domains, classless routes, options.
pub const SUBNET_CONFIG: &[Field] = &[
    Field::part(5),
    Field::part(10),
    Field::part(13),
    Field::part(14),
];
pub(super) const LISTS: &[Field] = SUBNET_CONFIG;

impl From<&SubnetId> for wire::SubnetKey {
    fn from(id: &SubnetId) -> Self {
        Self { id: id.0 }
    }
}

impl TryFrom<wire::SubnetKey> for SubnetId {
    type Error = DecodeError;

    fn try_from(message: wire::SubnetKey) -> Result<Self, DecodeError> {
        Ok(Self(message.id))
    }
}

impl From<Ipv4Network> for wire::Ipv4Network {
    fn from(network: Ipv4Network) -> Self {
        Self {
            address: network.address().to_bits(),
            prefix: u32::from(network.prefix()),
        }
    }
}

impl TryFrom<wire::Ipv4Network> for Ipv4Network {
    type Error = DecodeError;

    fn try_from(message: wire::Ipv4Network) -> Result<Self, DecodeError> {
        let prefix = small("Ipv4Network.prefix", message.prefix)?;
        Self::new(Ipv4Addr::from_bits(message.address), prefix).map_err(network("Ipv4Network"))
    }
}

impl From<AddressRange> for wire::AddressRange {
    fn from(range: AddressRange) -> Self {
        Self {
            first: range.first().to_bits(),
            last: range.last().to_bits(),
        }
    }
}

impl TryFrom<wire::AddressRange> for AddressRange {
    type Error = DecodeError;

    fn try_from(message: wire::AddressRange) -> Result<Self, DecodeError> {
        let (first, last) = (message.first, message.last);
        Self::new(Ipv4Addr::from_bits(first), Ipv4Addr::from_bits(last))
            .map_err(network("AddressRange"))
    }
}

impl From<LeaseTimes> for wire::LeaseTimes {
    fn from(times: LeaseTimes) -> Self {
        Self {
            default_ms: times.default.0,
            minimum_ms: times.minimum.0,
            maximum_ms: times.maximum.0,
            offer_ms: times.offer.0,
            quarantine_ms: times.quarantine.0,
        }
    }
}

impl From<wire::LeaseTimes> for LeaseTimes {
    fn from(message: wire::LeaseTimes) -> Self {
        Self {
            default: Span(message.default_ms),
            minimum: Span(message.minimum_ms),
            maximum: Span(message.maximum_ms),
            offer: Span(message.offer_ms),
            quarantine: Span(message.quarantine_ms),
        }
    }
}

impl From<&SubnetConfig> for wire::SubnetConfig {
    fn from(config: &SubnetConfig) -> Self {
        Self {
            id: config.id.0,
            network: Some(config.network.into()),
            router: config.router.to_bits(),
            pool: Some(config.pool.into()),
            excluded: config.excluded.iter().copied().map(Into::into).collect(),
            identity: wire::IdentityPolicy::from(config.identity).into(),
            times: Some(config.times.into()),
            dns_servers: address_bits(&config.dns_servers),
            domain_name: config.domain_name.clone(),
            domain_search: config.domain_search.clone(),
            ntp_servers: address_bits(&config.ntp_servers),
            mtu: u32::from(config.mtu),
            classless_routes: config.classless_routes.iter().map(encode_route).collect(),
            extra_options: config.extra_options.iter().map(encode_option).collect(),
            authoritative: config.authoritative,
        }
    }
}

impl TryFrom<wire::SubnetConfig> for SubnetConfig {
    type Error = DecodeError;

    fn try_from(message: wire::SubnetConfig) -> Result<Self, DecodeError> {
        let identity: wire::IdentityPolicy = known("SubnetConfig.identity", message.identity)?;
        let excluded = message.excluded.into_iter().map(TryInto::try_into);
        let routes = message.classless_routes.into_iter().map(decode_route);
        Ok(Self {
            id: SubnetId(message.id),
            network: required("SubnetConfig.network", message.network)?.try_into()?,
            router: Ipv4Addr::from_bits(message.router),
            pool: required("SubnetConfig.pool", message.pool)?.try_into()?,
            excluded: excluded.collect::<Result<_, _>>()?,
            identity: identity.try_into()?,
            times: required("SubnetConfig.times", message.times)?.into(),
            dns_servers: addresses(&message.dns_servers),
            domain_name: message.domain_name,
            domain_search: message.domain_search,
            ntp_servers: addresses(&message.ntp_servers),
            mtu: small("SubnetConfig.mtu", message.mtu)?,
            classless_routes: routes.collect::<Result<_, _>>()?,
            extra_options: decode_options(message.extra_options)?,
            authoritative: message.authoritative,
        })
    }
}

fn encode_route((destination, router): &(Ipv4Network, Ipv4Addr)) -> wire::ClasslessRoute {
    wire::ClasslessRoute {
        destination: Some((*destination).into()),
        router: router.to_bits(),
    }
}

fn decode_route(message: wire::ClasslessRoute) -> Result<(Ipv4Network, Ipv4Addr), DecodeError> {
    let destination = required("ClasslessRoute.destination", message.destination)?;
    Ok((destination.try_into()?, Ipv4Addr::from_bits(message.router)))
}

fn encode_option((code, payload): (&u8, &Vec<u8>)) -> wire::ExtraOption {
    wire::ExtraOption {
        code: u32::from(*code),
        payload: payload.clone(),
    }
}

fn decode_options(messages: Vec<wire::ExtraOption>) -> Result<BTreeMap<u8, Vec<u8>>, DecodeError> {
    ascending(
        "SubnetConfig.extra_options",
        messages.iter().map(|option| option.code),
    )?;
    let option = |message: wire::ExtraOption| {
        let code = small("ExtraOption.code", message.code)?;
        Ok((code, message.payload))
    };
    messages.into_iter().map(option).collect()
}

fn network(field: &'static str) -> impl Fn(InvalidNetwork) -> DecodeError {
    move |source| DecodeError::Network { field, source }
}
