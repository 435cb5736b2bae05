//! From netlink messages to images.
//!
//! What the kernel adds by itself is removed here, so that what we wrote and what we read are equal.

use super::encode::EXTHDR_OP_TCPOPT;
use super::{Object, Owned, SCRATCH_WORDS, Scratch};
use crate::image::{BaseChain, ChainImage, Expression, RuleImage, SetImage};
use nftnl_sys as sys;
use std::ffi::{CStr, c_char, c_int, c_void};
use sys::libc::nlmsghdr;
use sys::{nftnl_chain, nftnl_expr, nftnl_gen, nftnl_rule, nftnl_set, nftnl_set_elem, nftnl_table};

/// The chain flag that only says "base chain".
const CHAIN_BASE: u32 = 1;
/// `NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED`: the kernel derives them from the registers.
const NAT_IMPLIED: u32 = 0b11;
/// Set flags of ours: an element has attributes (a limit, a counter, a timeout, "all others") that
/// we never write. No set flag of the kernel is that high.
pub(in crate::kernel) const FOREIGN_ELEMENT: u32 = 1 << 31;

/// libnftnl could not read the message.
#[derive(Clone, Copy, Debug)]
pub(in crate::kernel) struct Unreadable;

/// Something and where it belongs.
#[derive(Debug)]
pub(in crate::kernel) struct In<T> {
    /// The table.
    pub table: String,
    /// What it is.
    pub item: T,
}

/// Reads messages.
pub(in crate::kernel) struct Decoder {
    scratch: Scratch,
}

impl Decoder {
    pub(in crate::kernel) fn new() -> Self {
        Self {
            scratch: Scratch::new(),
        }
    }

    /// The ruleset's generation: a number that changes with every transaction of anybody.
    pub(in crate::kernel) fn generation(&mut self, message: &[u8]) -> Result<u32, Unreadable> {
        let generation = self.parse::<nftnl_gen>(message, sys::nftnl_gen_nlmsg_parse)?;
        // SAFETY: a live object.
        Ok(unsafe { sys::nftnl_gen_get_u32(generation.as_ptr(), sys::NFTNL_GEN_ID as u16) })
    }

    /// A table's flags.
    pub(in crate::kernel) fn table(&mut self, message: &[u8]) -> Result<In<u32>, Unreadable> {
        let table = self.parse::<nftnl_table>(message, sys::nftnl_table_nlmsg_parse)?;
        // SAFETY: a live object; the text is copied at once.
        unsafe {
            let name = text(sys::nftnl_table_get_str(
                table.as_ptr(),
                sys::NFTNL_TABLE_NAME as u16,
            ))?;
            let flags = sys::nftnl_table_get_u32(table.as_ptr(), sys::NFTNL_TABLE_FLAGS as u16);
            Ok(In {
                table: name,
                item: flags,
            })
        }
    }

    /// A chain, without its rules.
    pub(in crate::kernel) fn chain(
        &mut self,
        message: &[u8],
    ) -> Result<In<ChainImage>, Unreadable> {
        let chain = self.parse::<nftnl_chain>(message, sys::nftnl_chain_nlmsg_parse)?;
        let chain = chain.as_ptr();
        // SAFETY (all): a live object; texts are copied at once.
        let string =
            |attribute: u32| unsafe { text(sys::nftnl_chain_get_str(chain, attribute as u16)) };
        let number = |attribute: u32| unsafe { sys::nftnl_chain_get_u32(chain, attribute as u16) };
        let hooked = unsafe { sys::nftnl_chain_is_set(chain, sys::NFTNL_CHAIN_HOOKNUM as u16) };
        let base = if hooked {
            let priority = unsafe { sys::nftnl_chain_get_s32(chain, sys::NFTNL_CHAIN_PRIO as u16) };
            let (hook, policy) = (
                number(sys::NFTNL_CHAIN_HOOKNUM),
                number(sys::NFTNL_CHAIN_POLICY),
            );
            Some(BaseChain {
                kind: string(sys::NFTNL_CHAIN_TYPE)?,
                hook,
                priority,
                policy,
            })
        } else {
            None
        };
        let flags = number(sys::NFTNL_CHAIN_FLAGS) & !CHAIN_BASE;
        let image = ChainImage {
            name: string(sys::NFTNL_CHAIN_NAME)?,
            base,
            flags,
            rules: Vec::new(),
        };
        Ok(In {
            table: string(sys::NFTNL_CHAIN_TABLE)?,
            item: image,
        })
    }

