//! The format file: one line for people and for programs.

use crate::StoreError;
use crate::storage_env::StorageEnv;
use std::io::ErrorKind;
use std::path::Path;

/// The format that this release writes, and the only one that it reads: format 1 was
/// never released.
const CURRENT: u32 = 2;
const PREFIX: &str = "gatewayd data format ";

/// How much of a foreign file an error shows, in characters.
const SHOWN: usize = 60;

/// What the format file of a new directory says.
pub(super) fn current() -> String {
    format!("{PREFIX}{CURRENT}\n")
}

/// Checks the format file; `false` when there is none.
pub(super) fn check(env: &dyn StorageEnv, path: &Path) -> Result<bool, StoreError> {
    let content = match env.read(path) {
        Ok(content) => content,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(StoreError::io("reading", path)(error)),
    };
    let content = String::from_utf8_lossy(&content);
    match parse(&content) {
        Some(CURRENT) => Ok(true),
        Some(found) if found > CURRENT => Err(StoreError::NewerFormat {
            path: path.parent().unwrap_or(path).to_owned(),
            found,
            supported: CURRENT,
        }),
        Some(found) if found > 0 => Err(StoreError::OlderFormat {
            path: path.parent().unwrap_or(path).to_owned(),
            found,
            supported: CURRENT,
        }),
        _ => Err(StoreError::UnknownFormat {
            path: path.to_owned(),
            content: content.chars().take(SHOWN).collect(),
        }),
    }
}

fn parse(content: &str) -> Option<u32> {
    let number = content.strip_prefix(PREFIX)?;
    number.strip_suffix('\n').unwrap_or(number).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_line_is_a_format() {
        assert_eq!(parse("gatewayd data format 1\n"), Some(1));
        assert_eq!(parse("gatewayd data format 12"), Some(12));
        assert_eq!(parse(&current()), Some(CURRENT));
        for garbage in [
            "",
            "1",
            "gatewayd data format ",
            "gatewayd data format 1\n\n",
            "gatewayd data format -1\n",
        ] {
            assert_eq!(parse(garbage), None, "{garbage:?}");
        }
    }
}
