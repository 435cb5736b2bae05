//! What the kernel holds, or should hold, of one table: the form in which both are compared.
//!
//! In: [`crate::ruleset`] (by [`Ruleset::image`](crate::ruleset::Ruleset::image)) and the kernel
//! (by [`crate::kernel::Kernel::read_table`]). Out: [`TableImage::compare`]. Pure.
//!
//! Every attribute that changes what a packet meets is in here, and nothing else: no handles, no
//! counts of use, no comments. What the kernel fills in by itself (register ranges, implied flags)
//! is removed where the kernel is read, so that equal behaviour has equal images. An expression
//! or attribute that this crate would never write is read as [`Expression::Foreign`] and therefore
//! differs from everything that we want.

mod compare;
mod expression;
mod lower;

pub use compare::{ChainUpdate, Difference, ElementUpdate, TableUpdate};
pub use expression::Expression;

use std::collections::BTreeMap;

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableImage {
    /// Table flags. Ours are 0; `dormant` (1) would switch the whole table off.
    pub flags: u32,
    /// Its chains, in the order of their creation.
    pub chains: Vec<ChainImage>,
    /// Its sets and maps, in the order of their creation.
    pub sets: Vec<SetImage>,
}

/// A chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainImage {
    /// Its name.
    pub name: String,
    /// Where packets enter it, unless it is only jumped to.
    pub base: Option<BaseChain>,
    /// Chain flags besides the one that says "base chain".
    pub flags: u32,
    /// Its rules, in order.
    pub rules: Vec<RuleImage>,
}

/// How a chain is hooked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseChain {
    /// `nat`, `filter` or `route`.
    pub kind: String,
    /// `NF_INET_*`.
    pub hook: u32,
    /// The lower, the earlier.
    pub priority: i32,
    /// `NF_DROP` (0) or `NF_ACCEPT` (1).
    pub policy: u32,
}

/// A rule.
pub type RuleImage = Vec<Expression>;

/// A set or a map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetImage {
    /// Its name.
    pub name: String,
    /// `NFT_SET_*`.
    pub flags: u32,
    /// nft's number of the key's type. The kernel stores it for nft.
    pub key_type: u32,
    /// Bytes of a key.
    pub key_len: u32,
    /// nft's number of the value's type.
    pub data_type: u32,
    /// Bytes of a value.
    pub data_len: u32,
    /// How many elements it can have at most; 0 if there is no limit.
    pub capacity: u32,
    /// Key to value.
    pub elements: BTreeMap<Box<[u8]>, Box<[u8]>>,
}
