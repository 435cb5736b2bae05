//! From images to netlink messages.

mod expression;

use super::{MAX_ELEMENTS, MAX_NAME, MAX_STEPS, MAX_VALUE, Owned, Scratch};
use crate::image::{ChainImage, Expression, SetImage, TableImage};
use expression::expression;
use nftnl_sys as sys;
use std::ffi::{CString, c_int};
use sys::{nftnl_chain, nftnl_rule, nftnl_set, nftnl_set_elem, nftnl_table};

/// Which message, with what flags, under which number.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Envelope {
    /// `NFT_MSG_*`.
    pub kind: c_int,
    /// `NLM_F_*` besides `NLM_F_REQUEST`.
    pub flags: c_int,
    /// The sequence number.
    pub sequence: u32,
}

/// Writes messages one after the other.
pub(in crate::kernel) struct Encoder {
    family: u16,
    scratch: Scratch,
    out: Vec<u8>,
    last: usize,
}

impl Encoder {
    /// For messages of this family (`NFPROTO_*`).
    pub(in crate::kernel) fn new(family: c_int) -> Self {
        Self {
            family: family as u16,
            scratch: Scratch::new(),
            out: Vec::new(),
            last: 0,
        }
    }

    /// All messages so far.
    pub(in crate::kernel) fn finish(self) -> Vec<u8> {
        self.out
    }

    /// Where the last message starts.
    pub(in crate::kernel) fn last_message(&mut self) -> &mut [u8] {
        &mut self.out[self.last..]
    }

    pub(in crate::kernel) fn batch_begin(&mut self, sequence: u32) {
        // SAFETY: writes a header and nothing else; the scratch has room.
        let header = unsafe { sys::nftnl_batch_begin(self.scratch.as_mut_ptr(), sequence) };
        self.append(header);
    }

    pub(in crate::kernel) fn batch_end(&mut self, sequence: u32) {
        // SAFETY: as above.
        let header = unsafe { sys::nftnl_batch_end(self.scratch.as_mut_ptr(), sequence) };
        self.append(header);
    }

    /// A message without attributes: a request for all tables, chains, or the generation.
    pub(in crate::kernel) fn bare(&mut self, envelope: Envelope) {
        let header = self.header(envelope);
        self.append(header);
    }

    pub(in crate::kernel) fn table(&mut self, envelope: Envelope, name: &str, image: &TableImage) {
        let table = Owned::<nftnl_table>::new();
        set_string(name, |text| {
            // SAFETY: the table lives, libnftnl copies the zero-terminated text.
            unsafe { sys::nftnl_table_set_str(table.as_ptr(), sys::NFTNL_TABLE_NAME as u16, text) }
        });
        let header = self.header(envelope);
        // SAFETY: the header is at the start of the scratch; see "Bounds, writing".
        unsafe {
            sys::nftnl_table_set_u32(table.as_ptr(), sys::NFTNL_TABLE_FLAGS as u16, image.flags);
            sys::nftnl_table_nlmsg_build_payload(header, table.as_ptr());
        }
        self.append(header);
    }

    pub(in crate::kernel) fn chain(&mut self, envelope: Envelope, table: &str, image: &ChainImage) {
        let chain = Owned::<nftnl_chain>::new();
        // SAFETY (all three): the chain lives, libnftnl copies the zero-terminated text.
        let set = |attribute: u32, text: &str| {
            set_string(text, |text| unsafe {
                sys::nftnl_chain_set_str(chain.as_ptr(), attribute as u16, text)
            });
        };
        set(sys::NFTNL_CHAIN_TABLE, table);
        set(sys::NFTNL_CHAIN_NAME, &image.name);
        if let Some(base) = &image.base {
            set(sys::NFTNL_CHAIN_TYPE, &base.kind);
            // SAFETY: plain values into a live chain.
            unsafe {
                sys::nftnl_chain_set_u32(
                    chain.as_ptr(),
                    sys::NFTNL_CHAIN_HOOKNUM as u16,
                    base.hook,
                );
                sys::nftnl_chain_set_s32(
                    chain.as_ptr(),
                    sys::NFTNL_CHAIN_PRIO as u16,
                    base.priority,
                );
                sys::nftnl_chain_set_u32(
                    chain.as_ptr(),
                    sys::NFTNL_CHAIN_POLICY as u16,
                    base.policy,
                );
            }
        }
        let header = self.header(envelope);
        // SAFETY: see "Bounds, writing".
        unsafe { sys::nftnl_chain_nlmsg_build_payload(header, chain.as_ptr()) };
        self.append(header);
    }

    /// A rule of `chain`, or a request for the rules of all chains.
    pub(in crate::kernel) fn rule(
        &mut self,
        envelope: Envelope,
        table: &str,
        chain: Option<&str>,
        steps: &[Expression],
    ) {
        assert!(
            steps.len() <= MAX_STEPS,
            "a rule of {} steps does not fit in a message",
            steps.len()
        );
        let rule = Owned::<nftnl_rule>::new();
        // SAFETY: the rule lives, libnftnl copies the zero-terminated text.
        let set = |attribute: u32, text: &str| {
            set_string(text, |text| unsafe {
                sys::nftnl_rule_set_str(rule.as_ptr(), attribute as u16, text)
            });
        };
        set(sys::NFTNL_RULE_TABLE, table);
        if let Some(chain) = chain {
            set(sys::NFTNL_RULE_CHAIN, chain);
        }
        for step in steps {
            let expression = expression(step);
            // SAFETY: both live; the rule owns the expression from here on.
            unsafe { sys::nftnl_rule_add_expr(rule.as_ptr(), expression.as_ptr()) };
        }
        let header = self.header(envelope);
        // SAFETY: see "Bounds, writing".
        unsafe { sys::nftnl_rule_nlmsg_build_payload(header, rule.as_ptr()) };
        self.append(header);
    }

