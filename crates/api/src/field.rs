//! Single fields: numbers that proto3 holds in wider types, addresses, bytes of one length.

use super::DecodeError;
use std::net::Ipv4Addr;

/// A message field that is always written.
pub(crate) fn required<T>(field: &'static str, value: Option<T>) -> Result<T, DecodeError> {
    value.ok_or(DecodeError::Missing(field))
}

/// A number that proto3 holds in a `uint32`.
pub(crate) fn small<T>(field: &'static str, value: u32) -> Result<T, DecodeError>
where
    T: TryFrom<u32> + Bounded,
{
    T::try_from(value).map_err(|_| DecodeError::OutOfRange {
        field,
        value: u64::from(value),
        limit: T::LIMIT,
    })
}

/// The largest value of a small number.
pub(crate) trait Bounded {
    /// That value.
    const LIMIT: u64;
}

impl Bounded for u8 {
    const LIMIT: u64 = u8::MAX as u64;
}

impl Bounded for u16 {
    const LIMIT: u64 = u16::MAX as u64;
}

/// An enum that is never `UNSPECIFIED`.
pub(crate) fn known<T: TryFrom<i32>>(field: &'static str, value: i32) -> Result<T, DecodeError> {
    T::try_from(value).map_err(|_| DecodeError::UnknownEnum { field, value })
}

/// Bytes of exactly one length.
pub(crate) fn fixed<const N: usize>(
    field: &'static str,
    bytes: &[u8],
) -> Result<[u8; N], DecodeError> {
    bytes.try_into().map_err(|_| DecodeError::FixedLength {
        field,
        length: bytes.len(),
        expected: N,
    })
}

/// IPv4 addresses, as `repeated fixed32` holds them.
pub(crate) fn addresses(bits: &[u32]) -> Vec<Ipv4Addr> {
    bits.iter().copied().map(Ipv4Addr::from_bits).collect()
}

/// The same, the other way.
pub(crate) fn address_bits(addresses: &[Ipv4Addr]) -> Vec<u32> {
    addresses.iter().map(|address| address.to_bits()).collect()
}

/// Checks that `keys` ascend strictly: the canonical order, and no key twice.
pub(crate) fn ascending<K: Ord>(
    field: &'static str,
    mut keys: impl Iterator<Item = K>,
) -> Result<(), DecodeError> {
    let Some(mut previous) = keys.next() else {
        return Ok(());
    };
    for key in keys {
        if key <= previous {
            return Err(DecodeError::Order(field));
        }
        previous = key;
    }
    Ok(())
}
