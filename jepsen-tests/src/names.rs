//! How nodes are called in a history.

/// The name of node `number`.
pub fn node(number: u8) -> String {
    format!("n{number}")
}
