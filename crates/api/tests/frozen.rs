//! Bytes that an earlier release has written must decode for ever.
//!
//! The files in `fixtures/` are NEVER edited. When the format grows, add a new fixture beside the
//! old one. If a test here fails, the code is wrong, not the fixture: clusters in the field hold
//! such bytes in their logs and snapshots.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod sample;

use api::log::{decode_batch, decode_state, encode_batch, encode_state, state_digest};
use sample::frozen;
use std::fmt::Write;
use std::path::PathBuf;

/// The bytes of a fixture: lines of hexadecimal digits, and comments that begin with `#`.
fn fixture(name: &str) -> Vec<u8> {
    let path = path(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
    (0..digits.len() / 2)
        .map(|byte| u8::from_str_radix(&digits[2 * byte..2 * byte + 2], 16).unwrap())
        .collect()
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

#[test]
fn the_batch_of_format_2_decodes_for_ever() {
    let bytes = fixture("batch-2.hex");
    assert_eq!(decode_batch(&bytes).unwrap(), frozen::batch());
    assert_eq!(encode_batch(&frozen::batch()), bytes);
}

#[test]
fn request_ids_of_format_2_decode_for_ever() {
    let bytes = fixture("requests-2.hex");
    assert_eq!(decode_batch(&bytes).unwrap(), frozen::requests());
    assert_eq!(encode_batch(&frozen::requests()), bytes);
}

#[test]
fn the_state_of_format_2_decodes_for_ever() {
    let bytes = fixture("state-2.hex");
    assert_eq!(decode_state(&bytes).unwrap(), frozen::state());
    assert_eq!(encode_state(&frozen::state()), bytes);
}

/// Two releases in one cluster compare digests (contract S8).
#[test]
fn the_digest_of_a_state_is_the_same_in_every_release() {
    assert_eq!(
        state_digest(&frozen::state()).to_vec(),
        fixture("state-2.sha256.hex")
    );
}

/// Writes new fixtures, never over old ones:
/// `cargo test -p api --test frozen -- --ignored --exact write_missing_fixtures`.
#[test]
#[ignore = "writes files; run it once for a new fixture"]
fn write_missing_fixtures() {
    let state = frozen::state();
    for (name, bytes) in [
        ("batch-2.hex", encode_batch(&frozen::batch())),
        ("requests-2.hex", encode_batch(&frozen::requests())),
        ("state-2.hex", encode_state(&state)),
        ("state-2.sha256.hex", state_digest(&state).to_vec()),
    ] {
        let mut text = String::from("# Frozen: never edit. See frozen.rs.\n");
        for line in bytes.chunks(32) {
            line.iter()
                .for_each(|byte| write!(text, "{byte:02x}").unwrap());
            text.push('\n');
        }
        if !path(name).exists() {
            std::fs::write(path(name), text).unwrap();
        }
    }
}
