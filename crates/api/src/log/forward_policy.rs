//! The forward chain's policy.

use crate::DecodeError;
use crate::field::known;
use crate::proto::log as wire;
use ipam::ForwardPolicy;

impl From<ForwardPolicy> for wire::ForwardPolicy {
    fn from(policy: ForwardPolicy) -> Self {
        match policy {
            ForwardPolicy::Drop => Self::Drop,
            ForwardPolicy::Accept => Self::Accept,
        }
    }
}

/// A forward policy from its number.
pub(super) fn forward_policy(
    field: &'static str,
    value: i32,
) -> Result<ForwardPolicy, DecodeError> {
    match known(field, value)? {
        wire::ForwardPolicy::Unspecified => Err(DecodeError::Missing(field)),
        wire::ForwardPolicy::Drop => Ok(ForwardPolicy::Drop),
        wire::ForwardPolicy::Accept => Ok(ForwardPolicy::Accept),
    }
}
