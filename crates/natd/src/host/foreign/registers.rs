//! What a rule has loaded, as far as it is known. Pure.

use super::packet::{Position, Probe};
use crate::image::Expression;
use std::collections::BTreeMap;

/// Bytes of which some bits are known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bits {
    /// The value; 0 where it is not known.
    value: Vec<u8>,
    /// 1 where it is known.
    known: Vec<u8>,
}

impl Bits {
    /// All of them.
    pub(super) fn all<const N: usize>(value: [u8; N]) -> Self {
        Self::some(value, [0xff; N])
    }

    /// Those of `known`.
    pub(super) fn some<const N: usize>(value: [u8; N], known: [u8; N]) -> Self {
        let bytes = value.iter().zip(known);
        Self {
            value: bytes.map(|(value, known)| value & known).collect(),
            known: known.into(),
        }
    }

    /// None of so many bytes.
    pub(super) fn unknown(len: usize) -> Self {
        Self {
            value: vec![0; len],
            known: vec![0; len],
        }
    }

    /// One after the other.
    pub(super) fn joined(parts: &[Self]) -> Self {
        Self {
            value: parts.iter().flat_map(|part| part.value.clone()).collect(),
            known: parts.iter().flat_map(|part| part.known.clone()).collect(),
        }
    }

    /// Some of the bytes; beyond the end nothing is known.
    pub(super) fn part(&self, offset: usize, len: usize) -> Self {
        let byte = |of: &[u8], at: usize| of.get(offset + at).copied().unwrap_or(0);
        Self {
            value: (0..len).map(|at| byte(&self.value, at)).collect(),
            known: (0..len).map(|at| byte(&self.known, at)).collect(),
        }
    }

    /// `(self & mask) ^ xor`: what the mask takes away is known then.
    fn masked(&self, mask: &[u8], xor: &[u8]) -> Self {
        let value = self.value.iter().zip(mask).zip(xor);
        let known = self.known.iter().zip(mask);
        let known: Vec<u8> = known.map(|(known, mask)| known | !mask).collect();
        let value = value.map(|((value, mask), xor)| value & mask ^ xor);
        Self {
            value: value
                .zip(&known)
                .map(|(value, known)| value & known)
                .collect(),
            known,
        }
    }

    /// Whether the first bytes are these; none if that is not known.
    fn are(&self, bytes: &[u8]) -> Option<bool> {
        let (value, known) = (
            self.value.get(..bytes.len())?,
            self.known.get(..bytes.len())?,
        );
        let differs = |((value, known), byte): ((&u8, &u8), &u8)| (value ^ byte) & known != 0;
        if value.iter().zip(known).zip(bytes).any(differs) {
            return Some(false);
        }
        known.iter().all(|known| *known == 0xff).then_some(true)
    }

    /// The first bytes, if they are all known.
    fn bytes(&self, len: usize) -> Option<&[u8]> {
        let known = self.known.get(..len)?;
        let all = known.iter().all(|known| *known == 0xff);
        self.value.get(..len).filter(|_| all)
    }
}

/// What a rule has loaded; a register that is not here holds something unknown.
#[derive(Default)]
pub(super) struct Registers {
    loaded: BTreeMap<u32, Bits>,
    last_was_state: bool,
}

impl Registers {
    /// Does a step that decides nothing.
    pub(super) fn step(&mut self, step: &Expression, probe: &Probe, at: Position) {
        match step {
            Expression::Meta { key, to } => self.load(*to, probe.meta(at, *key)),
            Expression::Payload {
                base,
                offset,
                len,
                to,
            } => {
                let (offset, len) = (*offset as usize, *len as usize);
                let octets = match i32::try_from(*base) {
                    Ok(libc::NFT_PAYLOAD_NETWORK_HEADER) => Some(probe.network(at, offset, len)),
                    Ok(libc::NFT_PAYLOAD_TRANSPORT_HEADER) => {
                        Some(probe.transport(at, offset, len))
                    }
                    _ => None,
                };
                self.load(*to, octets);
            }
            Expression::Conntrack { key, to, .. } => {
                self.load(*to, probe.conntrack(at, *key));
                self.last_was_state = *key == libc::NFT_CT_STATE as u32;
            }
            Expression::Bitwise {
                from,
                to,
                mask,
                xor,
            } => {
                let loaded = self.loaded.get(from);
                self.load(*to, loaded.map(|loaded| loaded.masked(mask, xor)));
            }
            Expression::Fib { to, .. }
            | Expression::Route { to, .. }
            | Expression::ByteOrder { to, .. } => self.load(*to, None),
            Expression::Immediate { to, value } => {
                let bytes = value.iter().map(|byte| Bits::all([*byte]));
                let bytes: Vec<Bits> = bytes.collect();
                self.load(*to, Some(Bits::joined(&bytes)));
            }
            _ => {}
        }
    }

    /// How a register compares; none if that is unknown. An interface's name may be compared in part.
    pub(super) fn compare(&self, from: u32, op: u32, value: &[u8]) -> Option<bool> {
        let loaded = self.loaded.get(&from)?;
        let known = || loaded.bytes(value.len());
        Some(match i32::try_from(op).ok()? {
            libc::NFT_CMP_EQ => loaded.are(value)?,
            libc::NFT_CMP_NEQ => !loaded.are(value)?,
            libc::NFT_CMP_LT => known()? < value,
            libc::NFT_CMP_LTE => known()? <= value,
            libc::NFT_CMP_GT => known()? > value,
            libc::NFT_CMP_GTE => known()? >= value,
            _ => return None,
        })
    }

    /// Whether what was loaded last is the connection's state.
    pub(super) const fn last_was_state(&self) -> bool {
        self.last_was_state
    }

    /// A step has done something that is not known.
    pub(super) fn forget(&mut self) {
        self.loaded.clear();
        self.last_was_state = false;
    }

    fn load(&mut self, to: u32, value: Option<Bits>) {
        self.last_was_state = false;
        match value {
            Some(value) => self.loaded.insert(to, value),
            None => self.loaded.remove(&to),
        };
    }
}
