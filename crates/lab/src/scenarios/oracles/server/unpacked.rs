//! Servers that are unpacked and never installed: an installed one would start a service.

use std::env;
use std::path::PathBuf;

use anyhow::{Context, Result, ensure};

/// Where the sources are; below them, what `./x drill oracles` unpacks.
const WORKSPACE: &str = "LAB_WORKSPACE";
const ROOT: &str = "target/lab/oracles/root";

/// The tree of files that came out of the packages.
pub(in crate::scenarios::oracles) struct Unpacked {
    root: PathBuf,
}

impl Unpacked {
    /// What there is.
    pub(in crate::scenarios::oracles) fn find() -> Result<Self> {
        let workspace = env::var_os(WORKSPACE).with_context(|| {
            format!("{WORKSPACE} is not set: play this one with `./x drill oracles`")
        })?;
        let root = PathBuf::from(workspace).join(ROOT);
        ensure!(
            root.exists(),
            "there is no {}: `./x drill oracles` unpacks it",
            root.display()
        );
        Ok(Self { root })
    }

    /// A server.
    pub(super) fn program(&self, name: &str) -> PathBuf {
        self.root.join("usr/sbin").join(name)
    }

    /// Where their libraries are, as `LD_LIBRARY_PATH` names them.
    pub(super) fn libraries(&self) -> PathBuf {
        let machine = env::consts::ARCH;
        self.root.join(format!("usr/lib/{machine}-linux-gnu"))
    }
}
