//! One step of a rule, as the kernel runs it.
//!
//! Values are in the kernel's own numbering (`linux/netfilter/nf_tables.h`) and byte order: this
//! is the border. Registers are numbered as the kernel reports them.

/// One step of a rule. A step that fails to match ends the rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// Loads a property of the packet's journey (`NFT_META_*`).
    Meta {
        /// Which.
        key: u32,
        /// The register.
        to: u32,
    },
    /// Loads bytes of the packet.
    Payload {
        /// Counted from which header (`NFT_PAYLOAD_*`).
        base: u32,
        /// The first byte.
        offset: u32,
        /// How many.
        len: u32,
        /// The register.
        to: u32,
    },
    /// Loads a property of the connection (`NFT_CT_*`).
    Conntrack {
        /// Which.
        key: u32,
        /// Of which way's packets (`IP_CT_DIR_*`), for those that have one for each.
        direction: Option<u8>,
        /// The register.
        to: u32,
    },
    /// Loads a property of the packet's route (`NFT_RT_*`).
    Route {
        /// Which.
        key: u32,
        /// The register.
        to: u32,
    },
    /// Turns bytes round.
    ByteOrder {
        /// The register that is read.
        from: u32,
        /// The register that is written.
        to: u32,
        /// `NFT_BYTEORDER_*`.
        op: u32,
        /// How many bytes.
        len: u32,
        /// How many of them are turned at once.
        size: u32,
    },
    /// Writes into a TCP option; the MSS (option 2) only where that makes it smaller.
    WriteTcpOption {
        /// The register.
        from: u32,
        /// The option's number.
        kind: u32,
        /// The first byte.
        offset: u32,
        /// How many.
        len: u32,
    },
    /// Counts. How much it has counted is no part of an image.
    Counter,
    /// Looks the packet up in the routing tables.
    Fib {
        /// What to load (`NFT_FIB_RESULT_*`).
        result: u32,
        /// By what to look up (`NFTA_FIB_F_*`).
        flags: u32,
        /// The register.
        to: u32,
    },
    /// `to = (from & mask) ^ xor`.
    Bitwise {
        /// The register that is read.
        from: u32,
        /// The register that is written.
        to: u32,
        /// The mask.
        mask: Box<[u8]>,
        /// What is flipped then.
        xor: Box<[u8]>,
    },
    /// Goes on if the register compares so with `value`.
    Compare {
        /// The register.
        from: u32,
        /// `NFT_CMP_*`.
        op: u32,
        /// The value.
        value: Box<[u8]>,
    },
    /// Goes on if the set has the key, and loads its value if it is a map.
    Lookup {
        /// The set.
        set: String,
        /// The key's register.
        from: u32,
        /// The value's register.
        to: Option<u32>,
    },
    /// Loads a constant.
    Immediate {
        /// The register.
        to: u32,
        /// The constant.
        value: Box<[u8]>,
    },
    /// Decides.
    Verdict {
        /// `NF_*` or `NFT_*`.
        code: i32,
        /// Where to jump.
        chain: Option<String>,
    },
    /// Translates an address.
    Nat {
        /// `NFT_NAT_*`.
        kind: u32,
        /// `NFPROTO_*`.
        family: u32,
        /// The register of the address.
        address: u32,
        /// The register of the port.
        port: Option<u32>,
        /// `NF_NAT_RANGE_*`, without those that the registers imply.
        flags: u32,
    },
    /// Translates the source to the interface's address.
    Masquerade {
        /// `NF_NAT_RANGE_*`.
        flags: u32,
    },
    /// Something that this crate never writes.
    Foreign {
        /// The kernel's name for it.
        name: String,
    },
}
