//! How nodes are called in a history.

/// The name of node `number`.
pub fn node(number: u8) -> String {
    format!("n{number}")
}

/// The number of the node called `name`.
pub fn number(name: &str) -> Option<u8> {
    name.strip_prefix('n')?.parse().ok()
}
