//! The steps of a rule, from libnftnl's expressions to [`Expression`]s.
//!
//! An expression with an attribute that this crate never writes becomes [`Expression::Foreign`].

use super::{Unreadable, copy, text};
use crate::image::Expression;
use crate::kernel::nft_sys::EXTHDR_OP_TCPOPT;
use nftnl_sys as sys;
use sys::nftnl_expr;

/// `NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED`: the kernel derives them from the registers.
const NAT_IMPLIED: u32 = 0b11;

/// An expression of a rule that is being read.
pub(super) struct Step {
    expression: *const nftnl_expr,
    name: String,
    attributes: u32,
}

impl Step {
    /// # Safety
    /// `expression` lives as long as what is returned.
    pub(super) unsafe fn new(expression: *const nftnl_expr) -> Result<Self, Unreadable> {
        // SAFETY: the caller's promise; the text is copied at once.
        let name = unsafe {
            text(sys::nftnl_expr_get_str(
                expression,
                sys::NFTNL_EXPR_NAME as u16,
            ))
        }?;
        // SAFETY: the caller's promise; it is a bit test for any number up to 31.
        let is_set =
            |attribute: &u32| unsafe { sys::nftnl_expr_is_set(expression, *attribute as u16) };
        let attributes = (1..32)
            .filter(is_set)
            .fold(0, |bits, attribute| bits | 1 << attribute);
        Ok(Self {
            expression,
            name,
            attributes,
        })
    }

    /// What it does, if it has the attributes that we would write and no others.
    pub(super) fn read(&self) -> Result<Expression, Unreadable> {
        let known = match self.name.as_str() {
            "meta" => self.meta(),
            "payload" => self.payload(),
            "ct" => self.conntrack(),
            "rt" => self.route(),
            "byteorder" => self.byte_order(),
            "exthdr" => self.tcp_option(),
            "counter" => Some(Expression::Counter),
            "fib" => self.fib(),
            "bitwise" => self.bitwise(),
            "cmp" => self.compare(),
            "lookup" => self.lookup()?,
            "immediate" => self.immediate()?,
            "nat" => self.nat(),
            "masq" => self.masquerade(),
            "target" => Some(self.target()?),
            _ => None,
        };
        Ok(known.unwrap_or_else(|| Expression::Foreign {
            name: self.name.clone(),
        }))
    }

    /// A target of iptables, as iptables-nft writes them.
    fn target(&self) -> Result<Expression, Unreadable> {
        let name = sys::NFTNL_EXPR_TG_NAME as u16;
        // SAFETY: the expression lives; the text is copied at once.
        let name = unsafe { text(sys::nftnl_expr_get_str(self.expression, name)) }?;
        Ok(Expression::Foreign {
            name: format!("target {name}"),
        })
    }

    fn meta(&self) -> Option<Expression> {
        self.has(&[sys::NFTNL_EXPR_META_KEY, sys::NFTNL_EXPR_META_DREG], &[])?;
        Some(Expression::Meta {
            key: self.number(sys::NFTNL_EXPR_META_KEY),
            to: self.number(sys::NFTNL_EXPR_META_DREG),
        })
    }

    fn payload(&self) -> Option<Expression> {
        use sys::{
            NFTNL_EXPR_PAYLOAD_BASE as BASE, NFTNL_EXPR_PAYLOAD_DREG as DREG,
            NFTNL_EXPR_PAYLOAD_LEN as LEN, NFTNL_EXPR_PAYLOAD_OFFSET as OFFSET,
        };
        self.has(&[BASE, OFFSET, LEN, DREG], &[])?;
        let number = |attribute| self.number(attribute);
        Some(Expression::Payload {
            base: number(BASE),
            offset: number(OFFSET),
            len: number(LEN),
            to: number(DREG),
        })
    }

    fn conntrack(&self) -> Option<Expression> {
        use sys::{NFTNL_EXPR_CT_DIR as DIR, NFTNL_EXPR_CT_DREG as DREG, NFTNL_EXPR_CT_KEY as KEY};
        self.has(&[KEY, DREG], &[DIR])?;
        Some(Expression::Conntrack {
            key: self.number(KEY),
            direction: self.is_set(DIR).then(|| self.small(DIR)),
            to: self.number(DREG),
        })
    }

    fn route(&self) -> Option<Expression> {
        self.has(&[sys::NFTNL_EXPR_RT_KEY, sys::NFTNL_EXPR_RT_DREG], &[])?;
        Some(Expression::Route {
            key: self.number(sys::NFTNL_EXPR_RT_KEY),
            to: self.number(sys::NFTNL_EXPR_RT_DREG),
        })
    }