    /// A rule, and the chain that it is in.
    pub(in crate::kernel) fn rule(
        &mut self,
        message: &[u8],
    ) -> Result<In<(String, RuleImage)>, Unreadable> {
        let rule = self.parse::<nftnl_rule>(message, sys::nftnl_rule_nlmsg_parse)?;
        // SAFETY: a live object; the text is copied at once.
        let string = |attribute: u32| unsafe {
            text(sys::nftnl_rule_get_str(rule.as_ptr(), attribute as u16))
        };
        let mut steps: Result<RuleImage, Unreadable> = Ok(Vec::new());
        // SAFETY: `each_step` gets the address of `steps`, which outlives the call and is not used meanwhile.
        unsafe { sys::nftnl_expr_foreach(rule.as_ptr(), Some(each_step), (&raw mut steps).cast()) };
        Ok(In {
            table: string(sys::NFTNL_RULE_TABLE)?,
            item: (string(sys::NFTNL_RULE_CHAIN)?, steps?),
        })
    }

    /// A set, without its elements.
    pub(in crate::kernel) fn set(&mut self, message: &[u8]) -> Result<In<SetImage>, Unreadable> {
        let set = self.parse::<nftnl_set>(message, sys::nftnl_set_nlmsg_parse)?;
        // SAFETY (both): a live object; the text is copied at once.
        let string = |attribute: u32| unsafe {
            text(sys::nftnl_set_get_str(set.as_ptr(), attribute as u16))
        };
        let number =
            |attribute: u32| unsafe { sys::nftnl_set_get_u32(set.as_ptr(), attribute as u16) };
        let image = SetImage {
            name: string(sys::NFTNL_SET_NAME)?,
            flags: number(sys::NFTNL_SET_FLAGS),
            key_type: number(sys::NFTNL_SET_KEY_TYPE),
            key_len: number(sys::NFTNL_SET_KEY_LEN),
            data_type: number(sys::NFTNL_SET_DATA_TYPE),
            data_len: number(sys::NFTNL_SET_DATA_LEN),
            capacity: number(sys::NFTNL_SET_DESC_SIZE),
            elements: Default::default(),
        };
        Ok(In {
            table: string(sys::NFTNL_SET_TABLE)?,
            item: image,
        })
    }

    /// Adds the elements in `message` to `into`.
    pub(in crate::kernel) fn elements(
        &mut self,
        message: &[u8],
        into: &mut SetImage,
    ) -> Result<(), Unreadable> {
        let set = self.parse::<nftnl_set>(message, sys::nftnl_set_elems_nlmsg_parse)?;
        // SAFETY: `each_element` gets the address of `into`, which outlives the call and is not used meanwhile.
        unsafe {
            sys::nftnl_set_elem_foreach(
                set.as_ptr(),
                Some(each_element),
                std::ptr::from_mut(into).cast(),
            )
        };
        Ok(())
    }

    fn parse<T: Object>(
        &mut self,
        message: &[u8],
        parser: unsafe extern "C" fn(*const nlmsghdr, *mut T) -> c_int,
    ) -> Result<Owned<T>, Unreadable> {
        let stated = message
            .first_chunk()
            .map(|length| u32::from_ne_bytes(*length) as usize);
        if stated != Some(message.len())
            || message.len() < MIN_MESSAGE
            || message.len() > SCRATCH_WORDS * 8
        {
            return Err(Unreadable);
        }
        let object = Owned::<T>::new();
        let aligned: *mut u8 = self.scratch.as_mut_ptr();
        // SAFETY: the scratch has room for the message and is aligned for its header, whose length
        // was checked; the parser copies what it keeps.
        let result = unsafe {
            std::ptr::copy_nonoverlapping(message.as_ptr(), aligned, message.len());
            parser(aligned.cast(), object.as_ptr())
        };
        if result < 0 {
            Err(Unreadable)
        } else {
            Ok(object)
        }
    }
}

