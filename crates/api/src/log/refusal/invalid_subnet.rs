//! What contradicts itself in a subnet.

use crate::DecodeError;
use crate::field::{required, small};
use crate::proto::log as wire;
use ipam::InvalidSubnet;
use std::net::Ipv4Addr;
use wire::invalid_subnet::Reason as SubnetReason;

impl From<&InvalidSubnet> for wire::InvalidSubnet {
    fn from(invalid: &InvalidSubnet) -> Self {
        use wire::invalid_subnet::{Pool, PoolTooLarge, Router, Times};
        let reason = match *invalid {
            InvalidSubnet::TooSmall(network) => SubnetReason::TooSmall(network.into()),
            InvalidSubnet::Router { router, network } => SubnetReason::Router(Router {
                router: router.to_bits(),
                network: Some(network.into()),
            }),
            InvalidSubnet::Pool { pool, network } => SubnetReason::Pool(Pool {
                pool: Some(pool.into()),
                network: Some(network.into()),
            }),
            InvalidSubnet::PoolTooLarge { pool, size } => {
                let pool = Some(pool.into());
                SubnetReason::PoolTooLarge(PoolTooLarge { pool, size })
            }
            InvalidSubnet::Times {
                minimum,
                default,
                maximum,
            } => SubnetReason::Times(Times {
                minimum_s: minimum,
                default_s: default,
                maximum_s: maximum,
            }),
            InvalidSubnet::Mtu(mtu) => SubnetReason::Mtu(u32::from(mtu)),
            InvalidSubnet::ExtraOption(code) => SubnetReason::ExtraOption(u32::from(code)),
        };
        Self {
            reason: Some(reason),
        }
    }
}

impl TryFrom<wire::InvalidSubnet> for InvalidSubnet {
    type Error = DecodeError;

    fn try_from(message: wire::InvalidSubnet) -> Result<Self, DecodeError> {
        Ok(match required("InvalidSubnet.reason", message.reason)? {
            SubnetReason::TooSmall(network) => Self::TooSmall(network.try_into()?),
            SubnetReason::Router(message) => Self::Router {
                router: Ipv4Addr::from_bits(message.router),
                network: required("InvalidSubnet.router", message.network)?.try_into()?,
            },
            SubnetReason::Pool(message) => Self::Pool {
                pool: required("InvalidSubnet.pool", message.pool)?.try_into()?,
                network: required("InvalidSubnet.pool", message.network)?.try_into()?,
            },
            SubnetReason::PoolTooLarge(message) => Self::PoolTooLarge {
                pool: required("InvalidSubnet.pool_too_large", message.pool)?.try_into()?,
                size: message.size,
            },
            SubnetReason::Times(message) => Self::Times {
                minimum: message.minimum_s,
                default: message.default_s,
                maximum: message.maximum_s,
            },
            SubnetReason::Mtu(mtu) => Self::Mtu(small("InvalidSubnet.mtu", mtu)?),
            SubnetReason::ExtraOption(code) => {
                Self::ExtraOption(small("InvalidSubnet.extra_option", code)?)
            }
        })
    }
}
