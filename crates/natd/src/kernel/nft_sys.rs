//! The border to libnftnl: the only place in this crate with `unsafe`.
//!
//! In and out: netlink messages as bytes on one side, the types of [`crate::image`] on the other.
//! Nothing here does I/O; [`super::socket`] carries the bytes. Two halves: [`encode`] and [`decode`].
//! Why not the safe layer `nftnl`: ADR 0034.
//!
//! What makes it sound, once for all:
//! * **Ownership.** Every libnftnl object lives in an [`Owned`], which frees it. Objects that are
//!   added to another (expressions to a rule, elements to a set) are released to it by
//!   [`Owned::into_raw`], because libnftnl then frees them with it.
//! * **Bounds, writing.** libnftnl writes into our buffer without asking for its size. So each
//!   message starts in an empty [`Scratch`] of 64 KiB, and what goes into one message is limited by
//!   assertion ([`MAX_STEPS`], [`MAX_ELEMENTS`], [`MAX_NAME`], [`MAX_VALUE`]) to far less.
//! * **Bounds, reading.** libnftnl trusts `nlmsg_len`. A message is copied into a [`Scratch`] (which
//!   also aligns it) only if its length says what the slice's length is.
//! * **Lifetimes.** What a getter returns points into its object and is copied at once.
#![allow(unsafe_code)]

pub(super) mod decode;
pub(super) mod encode;

use nftnl_sys as sys;
use std::ptr::NonNull;

/// Most steps of a rule.
pub(super) const MAX_STEPS: usize = 64;
/// Most elements in one message.
pub(super) const MAX_ELEMENTS: usize = 512;
/// Longest name, in bytes: below that of the kernel (`NFT_NAME_MAXLEN`, 256).
const MAX_NAME: usize = 64;
/// Longest constant, in bytes: an IPv6 address and a port, each in whole words (`NFT_DATA_VALUE_MAXLEN` is 64).
const MAX_VALUE: usize = 20;

/// `NFT_EXTHDR_OP_TCPOPT`.
const EXTHDR_OP_TCPOPT: u32 = 1;

/// Room for one message, in 8-byte words: 64 KiB.
const SCRATCH_WORDS: usize = 8 * 1024;
/// Everything besides steps and elements that a message can have, in bytes.
const MESSAGE_BASE: usize = 1024;
/// One step with all its attributes and a value, or one element, at most, in bytes.
const STEP_OR_ELEMENT: usize = 112;

const _: () = assert!(MESSAGE_BASE + MAX_ELEMENTS * STEP_OR_ELEMENT <= SCRATCH_WORDS * 8);
const _: () =
    assert!(MESSAGE_BASE + MAX_STEPS * (STEP_OR_ELEMENT + 2 * MAX_NAME) <= SCRATCH_WORDS * 8);

/// An aligned buffer for one message.
struct Scratch(Box<[u64; SCRATCH_WORDS]>);

impl Scratch {
    fn new() -> Self {
        Self(Box::new([0; SCRATCH_WORDS]))
    }

    fn as_mut_ptr<T>(&mut self) -> *mut T {
        self.0.as_mut_ptr().cast()
    }

    /// The first `length` bytes.
    fn bytes(&self, length: usize) -> &[u8] {
        assert!(
            length <= SCRATCH_WORDS * 8,
            "libnftnl wrote {length} bytes into a smaller buffer"
        );
        // SAFETY: the array has at least `length` initialised bytes, and a u8 may have any alignment.
        unsafe { std::slice::from_raw_parts(self.0.as_ptr().cast(), length) }
    }
}

/// A libnftnl object that is ours to free.
struct Owned<T: Object>(NonNull<T>);

/// A type of libnftnl with its own allocator.
trait Object {
    /// Allocates one, with nothing set.
    fn alloc() -> *mut Self;
    /// Frees one.
    ///
    /// # Safety
    /// `object` came from [`Object::alloc`] and is not used after this.
    unsafe fn free(object: *mut Self);
}

impl<T: Object> Owned<T> {
    fn new() -> Self {
        Self(NonNull::new(T::alloc()).expect("libnftnl allocates; out of memory"))
    }

    /// For libnftnl's functions. Some take `*mut` and do not change the object.
    const fn as_ptr(&self) -> *mut T {
        self.0.as_ptr()
    }

    /// Gives the object away to one that frees it.
    fn into_raw(self) -> *mut T {
        let raw = self.as_ptr();
        std::mem::forget(self);
        raw
    }
}

impl<T: Object> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: allocated by `new`, not given away (`into_raw` forgets), and dropped once.
        unsafe { T::free(self.as_ptr()) }
    }
}

macro_rules! object {
    ($type:ident, $alloc:ident, $free:ident) => {
        impl Object for sys::$type {
            fn alloc() -> *mut Self {
                // SAFETY: takes nothing; returns null or a new object.
                unsafe { sys::$alloc() }
            }

            unsafe fn free(object: *mut Self) {
                // SAFETY: the caller's promise.
                unsafe { sys::$free(object) }
            }
        }
    };
}

object!(nftnl_table, nftnl_table_alloc, nftnl_table_free);
object!(nftnl_chain, nftnl_chain_alloc, nftnl_chain_free);
object!(nftnl_rule, nftnl_rule_alloc, nftnl_rule_free);
object!(nftnl_set, nftnl_set_alloc, nftnl_set_free);
object!(nftnl_set_elem, nftnl_set_elem_alloc, nftnl_set_elem_free);
object!(nftnl_gen, nftnl_gen_alloc, nftnl_gen_free);
