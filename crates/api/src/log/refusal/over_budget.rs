//! Too many of something, or something too large.

use crate::DecodeError;
use crate::field::known;
use crate::objects::kind_of_number;
use crate::proto::log as wire;
use ipam::budget::{Item, OverBudget};
use wire::over_budget::Item as WireItem;

impl From<&OverBudget> for wire::OverBudget {
    fn from(over: &OverBudget) -> Self {
        let (what, bytes, limit) = match *over {
            OverBudget::TooMany { what, limit } => (what, None, limit),
            OverBudget::TooLarge { what, bytes, limit } => (what, Some(bytes as u64), limit),
        };
        let kind = match what {
            Item::Objects(kind) => kind as u32,
            _ => 0,
        };
        Self {
            item: encode_item(what).into(),
            kind,
            bytes,
            limit: limit as u64,
        }
    }
}

impl TryFrom<wire::OverBudget> for OverBudget {
    type Error = DecodeError;

    fn try_from(message: wire::OverBudget) -> Result<Self, DecodeError> {
        let what = decode_item(known("OverBudget.item", message.item)?, message.kind)?;
        let limit = count(message.limit);
        Ok(match message.bytes.map(count) {
            None => Self::TooMany { what, limit },
            Some(bytes) => Self::TooLarge { what, bytes, limit },
        })
    }
}

fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const fn encode_item(item: Item) -> WireItem {
    match item {
        Item::Objects(_) => WireItem::Objects,
        Item::Command => WireItem::Command,
        Item::Batch => WireItem::Batch,
        Item::Nodes => WireItem::Nodes,
        Item::PeerAddress => WireItem::PeerAddress,
        Item::Listeners => WireItem::Listeners,
        Item::HostAddresses => WireItem::HostAddresses,
        Item::ListenIps => WireItem::ListenIps,
        Item::AvoidedAddresses => WireItem::AvoidedAddresses,
        Item::OperatorOrigin => WireItem::OperatorOrigin,
        Item::DomainName => WireItem::DomainName,
        Item::SearchDomain => WireItem::SearchDomain,
        Item::SearchDomains => WireItem::SearchDomains,
        Item::DnsServers => WireItem::DnsServers,
        Item::NtpServers => WireItem::NtpServers,
        Item::ClasslessRoutes => WireItem::ClasslessRoutes,
        Item::ExcludedRanges => WireItem::ExcludedRanges,
    }
}

fn decode_item(item: WireItem, kind: u32) -> Result<Item, DecodeError> {
    Ok(match item {
        WireItem::Unspecified => return Err(DecodeError::Missing("OverBudget.item")),
        WireItem::Objects => {
            let kind = kind_of_number(kind);
            Item::Objects(kind.ok_or(DecodeError::Missing("OverBudget.kind"))?)
        }
        WireItem::Command => Item::Command,
        WireItem::Batch => Item::Batch,
        WireItem::Nodes => Item::Nodes,
        WireItem::PeerAddress => Item::PeerAddress,
        WireItem::Listeners => Item::Listeners,
        WireItem::HostAddresses => Item::HostAddresses,
        WireItem::ListenIps => Item::ListenIps,
        WireItem::AvoidedAddresses => Item::AvoidedAddresses,
        WireItem::OperatorOrigin => Item::OperatorOrigin,
        WireItem::DomainName => Item::DomainName,
        WireItem::SearchDomain => Item::SearchDomain,
        WireItem::SearchDomains => Item::SearchDomains,
        WireItem::DnsServers => Item::DnsServers,
        WireItem::NtpServers => Item::NtpServers,
        WireItem::ClasslessRoutes => Item::ClasslessRoutes,
        WireItem::ExcludedRanges => Item::ExcludedRanges,
    })
}
