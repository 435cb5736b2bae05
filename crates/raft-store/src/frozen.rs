//! For tests: bytes that an earlier release has written, and that must decode for ever.
//!
//! The files in `tests/frozen/` are NEVER edited. When a format grows, add a new fixture beside the
//! old one. If such a test fails, the code is wrong, not the fixture: nodes in the field have such
//! bytes on their disks.

use std::fmt::Write;
use std::path::Path;

/// The bytes of a fixture: lines of hexadecimal digits, and comments that begin with `#`. Fails if
/// they are not `written`, which is what this release writes for the same content.
pub(crate) fn fixture(name: &str, written: &[u8]) -> Vec<u8> {
    let frozen =
        read(name).unwrap_or_else(|error| panic!("{name}: {error}; new: {}", hex(written)));
    assert_eq!(hex(&frozen), hex(written), "{name}");
    frozen
}

/// The bytes of a fixture that this release does not write any more.
pub(crate) fn frozen(name: &str) -> Vec<u8> {
    read(name).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn read(name: &str) -> std::io::Result<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/frozen");
    let text = std::fs::read_to_string(path.join(name))?;
    let digits = text.lines().filter(|line| !line.starts_with('#'));
    Ok(digits.flat_map(bytes_of_line).collect())
}

fn bytes_of_line(line: &str) -> Vec<u8> {
    let byte = |at: usize| u8::from_str_radix(&line[at..at + 2], 16).expect("hexadecimal digits");
    (0..line.len()).step_by(2).map(byte).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").expect("a string can be written to");
        text
    })
}