    fn byte_order(&self) -> Option<Expression> {
        use sys::{
            NFTNL_EXPR_BYTEORDER_DREG as DREG, NFTNL_EXPR_BYTEORDER_LEN as LEN,
            NFTNL_EXPR_BYTEORDER_OP as OP, NFTNL_EXPR_BYTEORDER_SIZE as SIZE,
            NFTNL_EXPR_BYTEORDER_SREG as SREG,
        };
        self.has(&[SREG, DREG, OP, LEN, SIZE], &[])?;
        Some(Expression::ByteOrder {
            from: self.number(SREG),
            to: self.number(DREG),
            op: self.number(OP),
            len: self.number(LEN),
            size: self.number(SIZE),
        })
    }

    fn tcp_option(&self) -> Option<Expression> {
        use sys::{
            NFTNL_EXPR_EXTHDR_FLAGS as FLAGS, NFTNL_EXPR_EXTHDR_LEN as LEN,
            NFTNL_EXPR_EXTHDR_OFFSET as OFFSET, NFTNL_EXPR_EXTHDR_OP as OP,
            NFTNL_EXPR_EXTHDR_SREG as SREG, NFTNL_EXPR_EXTHDR_TYPE as TYPE,
        };
        self.has(&[TYPE, OFFSET, LEN, OP, SREG], &[FLAGS])?;
        if self.number(OP) != EXTHDR_OP_TCPOPT || self.number(FLAGS) != 0 {
            return None;
        }
        Some(Expression::WriteTcpOption {
            from: self.number(SREG),
            kind: u32::from(self.small(TYPE)),
            offset: self.number(OFFSET),
            len: self.number(LEN),
        })
    }

    fn fib(&self) -> Option<Expression> {
        self.has(
            &[
                sys::NFTNL_EXPR_FIB_RESULT,
                sys::NFTNL_EXPR_FIB_FLAGS,
                sys::NFTNL_EXPR_FIB_DREG,
            ],
            &[],
        )?;
        Some(Expression::Fib {
            result: self.number(sys::NFTNL_EXPR_FIB_RESULT),
            flags: self.number(sys::NFTNL_EXPR_FIB_FLAGS),
            to: self.number(sys::NFTNL_EXPR_FIB_DREG),
        })
    }

    fn bitwise(&self) -> Option<Expression> {
        use sys::{
            NFTNL_EXPR_BITWISE_DREG as DREG, NFTNL_EXPR_BITWISE_LEN as LEN,
            NFTNL_EXPR_BITWISE_MASK as MASK, NFTNL_EXPR_BITWISE_OP as OP,
            NFTNL_EXPR_BITWISE_SREG as SREG, NFTNL_EXPR_BITWISE_XOR as XOR,
        };
        self.has(&[SREG, DREG, LEN, MASK, XOR], &[OP])?;
        if self.number(OP) != 0 {
            return None;
        }
        let (mask, xor) = (self.bytes(MASK)?, self.bytes(XOR)?);
        Some(Expression::Bitwise {
            from: self.number(SREG),
            to: self.number(DREG),
            mask,
            xor,
        })
    }

    fn compare(&self) -> Option<Expression> {
        self.has(
            &[
                sys::NFTNL_EXPR_CMP_SREG,
                sys::NFTNL_EXPR_CMP_OP,
                sys::NFTNL_EXPR_CMP_DATA,
            ],
            &[],
        )?;
        Some(Expression::Compare {
            from: self.number(sys::NFTNL_EXPR_CMP_SREG),
            op: self.number(sys::NFTNL_EXPR_CMP_OP),
            value: self.bytes(sys::NFTNL_EXPR_CMP_DATA)?,
        })
    }

    fn lookup(&self) -> Result<Option<Expression>, Unreadable> {
        use sys::{
            NFTNL_EXPR_LOOKUP_DREG as DREG, NFTNL_EXPR_LOOKUP_FLAGS as FLAGS,
            NFTNL_EXPR_LOOKUP_SET as SET, NFTNL_EXPR_LOOKUP_SET_ID as SET_ID,
            NFTNL_EXPR_LOOKUP_SREG as SREG,
        };
        if self.has(&[SREG, SET], &[DREG, SET_ID, FLAGS]).is_none() || self.number(FLAGS) != 0 {
            return Ok(None);
        }
        let to = self.is_set(DREG).then(|| self.number(DREG));
        Ok(Some(Expression::Lookup {
            set: self.text(SET)?,
            from: self.number(SREG),
            to,
        }))
    }

