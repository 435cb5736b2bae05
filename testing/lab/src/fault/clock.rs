//! A wall clock that can be stepped, for one program: libfaketime with a file.
//!
//! Monotonic time is left alone. It has to be: with a jumping monotonic clock timers hang, and no real
//! machine does that.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

const LIBRARY_ROOT: &str = "/usr/lib";
const LIBRARY: &str = "faketime/libfaketimeMT.so.1";

/// A clock that starts right and is stepped by writing an offset into a file.
#[derive(Debug, Clone)]
pub struct SteppedClock {
    library: PathBuf,
    file: PathBuf,
}

impl SteppedClock {
    /// A clock whose offset is kept in `file`, zero at first.
    pub fn new(file: PathBuf) -> Result<Self> {
        let clock = Self {
            library: find_library()?,
            file,
        };
        clock.step(0)?;
        Ok(clock)
    }

    /// Sets the offset from the true time, in seconds.
    pub fn step(&self, seconds: i64) -> Result<()> {
        fs::write(&self.file, format!("{seconds:+}s\n"))
            .with_context(|| format!("writing {}", self.file.display()))
    }

    /// The environment that puts a program on this clock.
    pub fn environment(&self) -> [(&'static str, &Path); 4] {
        [
            ("LD_PRELOAD", &self.library),
            ("FAKETIME_TIMESTAMP_FILE", &self.file),
            ("FAKETIME_NO_CACHE", Path::new("1")),
            ("FAKETIME_DONT_FAKE_MONOTONIC", Path::new("1")),
        ]
    }
}

/// Looks for the library in `/usr/lib/<architecture>/`.
fn find_library() -> Result<PathBuf> {
    let entries = fs::read_dir(LIBRARY_ROOT).with_context(|| format!("listing {LIBRARY_ROOT}"))?;
    for entry in entries {
        let candidate = entry.context("listing libraries")?.path().join(LIBRARY);
        if candidate.exists() {
            return Ok(candidate);
        }
    }
    bail!("{LIBRARY_ROOT}/*/{LIBRARY} not found: install the package libfaketime")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::run;
    use std::process::Command;

    #[test]
    #[ignore = "needs the package libfaketime"]
    fn a_step_moves_the_wall_clock_of_the_program() {
        let dir = tempfile::tempdir().expect("a directory");
        let clock = SteppedClock::new(dir.path().join("clock")).expect("faketime");
        let seconds = || -> i64 {
            let mut date = Command::new("date");
            date.arg("+%s").envs(clock.environment());
            let text = run(&mut date).expect("date runs");
            text.trim().parse().expect("a number")
        };
        let before = seconds();
        clock.step(3600).expect("written");
        assert!((seconds() - before - 3600).abs() <= 2);
        clock.step(-86_400).expect("written");
        assert!((seconds() - before + 86_400).abs() <= 2);
    }
}
