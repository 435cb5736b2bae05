//! Other people's servers and clients, unpacked and never installed: an installed one would start a service.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Where the sources are; below them, what `./x drill` unpacks for the scenarios that play them.
const WORKSPACE: &str = "LAB_WORKSPACE";
const ROOT: &str = "target/lab/oracles/root";
/// Where a package may have its libraries, with the machine's name in the braces.
const LIBRARIES: [&str; 4] = [
    "usr/lib/{}-linux-gnu",
    "lib/{}-linux-gnu",
    "usr/lib/{}-linux-gnu/systemd",
    "lib/{}-linux-gnu/systemd",
];

/// The tree of files that came out of the packages.
#[derive(Debug, Clone)]
pub struct Unpacked {
    root: PathBuf,
}

impl Unpacked {
    /// What there is.
    pub fn find() -> Result<Self> {
        let workspace = env::var_os(WORKSPACE).with_context(|| {
            format!("{WORKSPACE} is not set: play this one with `./x drill NAME`")
        })?;
        let root = PathBuf::from(workspace).join(ROOT);
        ensure!(
            root.exists(),
            "there is no {}: `./x drill NAME` unpacks it",
            root.display()
        );
        Ok(Self { root })
    }

    /// The program at `path`, such as `usr/sbin/dhcpd`. What this machine had installed already was not unpacked.
    pub fn program(&self, path: &str) -> PathBuf {
        let unpacked = self.root.join(path);
        if unpacked.exists() {
            unpacked
        } else {
            Path::new("/").join(path)
        }
    }

    /// Where their libraries are, for `LD_LIBRARY_PATH`.
    pub fn libraries(&self) -> String {
        let path = |pattern: &&str| {
            let below = pattern.replace("{}", env::consts::ARCH);
            self.root.join(below).display().to_string()
        };
        LIBRARIES.iter().map(path).collect::<Vec<_>>().join(":")
    }
}
