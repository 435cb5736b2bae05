//! Golden files: what a person or a program gets to see, kept beside the tests.

use std::path::PathBuf;

/// Compares with the file in `tests/golden`; writes it instead if `UPDATE_GOLDEN` is set.
pub fn assert_golden(name: &str, actual: &str) {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/golden")
        .join(name);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&path, actual).expect("the golden file can be written");
    }
    let golden = std::fs::read_to_string(&path)
        .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(
        actual, golden,
        "{name} differs. If that is meant: UPDATE_GOLDEN=1 cargo test -p gatewayctl, and look at the difference"
    );
}
