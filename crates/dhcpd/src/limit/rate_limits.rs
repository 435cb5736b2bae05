//! The budgets, as an operator may set them. The defaults and their reasons are in
//! [`crate::limits`].

use crate::limits::{
    KNOWN_CLIENTS_BURST, KNOWN_CLIENTS_PER_SECOND, NEW_CLIENTS_BURST, NEW_CLIENTS_PER_SECOND,
    PER_CLIENT_BURST, PER_CLIENT_PER_SECOND,
};

/// So many a second, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens gained a second.
    pub per_second: u32,
    /// Tokens held at most, and at first.
    pub burst: u32,
}

/// How many commands clients may cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimits {
    /// All clients together that the lease table does not know.
    pub new_clients: Rate,
    /// All clients together that it does.
    pub known_clients: Rate,
    /// One client.
    pub per_client: Rate,
}

impl Default for RateLimits {
    fn default() -> Self {
        let rate = |per_second, burst| Rate { per_second, burst };
        Self {
            new_clients: rate(NEW_CLIENTS_PER_SECOND, NEW_CLIENTS_BURST),
            known_clients: rate(KNOWN_CLIENTS_PER_SECOND, KNOWN_CLIENTS_BURST),
            per_client: rate(PER_CLIENT_PER_SECOND, PER_CLIENT_BURST),
        }
    }
}
