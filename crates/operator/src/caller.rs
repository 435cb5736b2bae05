//! Who asks.

use ipam::budget::MAX_ORIGIN_BYTES;
use ipam::{NodeId, Operator};

/// An operator, as far as the transport knows him.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    from: String,
}

impl Caller {
    /// Whose request came from there, as the transport writes it; empty if it does not say. What is longer than
    /// [`MAX_ORIGIN_BYTES`] is cut.
    #[must_use]
    pub fn new(from: impl Into<String>) -> Self {
        let mut from = from.into();
        from.truncate(from.floor_char_boundary(MAX_ORIGIN_BYTES));
        Self { from }
    }

    /// Where the request came from.
    pub(crate) fn from(&self) -> &str {
        &self.from
    }

    /// As commands name him: who was asked, and from where.
    pub(crate) fn at(&self, node: NodeId) -> Operator {
        Operator {
            node,
            from: self.from.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn caller_from_a_long_name_is_cut_at_a_character() {
        assert_eq!(Caller::new("192.0.2.9:1").from(), "192.0.2.9:1");
        let long = "é".repeat(MAX_ORIGIN_BYTES);
        assert_eq!(Caller::new(long).from().len(), MAX_ORIGIN_BYTES);
        let odd = format!("x{}", "é".repeat(MAX_ORIGIN_BYTES));
        assert_eq!(Caller::new(odd).from().len(), MAX_ORIGIN_BYTES - 1);
    }
}