/// `struct nlmsghdr` and `struct nfgenmsg`, in bytes.
const MIN_MESSAGE: usize = 20;

/// Appends a step to the `Result<RuleImage, Unreadable>` at `data`.
unsafe extern "C" fn each_step(expression: *mut nftnl_expr, data: *mut c_void) -> c_int {
    // SAFETY: `Decoder::rule` passes exactly this, and no other reference to it is in use.
    let steps = unsafe { &mut *data.cast::<Result<RuleImage, Unreadable>>() };
    // SAFETY: libnftnl hands out an expression of the rule, which lives.
    let step = unsafe { Step::new(expression) }.and_then(|step| step.read());
    match (steps.as_mut(), step) {
        (Ok(steps), Ok(step)) => steps.push(step),
        (Ok(_), Err(error)) => *steps = Err(error),
        (Err(_), _) => {}
    }
    0
}

/// Inserts an element into the `SetImage` at `data`.
unsafe extern "C" fn each_element(element: *mut nftnl_set_elem, data: *mut c_void) -> c_int {
    const PLAIN: [u32; 3] = [
        sys::NFTNL_SET_ELEM_KEY,
        sys::NFTNL_SET_ELEM_DATA,
        sys::NFTNL_SET_ELEM_USERDATA,
    ];
    // SAFETY: `Decoder::elements` passes exactly this, and no other reference to it is in use.
    let set = unsafe { &mut *data.cast::<SetImage>() };
    // SAFETY (both): libnftnl hands out an element of the set, which lives; the bytes are copied at once.
    let is_set = |attribute: u32| unsafe { sys::nftnl_set_elem_is_set(element, attribute as u16) };
    let bytes = |attribute: u32| unsafe {
        let mut length = 0;
        let start = sys::nftnl_set_elem_get(element, attribute as u16, &raw mut length);
        copy(start, length)
    };
    let plain = (0..sys::__NFTNL_SET_ELEM_MAX)
        .all(|attribute| PLAIN.contains(&attribute) || !is_set(attribute));
    let value = bytes(sys::NFTNL_SET_ELEM_DATA);
    let value = value.or_else(|| (set.data_len == 0).then(Box::default));
    match (bytes(sys::NFTNL_SET_ELEM_KEY), value) {
        (Some(key), Some(value)) if plain => {
            set.elements.insert(key, value);
        }
        _ => set.flags |= FOREIGN_ELEMENT,
    }
    0
}

/// An expression of a rule that is being read.
struct Step {
    expression: *const nftnl_expr,
    name: String,
    attributes: u32,
}

impl Step {
    /// # Safety
    /// `expression` lives as long as what is returned.
    unsafe fn new(expression: *const nftnl_expr) -> Result<Self, Unreadable> {
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
    fn read(&self) -> Result<Expression, Unreadable> {
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

/// # Safety
/// `start` is null or the start of `length` readable bytes.
unsafe fn copy(start: *const c_void, length: u32) -> Option<Box<[u8]>> {
    // SAFETY: the caller's promise.
    (!start.is_null())
        .then(|| unsafe { std::slice::from_raw_parts(start.cast::<u8>(), length as usize) }.into())
}

/// # Safety
/// `start` is null or a zero-terminated text.
unsafe fn text(start: *const c_char) -> Result<String, Unreadable> {
    if start.is_null() {
        return Err(Unreadable);
    }
    // SAFETY: the caller's promise. Names that are not UTF-8 are not ours.
    Ok(unsafe { CStr::from_ptr(start) }
        .to_string_lossy()
        .into_owned())
}
