//! From images to netlink messages.

use super::{MAX_ELEMENTS, MAX_NAME, MAX_STEPS, MAX_VALUE, Owned, Scratch};
use crate::image::{ChainImage, Expression, SetImage, TableImage};
use nftnl_sys as sys;
use std::ffi::{CString, c_int};
use std::ptr::NonNull;
use sys::{nftnl_chain, nftnl_expr, nftnl_rule, nftnl_set, nftnl_set_elem, nftnl_table};

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

/// `NFT_EXTHDR_OP_TCPOPT`.
pub(super) const EXTHDR_OP_TCPOPT: u32 = 1;

/// An expression that is not in a rule yet.
struct NewExpression(NonNull<nftnl_expr>);

impl NewExpression {
    fn new(name: &'static std::ffi::CStr) -> Self {
        // SAFETY: a zero-terminated name; null if libnftnl does not know it.
        let raw = unsafe { sys::nftnl_expr_alloc(name.as_ptr()) };
        Self(NonNull::new(raw).expect("libnftnl knows the expression"))
    }

    const fn as_ptr(&self) -> *mut nftnl_expr {
        self.0.as_ptr()
    }

    fn number(self, attribute: u32, value: u32) -> Self {
        // SAFETY: a plain value into a live expression.
        unsafe { sys::nftnl_expr_set_u32(self.as_ptr(), attribute as u16, value) };
        self
    }

    /// A number of one byte.
    fn small(self, attribute: u32, value: u8) -> Self {
        // SAFETY: a plain value into a live expression.
        unsafe { sys::nftnl_expr_set_u8(self.as_ptr(), attribute as u16, value) };
        self
    }

    fn bytes(self, attribute: u32, value: &[u8]) -> Self {
        assert!(
            value.len() <= MAX_VALUE,
            "{} bytes are no value",
            value.len()
        );
        // SAFETY: the expression lives; libnftnl copies the bytes, which fit.
        let result = unsafe {
            sys::nftnl_expr_set(
                self.as_ptr(),
                attribute as u16,
                value.as_ptr().cast(),
                value.len() as u32,
            )
        };
        assert_eq!(result, 0, "libnftnl copies a value");
        self
    }

    fn text(self, attribute: u32, value: &str) -> Self {
        // SAFETY: the expression lives, libnftnl copies the zero-terminated text.
        set_string(value, |text| unsafe {
            sys::nftnl_expr_set_str(self.as_ptr(), attribute as u16, text)
        });
        self
    }

    fn maybe(self, attribute: u32, value: Option<u32>) -> Self {
        match value {
            Some(value) => self.number(attribute, value),
            None => self,
        }
    }
}

