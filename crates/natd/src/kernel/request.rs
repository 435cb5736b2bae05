//! Requests that read nf_tables, and what their answers have in common. No I/O.

use super::KernelError;
use super::message::Message;
use super::nft_sys::decode::Unreadable;
use super::nft_sys::encode::{Encoder, Envelope};
use super::socket::Replies;
use std::ffi::c_int;

/// Requests are answered one at a time, so all have the same number.
const SEQUENCE: u32 = 1;

/// Whether a message is of nf_tables, and of this kind (`NFT_MSG_*`).
pub(super) fn is(message: Message<'_>, kind: c_int) -> bool {
    i32::from(message.kind) == libc::NFNL_SUBSYS_NFTABLES << 8 | kind
}

/// A request of this kind about this family (`NFPROTO_*`).
pub(super) fn request(
    family: c_int,
    kind: c_int,
    flags: c_int,
    write: impl FnOnce(&mut Encoder, Envelope),
) -> Vec<u8> {
    let mut encoder = Encoder::new(family);
    write(
        &mut encoder,
        Envelope {
            kind,
            flags,
            sequence: SEQUENCE,
        },
    );
    encoder.finish()
}

/// The error for a message that libnftnl cannot read.
pub(super) fn unreadable(doing: &'static str) -> impl FnOnce(Unreadable) -> KernelError {
    move |Unreadable| KernelError::Answer {
        doing,
        what: "is not readable by libnftnl",
    }
}

/// The error, if the kernel refused the request.
pub(super) fn refused(doing: &'static str, replies: Replies) -> Result<(), KernelError> {
    match replies.failure {
        Some((_, source)) => Err(KernelError::Refused {
            doing: doing.to_owned(),
            source,
        }),
        None => Ok(()),
    }
}
