//! The steps of a rule, from [`Expression`]s to libnftnl's expressions.

use super::set_string;
use crate::image::Expression;
use crate::kernel::nft_sys::{EXTHDR_OP_TCPOPT, MAX_VALUE};
use nftnl_sys as sys;
use std::ptr::NonNull;
use sys::nftnl_expr;

/// An expression that is not in a rule yet.
pub(super) struct NewExpression(NonNull<nftnl_expr>);

impl NewExpression {
    fn new(name: &'static std::ffi::CStr) -> Self {
        // SAFETY: a zero-terminated name; null if libnftnl does not know it.
        let raw = unsafe { sys::nftnl_expr_alloc(name.as_ptr()) };
        Self(NonNull::new(raw).expect("libnftnl knows the expression"))
    }

    pub(super) const fn as_ptr(&self) -> *mut nftnl_expr {
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

/// The expression for one step. One function an expression, as where they are read.
pub(super) fn expression(step: &Expression) -> NewExpression {
    match step {
        Expression::Meta { key, to } => meta(*key, *to),
        Expression::Payload {
            base,
            offset,
            len,
            to,
        } => payload(*base, *offset, *len, *to),
        Expression::Conntrack { key, direction, to } => conntrack(*key, *direction, *to),
        Expression::Route { key, to } => route(*key, *to),
        Expression::ByteOrder {
            from,
            to,
            op,
            len,
            size,
        } => byte_order([*from, *to], *op, *len, *size),
        Expression::WriteTcpOption {
            from,
            kind,
            offset,
            len,
        } => tcp_option(*from, *kind, *offset, *len),
        Expression::Counter => NewExpression::new(c"counter"),
        Expression::Fib { result, flags, to } => fib(*result, *flags, *to),
        Expression::Bitwise {
            from,
            to,
            mask,
            xor,
        } => bitwise([*from, *to], mask, xor),
        Expression::Compare { from, op, value } => compare(*from, *op, value),
        Expression::Lookup { set, from, to } => lookup(set, *from, *to),
        Expression::Immediate { to, value } => immediate(*to, value),
        Expression::Verdict { code, chain } => verdict(*code, chain.as_deref()),
        Expression::Nat {
            kind,
            family,
            address,
            port,
            flags,
        } => nat([*kind, *family], *address, *port, *flags),
        Expression::Masquerade { flags } => masquerade(*flags),
        Expression::Foreign { name } => {
            unreachable!("a plan never has a foreign expression, such as {name}")
        }
    }
}

fn meta(key: u32, to: u32) -> NewExpression {
    NewExpression::new(c"meta")
        .number(sys::NFTNL_EXPR_META_KEY, key)
        .number(sys::NFTNL_EXPR_META_DREG, to)
}

fn payload(base: u32, offset: u32, len: u32, to: u32) -> NewExpression {
    NewExpression::new(c"payload")
        .number(sys::NFTNL_EXPR_PAYLOAD_BASE, base)
        .number(sys::NFTNL_EXPR_PAYLOAD_OFFSET, offset)
        .number(sys::NFTNL_EXPR_PAYLOAD_LEN, len)
        .number(sys::NFTNL_EXPR_PAYLOAD_DREG, to)
}

fn conntrack(key: u32, direction: Option<u8>, to: u32) -> NewExpression {
    let load = NewExpression::new(c"ct")
        .number(sys::NFTNL_EXPR_CT_KEY, key)
        .number(sys::NFTNL_EXPR_CT_DREG, to);
    match direction {
        Some(direction) => load.small(sys::NFTNL_EXPR_CT_DIR, direction),
        None => load,
    }
}

fn route(key: u32, to: u32) -> NewExpression {
    NewExpression::new(c"rt")
        .number(sys::NFTNL_EXPR_RT_KEY, key)
        .number(sys::NFTNL_EXPR_RT_DREG, to)
}

fn byte_order([from, to]: [u32; 2], op: u32, len: u32, size: u32) -> NewExpression {
    NewExpression::new(c"byteorder")
        .number(sys::NFTNL_EXPR_BYTEORDER_SREG, from)
        .number(sys::NFTNL_EXPR_BYTEORDER_DREG, to)
        .number(sys::NFTNL_EXPR_BYTEORDER_OP, op)
        .number(sys::NFTNL_EXPR_BYTEORDER_LEN, len)
        .number(sys::NFTNL_EXPR_BYTEORDER_SIZE, size)
}

fn tcp_option(from: u32, kind: u32, offset: u32, len: u32) -> NewExpression {
    NewExpression::new(c"exthdr")
        .small(sys::NFTNL_EXPR_EXTHDR_TYPE, kind as u8)
        .number(sys::NFTNL_EXPR_EXTHDR_OP, EXTHDR_OP_TCPOPT)
        .number(sys::NFTNL_EXPR_EXTHDR_OFFSET, offset)
        .number(sys::NFTNL_EXPR_EXTHDR_LEN, len)
        .number(sys::NFTNL_EXPR_EXTHDR_SREG, from)
}

fn fib(result: u32, flags: u32, to: u32) -> NewExpression {
    NewExpression::new(c"fib")
        .number(sys::NFTNL_EXPR_FIB_RESULT, result)
        .number(sys::NFTNL_EXPR_FIB_FLAGS, flags)
        .number(sys::NFTNL_EXPR_FIB_DREG, to)
}

fn bitwise([from, to]: [u32; 2], mask: &[u8], xor: &[u8]) -> NewExpression {
    NewExpression::new(c"bitwise")
        .number(sys::NFTNL_EXPR_BITWISE_SREG, from)
        .number(sys::NFTNL_EXPR_BITWISE_DREG, to)
        .number(sys::NFTNL_EXPR_BITWISE_LEN, mask.len() as u32)
        .bytes(sys::NFTNL_EXPR_BITWISE_MASK, mask)
        .bytes(sys::NFTNL_EXPR_BITWISE_XOR, xor)
}

fn compare(from: u32, op: u32, value: &[u8]) -> NewExpression {
    NewExpression::new(c"cmp")
        .number(sys::NFTNL_EXPR_CMP_SREG, from)
        .number(sys::NFTNL_EXPR_CMP_OP, op)
        .bytes(sys::NFTNL_EXPR_CMP_DATA, value)
}

fn lookup(set: &str, from: u32, to: Option<u32>) -> NewExpression {
    NewExpression::new(c"lookup")
        .text(sys::NFTNL_EXPR_LOOKUP_SET, set)
        .number(sys::NFTNL_EXPR_LOOKUP_SREG, from)
        .maybe(sys::NFTNL_EXPR_LOOKUP_DREG, to)
}

fn immediate(to: u32, value: &[u8]) -> NewExpression {
    NewExpression::new(c"immediate")
        .number(sys::NFTNL_EXPR_IMM_DREG, to)
        .bytes(sys::NFTNL_EXPR_IMM_DATA, value)
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

fn nat([kind, family]: [u32; 2], address: u32, port: Option<u32>, flags: u32) -> NewExpression {
    NewExpression::new(c"nat")
        .number(sys::NFTNL_EXPR_NAT_TYPE, kind)
        .number(sys::NFTNL_EXPR_NAT_FAMILY, family)
        .number(sys::NFTNL_EXPR_NAT_REG_ADDR_MIN, address)
        .maybe(sys::NFTNL_EXPR_NAT_REG_PROTO_MIN, port)
        .maybe(sys::NFTNL_EXPR_NAT_FLAGS, (flags != 0).then_some(flags))
}

fn masquerade(flags: u32) -> NewExpression {
    NewExpression::new(c"masq").maybe(sys::NFTNL_EXPR_MASQ_FLAGS, (flags != 0).then_some(flags))
}
