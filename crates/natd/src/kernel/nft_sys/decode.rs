//! From netlink messages to images.
//!
//! What the kernel adds by itself is removed here, so that what we wrote and what we read are equal.

mod expression;

use super::{Object, Owned, SCRATCH_WORDS, Scratch};
use crate::image::{BaseChain, ChainImage, RuleImage, SetImage};
use expression::Step;
use nftnl_sys as sys;
use std::ffi::{CStr, c_char, c_int, c_void};
use sys::libc::nlmsghdr;
use sys::{nftnl_chain, nftnl_expr, nftnl_gen, nftnl_rule, nftnl_set, nftnl_set_elem, nftnl_table};

/// The chain flag that only says "base chain".
const CHAIN_BASE: u32 = 1;
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
