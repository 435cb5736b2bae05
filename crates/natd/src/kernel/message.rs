//! Netlink messages in a datagram: headers, errors, the end of a dump. Pure.
//!
//! In: a received datagram. Out: [`Message`]s that borrow from it. The payloads of nf_tables are
//! `nft_sys`'s business.

use std::io;

/// `struct nlmsghdr`, in bytes.
const HEADER: usize = 16;
/// Messages start at multiples of this.
const ALIGN: usize = 4;
/// `NLM_F_DUMP_INTR`: what is dumped changed meanwhile.
const FLAG_DUMP_INTERRUPTED: u16 = 0x10;

/// One message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    /// All of it, header included.
    pub bytes: &'a [u8],
    /// `nlmsg_type`.
    pub kind: u16,
    /// `nlmsg_seq`: that of the request.
    pub sequence: u32,
    flags: u16,
}

/// What a message says about its request.
#[derive(Debug)]
pub(super) enum Meaning {
    /// A part of the answer.
    Data,
    /// The dump is complete.
    Done,
    /// The request was carried out.
    Acknowledged,
    /// The request failed.
    Failed(io::Error),
    /// Says nothing.
    Padding,
}

/// A datagram that is not a row of messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Malformed;

/// The messages of `datagram`, in order.
pub(super) fn messages(datagram: &[u8]) -> impl Iterator<Item = Result<Message<'_>, Malformed>> {
    let mut rest = datagram;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let message = first(rest);
        rest = match message {
            Ok(message) => rest
                .get(message.bytes.len().next_multiple_of(ALIGN)..)
                .unwrap_or_default(),
            Err(Malformed) => &[],
        };
        Some(message)
    })
}

fn first(datagram: &[u8]) -> Result<Message<'_>, Malformed> {
    let length = read_u32(datagram, 0).ok_or(Malformed)? as usize;
    if length < HEADER {
        return Err(Malformed);
    }
    let bytes = datagram.get(..length).ok_or(Malformed)?;
    let (kind, flags) = (
        read_u16(bytes, 4).ok_or(Malformed)?,
        read_u16(bytes, 6).ok_or(Malformed)?,
    );
    let sequence = read_u32(bytes, 8).ok_or(Malformed)?;
    Ok(Message {
        bytes,
        kind,
        flags,
        sequence,
    })
}

impl Message<'_> {
    /// Whether the dump that this belongs to was disturbed.
    pub(super) fn interrupted(&self) -> bool {
        self.flags & FLAG_DUMP_INTERRUPTED != 0
    }

    pub(super) fn meaning(&self) -> Result<Meaning, Malformed> {
        let errno = || {
            read_u32(self.bytes, HEADER)
                .map(u32::cast_signed)
                .ok_or(Malformed)
        };
        Ok(match i32::from(self.kind) {
            libc::NLMSG_NOOP => Meaning::Padding,
            libc::NLMSG_ERROR => match errno()? {
                0 => Meaning::Acknowledged,
                errno => Meaning::Failed(io::Error::from_raw_os_error(errno.saturating_neg())),
            },
            // A dump that fails on the way says so in its last message.
            libc::NLMSG_DONE => match errno().unwrap_or(0) {
                0.. => Meaning::Done,
                errno => Meaning::Failed(io::Error::from_raw_os_error(errno.saturating_neg())),
            },
            _ => Meaning::Data,
        })
    }
}

fn read_u16(bytes: &[u8], at: usize) -> Option<u16> {
    bytes
        .get(at..at + 2)?
        .try_into()
        .ok()
        .map(u16::from_ne_bytes)
}

fn read_u32(bytes: &[u8], at: usize) -> Option<u32> {
    bytes
        .get(at..at + 4)?
        .try_into()
        .ok()
        .map(u32::from_ne_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(kind: i32, flags: u16, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        bytes.extend(
            u32::try_from(HEADER + payload.len())
                .expect("short")
                .to_ne_bytes(),
        );
        bytes.extend(u16::try_from(kind).expect("a type").to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(7_u32.to_ne_bytes());
        bytes.extend([0; 4]);
        bytes.extend(payload);
        bytes.resize(bytes.len().next_multiple_of(ALIGN), 0);
        bytes
    }

    #[test]
    fn a_datagram_is_split_and_understood() {
        let mut datagram = message(100, FLAG_DUMP_INTERRUPTED, &[1, 2, 3]);
        datagram.extend(message(
            libc::NLMSG_ERROR,
            0,
            &(-libc::ENOENT).to_ne_bytes(),
        ));
        datagram.extend(message(libc::NLMSG_ERROR, 0, &0_i32.to_ne_bytes()));
        datagram.extend(message(libc::NLMSG_DONE, 0, &0_i32.to_ne_bytes()));
        let all: Vec<_> = messages(&datagram)
            .map(|message| message.expect("well-formed"))
            .collect();
        assert_eq!(all.len(), 4);
        assert!(all[0].interrupted() && all[0].bytes.len() == HEADER + 3 && all[0].sequence == 7);
        assert!(matches!(all[0].meaning(), Ok(Meaning::Data)));
        assert!(
            matches!(all[1].meaning(), Ok(Meaning::Failed(error)) if error.raw_os_error() == Some(libc::ENOENT))
        );
        assert!(matches!(all[2].meaning(), Ok(Meaning::Acknowledged)));
        assert!(matches!(all[3].meaning(), Ok(Meaning::Done)));
    }

    #[test]
    fn broken_datagrams_end_the_iteration() {
        let good = message(100, 0, &[]);
        for broken in [&good[..10], &[0; 16][..], &[255; 20][..]] {
            let all: Vec<_> = messages(broken).collect();
            assert!(matches!(all[..], [Err(Malformed)]), "{broken:?}");
        }
    }
}