    /// The definition of a set; `id` names it within its transaction.
    pub(in crate::kernel) fn set(
        &mut self,
        envelope: Envelope,
        table: &str,
        image: &SetImage,
        id: u32,
    ) {
        let set = named_set(table, Some(&image.name));
        let values = [
            (sys::NFTNL_SET_ID, id),
            (sys::NFTNL_SET_FLAGS, image.flags),
            (sys::NFTNL_SET_KEY_TYPE, image.key_type),
            (sys::NFTNL_SET_KEY_LEN, image.key_len),
            (sys::NFTNL_SET_DESC_SIZE, image.capacity),
        ];
        let data = [
            (sys::NFTNL_SET_DATA_TYPE, image.data_type),
            (sys::NFTNL_SET_DATA_LEN, image.data_len),
        ];
        // Only a map has values.
        let data = data.into_iter().filter(|_| image.data_len != 0);
        for (attribute, value) in values.into_iter().chain(data) {
            // SAFETY: a plain value into a live set.
            unsafe { sys::nftnl_set_set_u32(set.as_ptr(), attribute as u16, value) };
        }
        let header = self.header(envelope);
        // SAFETY: see "Bounds, writing".
        unsafe { sys::nftnl_set_nlmsg_build_payload(header, set.as_ptr()) };
        self.append(header);
    }

    /// A request for all sets of a table.
    pub(in crate::kernel) fn all_sets(&mut self, envelope: Envelope, table: &str) {
        let set = named_set(table, None);
        let header = self.header(envelope);
        // SAFETY: see "Bounds, writing".
        unsafe { sys::nftnl_set_nlmsg_build_payload(header, set.as_ptr()) };
        self.append(header);
    }

    /// Elements that come (with values) or go (without), or a request for all (none given).
    pub(in crate::kernel) fn elements(
        &mut self,
        envelope: Envelope,
        table: &str,
        set: &str,
        elements: &[(&[u8], Option<&[u8]>)],
    ) {
        assert!(
            elements.len() <= MAX_ELEMENTS,
            "{} elements do not fit in a message",
            elements.len()
        );
        let set = named_set(table, Some(set));
        for (key, value) in elements {
            let element = element(key, *value);
            // SAFETY: both live; the set owns the element from here on.
            unsafe { sys::nftnl_set_elem_add(set.as_ptr(), element.into_raw()) };
        }
        let header = self.header(envelope);
        // SAFETY: see "Bounds, writing".
        unsafe { sys::nftnl_set_elems_nlmsg_build_payload(header, set.as_ptr()) };
        self.append(header);
    }

    fn header(&mut self, envelope: Envelope) -> *mut sys::libc::nlmsghdr {
        let flags = (libc::NLM_F_REQUEST | envelope.flags) as u16;
        // SAFETY: writes two headers at the start of the scratch, which has room.
        unsafe {
            sys::nftnl_nlmsg_build_hdr(
                self.scratch.as_mut_ptr(),
                envelope.kind as u16,
                self.family,
                flags,
                envelope.sequence,
            )
        }
    }

    /// Takes over the message that was built in the scratch.
    fn append(&mut self, header: *mut sys::libc::nlmsghdr) {
        // SAFETY: `header` is the start of the scratch, where a whole header was written.
        let length = unsafe { (*header).nlmsg_len } as usize;
        self.last = self.out.len();
        self.out.extend_from_slice(self.scratch.bytes(length));
        self.out.resize(self.out.len().next_multiple_of(4), 0);
    }
}

fn named_set(table: &str, name: Option<&str>) -> Owned<nftnl_set> {
    let set = Owned::<nftnl_set>::new();
    // SAFETY: the set lives, libnftnl copies the zero-terminated text.
    let put = |attribute: u32, text: &str| {
        set_string(text, |text| unsafe {
            sys::nftnl_set_set_str(set.as_ptr(), attribute as u16, text)
        });
    };
    put(sys::NFTNL_SET_TABLE, table);
    if let Some(name) = name {
        put(sys::NFTNL_SET_NAME, name);
    }
    set
}

fn element(key: &[u8], value: Option<&[u8]>) -> Owned<nftnl_set_elem> {
    let element = Owned::<nftnl_set_elem>::new();
    let put = |attribute: u32, bytes: &[u8]| {
        assert!(
            bytes.len() <= MAX_VALUE,
            "{} bytes are no key or value",
            bytes.len()
        );
        // SAFETY: the element lives; libnftnl copies the bytes, which fit.
        let result = unsafe {
            sys::nftnl_set_elem_set(
                element.as_ptr(),
                attribute as u16,
                bytes.as_ptr().cast(),
                bytes.len() as u32,
            )
        };
        assert_eq!(result, 0, "libnftnl copies a key or value");
    };
    put(sys::NFTNL_SET_ELEM_KEY, key);
    // A plain set's elements have none.
    if let Some(value) = value.filter(|value| !value.is_empty()) {
        put(sys::NFTNL_SET_ELEM_DATA, value);
    }
    element
}

/// Hands `text` to a setter that copies it.
fn set_string(text: &str, set: impl FnOnce(*const libc::c_char) -> c_int) {
    assert!(text.len() <= MAX_NAME, "the name {text:?} is too long");
    let text = CString::new(text).expect("names have no zero byte");
    assert_eq!(set(text.as_ptr()), 0, "libnftnl copies {text:?}");
}
