//! Where the product's programs are.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

/// Overrides the directory.
const OVERRIDE: &str = "GATEWAYD_BIN_DIR";

/// The daemon and its command line tool.
#[derive(Debug, Clone)]
pub struct Binaries {
    /// `gatewayd`.
    pub daemon: PathBuf,
    /// `gatewayctl`.
    pub control: PathBuf,
    directory: PathBuf,
}

impl Binaries {
    /// Finds them beside this executable, or in the directory that `GATEWAYD_BIN_DIR` names.
    pub fn find() -> Result<Self> {
        let dir = match env::var_os(OVERRIDE) {
            Some(dir) => PathBuf::from(dir),
            None => own_directory()?,
        };
        Ok(Self {
            daemon: existing(&dir, "gatewayd")?,
            control: existing(&dir, "gatewayctl")?,
            directory: dir,
        })
    }

    /// The file system that fails when told to. Only some runs need it.
    pub fn faulty_disk(&self) -> Result<PathBuf> {
        existing(&self.directory, "faultfs")
    }
}

fn own_directory() -> Result<PathBuf> {
    let this = env::current_exe().context("finding this executable")?;
    let dir = this.parent().context("an executable without a directory")?;
    Ok(dir.to_owned())
}

fn existing(dir: &Path, name: &str) -> Result<PathBuf> {
    let path = dir.join(name);
    ensure!(
        path.is_file(),
        "{} is missing: run `cargo build -p gatewayd -p gatewayctl -p faultfs`, or set {OVERRIDE}",
        path.display()
    );
    Ok(path)
}