fn expression(step: &Expression) -> NewExpression {
    let new = NewExpression::new;
    match step {
        Expression::Meta { key, to } => new(c"meta")
            .number(sys::NFTNL_EXPR_META_KEY, *key)
            .number(sys::NFTNL_EXPR_META_DREG, *to),
        Expression::Payload {
            base,
            offset,
            len,
            to,
        } => new(c"payload")
            .number(sys::NFTNL_EXPR_PAYLOAD_BASE, *base)
            .number(sys::NFTNL_EXPR_PAYLOAD_OFFSET, *offset)
            .number(sys::NFTNL_EXPR_PAYLOAD_LEN, *len)
            .number(sys::NFTNL_EXPR_PAYLOAD_DREG, *to),
        Expression::Conntrack { key, direction, to } => {
            let load = new(c"ct")
                .number(sys::NFTNL_EXPR_CT_KEY, *key)
                .number(sys::NFTNL_EXPR_CT_DREG, *to);
            match direction {
                Some(direction) => load.small(sys::NFTNL_EXPR_CT_DIR, *direction),
                None => load,
            }
        }
        Expression::Route { key, to } => new(c"rt")
            .number(sys::NFTNL_EXPR_RT_KEY, *key)
            .number(sys::NFTNL_EXPR_RT_DREG, *to),
        Expression::ByteOrder {
            from,
            to,
            op,
            len,
            size,
        } => new(c"byteorder")
            .number(sys::NFTNL_EXPR_BYTEORDER_SREG, *from)
            .number(sys::NFTNL_EXPR_BYTEORDER_DREG, *to)
            .number(sys::NFTNL_EXPR_BYTEORDER_OP, *op)
            .number(sys::NFTNL_EXPR_BYTEORDER_LEN, *len)
            .number(sys::NFTNL_EXPR_BYTEORDER_SIZE, *size),
        Expression::WriteTcpOption {
            from,
            kind,
            offset,
            len,
        } => new(c"exthdr")
            .small(sys::NFTNL_EXPR_EXTHDR_TYPE, *kind as u8)
            .number(sys::NFTNL_EXPR_EXTHDR_OP, EXTHDR_OP_TCPOPT)
            .number(sys::NFTNL_EXPR_EXTHDR_OFFSET, *offset)
            .number(sys::NFTNL_EXPR_EXTHDR_LEN, *len)
            .number(sys::NFTNL_EXPR_EXTHDR_SREG, *from),
        Expression::Counter => new(c"counter"),
        Expression::Fib { result, flags, to } => new(c"fib")
            .number(sys::NFTNL_EXPR_FIB_RESULT, *result)
            .number(sys::NFTNL_EXPR_FIB_FLAGS, *flags)
            .number(sys::NFTNL_EXPR_FIB_DREG, *to),
        Expression::Bitwise {
            from,
            to,
            mask,
            xor,
        } => new(c"bitwise")
            .number(sys::NFTNL_EXPR_BITWISE_SREG, *from)
            .number(sys::NFTNL_EXPR_BITWISE_DREG, *to)
            .number(sys::NFTNL_EXPR_BITWISE_LEN, mask.len() as u32)
            .bytes(sys::NFTNL_EXPR_BITWISE_MASK, mask)
            .bytes(sys::NFTNL_EXPR_BITWISE_XOR, xor),
        Expression::Compare { from, op, value } => new(c"cmp")
            .number(sys::NFTNL_EXPR_CMP_SREG, *from)
            .number(sys::NFTNL_EXPR_CMP_OP, *op)
            .bytes(sys::NFTNL_EXPR_CMP_DATA, value),
        Expression::Lookup { set, from, to } => new(c"lookup")
            .text(sys::NFTNL_EXPR_LOOKUP_SET, set)
            .number(sys::NFTNL_EXPR_LOOKUP_SREG, *from)
            .maybe(sys::NFTNL_EXPR_LOOKUP_DREG, *to),
        Expression::Immediate { to, value } => new(c"immediate")
            .number(sys::NFTNL_EXPR_IMM_DREG, *to)
            .bytes(sys::NFTNL_EXPR_IMM_DATA, value),
        Expression::Verdict { code, chain } => verdict(*code, chain.as_deref()),
        Expression::Nat {
            kind,
            family,
            address,
            port,
            flags,
        } => new(c"nat")
            .number(sys::NFTNL_EXPR_NAT_TYPE, *kind)
            .number(sys::NFTNL_EXPR_NAT_FAMILY, *family)
            .number(sys::NFTNL_EXPR_NAT_REG_ADDR_MIN, *address)
            .maybe(sys::NFTNL_EXPR_NAT_REG_PROTO_MIN, *port)
            .maybe(sys::NFTNL_EXPR_NAT_FLAGS, (*flags != 0).then_some(*flags)),
        Expression::Masquerade { flags } => {
            new(c"masq").maybe(sys::NFTNL_EXPR_MASQ_FLAGS, (*flags != 0).then_some(*flags))
        }
        Expression::Foreign { name } => {
            unreachable!("a plan never has a foreign expression, such as {name}")
        }
    }
}

fn verdict(code: i32, chain: Option<&str>) -> NewExpression {
    let verdict = NewExpression::new(c"immediate")
        .number(sys::NFTNL_EXPR_IMM_DREG, libc::NFT_REG_VERDICT as u32)
        .number(sys::NFTNL_EXPR_IMM_VERDICT, code.cast_unsigned());
    match chain {
        Some(chain) => verdict.text(sys::NFTNL_EXPR_IMM_CHAIN, chain),
        None => verdict,
    }
}

/// Hands `text` to a setter that copies it.
fn set_string(text: &str, set: impl FnOnce(*const libc::c_char) -> c_int) {
    assert!(text.len() <= MAX_NAME, "the name {text:?} is too long");
    let text = CString::new(text).expect("names have no zero byte");
    assert_eq!(set(text.as_ptr()), 0, "libnftnl copies {text:?}");
}