    fn immediate(&self) -> Result<Option<Expression>, Unreadable> {
        use sys::{
            NFTNL_EXPR_IMM_CHAIN as CHAIN, NFTNL_EXPR_IMM_DATA as DATA,
            NFTNL_EXPR_IMM_DREG as DREG, NFTNL_EXPR_IMM_VERDICT as VERDICT,
        };
        if self.has(&[DREG, DATA], &[]).is_some() {
            let to = self.number(DREG);
            return Ok(self
                .bytes(DATA)
                .map(|value| Expression::Immediate { to, value }));
        }
        if self.has(&[DREG, VERDICT], &[CHAIN]).is_none() {
            return Ok(None);
        }
        let chain = if self.is_set(CHAIN) {
            Some(self.text(CHAIN)?)
        } else {
            None
        };
        Ok(Some(Expression::Verdict {
            code: self.number(VERDICT).cast_signed(),
            chain,
        }))
    }

    fn nat(&self) -> Option<Expression> {
        use sys::{
            NFTNL_EXPR_NAT_FAMILY as FAMILY, NFTNL_EXPR_NAT_FLAGS as FLAGS,
            NFTNL_EXPR_NAT_REG_ADDR_MAX as ADDR_MAX, NFTNL_EXPR_NAT_REG_ADDR_MIN as ADDR_MIN,
            NFTNL_EXPR_NAT_REG_PROTO_MAX as PROTO_MAX, NFTNL_EXPR_NAT_REG_PROTO_MIN as PROTO_MIN,
            NFTNL_EXPR_NAT_TYPE as TYPE,
        };
        self.has(
            &[TYPE, FAMILY, ADDR_MIN],
            &[ADDR_MAX, PROTO_MIN, PROTO_MAX, FLAGS],
        )?;
        let register = |attribute| self.is_set(attribute).then(|| self.number(attribute));
        // The kernel reports the ends of a range even if only its start was given.
        let is_range = |min, max| register(max).is_some_and(|max| Some(max) != register(min));
        if is_range(ADDR_MIN, ADDR_MAX) || is_range(PROTO_MIN, PROTO_MAX) {
            return None;
        }
        Some(Expression::Nat {
            kind: self.number(TYPE),
            family: self.number(FAMILY),
            address: self.number(ADDR_MIN),
            port: register(PROTO_MIN),
            flags: self.number(FLAGS) & !NAT_IMPLIED,
        })
    }

    fn masquerade(&self) -> Option<Expression> {
        self.has(&[], &[sys::NFTNL_EXPR_MASQ_FLAGS])?;
        Some(Expression::Masquerade {
            flags: self.number(sys::NFTNL_EXPR_MASQ_FLAGS),
        })
    }

    /// Whether all of `needed` are set, and nothing besides `allowed`.
    fn has(&self, needed: &[u32], allowed: &[u32]) -> Option<()> {
        let bits = |attributes: &[u32]| {
            attributes
                .iter()
                .fold(0, |bits, attribute| bits | 1_u32 << attribute)
        };
        let (needed, allowed) = (bits(needed), bits(allowed));
        (self.attributes & needed == needed && self.attributes & !(needed | allowed) == 0)
            .then_some(())
    }

    const fn is_set(&self, attribute: u32) -> bool {
        self.attributes & 1 << attribute != 0
    }

    /// The attribute, or 0 if it is not set.
    fn number(&self, attribute: u32) -> u32 {
        // SAFETY: the expression lives (see `new`).
        if self.is_set(attribute) {
            unsafe { sys::nftnl_expr_get_u32(self.expression, attribute as u16) }
        } else {
            0
        }
    }

    /// An attribute of one byte, or 0 if it is not set.
    fn small(&self, attribute: u32) -> u8 {
        // SAFETY: the expression lives (see `new`).
        if self.is_set(attribute) {
            unsafe { sys::nftnl_expr_get_u8(self.expression, attribute as u16) }
        } else {
            0
        }
    }

    fn bytes(&self, attribute: u32) -> Option<Box<[u8]>> {
        let mut length = 0;
        // SAFETY: the expression lives (see `new`); the bytes are copied at once.
        unsafe {
            copy(
                sys::nftnl_expr_get(self.expression, attribute as u16, &raw mut length),
                length,
            )
        }
    }

    fn text(&self, attribute: u32) -> Result<String, Unreadable> {
        // SAFETY: the expression lives (see `new`); the text is copied at once.
        unsafe { text(sys::nftnl_expr_get_str(self.expression, attribute as u16)) }
    }
}
