//! Which nftables table: its family and its name. Pure.
//!
//! Every call of [`crate::kernel::Kernel`] names its table, so a feature can own one beside
//! [`crate::ruleset::TABLE`] and reconcile it alone.

use std::fmt;

/// A table's identity. Tables of one name in two families are two tables.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableId {
    /// Which packets its chains see.
    pub family: TableFamily,
    /// Its name within the family.
    pub name: &'static str,
}

/// The families that this crate has or had tables in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TableFamily {
    /// IPv4 and IPv6.
    Inet,
    /// IPv4 alone.
    Ip,
}

impl TableId {
    /// A table of family `inet`.
    #[must_use]
    pub const fn inet(name: &'static str) -> Self {
        let family = TableFamily::Inet;
        Self { family, name }
    }

    /// A table of family `ip`.
    #[must_use]
    pub const fn ip(name: &'static str) -> Self {
        let family = TableFamily::Ip;
        Self { family, name }
    }
}

impl TableFamily {
    /// The kernel's number for it (`NFPROTO_*`).
    pub(crate) const fn number(self) -> libc::c_int {
        match self {
            Self::Inet => libc::NFPROTO_INET,
            Self::Ip => libc::NFPROTO_IPV4,
        }
    }
}

/// As `nft` writes it: `inet gatewayd`.
impl fmt::Display for TableId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let family = match self.family {
            TableFamily::Inet => "inet",
            TableFamily::Ip => "ip",
        };
        write!(f, "{family} {}", self.name)
    }
}
