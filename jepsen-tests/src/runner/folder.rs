//! The result folder of a run.
//!
//! ```text
//! command.txt    the command that repeats it
//! history.edn    what happened
//! verdict.txt    what the checkers say, for people
//! verdict.json   the same and the figures, for programs
//! timeline.svg   who held which address when, with the faults shaded
//! faults.txt     what the nemeses did, and daemons that ended by themselves
//! nodes/gwN/     the nodes' logs; their data too, unless all is well
//! ```

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use crate::cli::RunOptions;

/// In every folder of ours.
const COMMAND: &str = "command.txt";

/// Where the results of a run go.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
}

/// Where a run's results go unless somebody says otherwise.
pub fn default_directory(options: &RunOptions) -> PathBuf {
    let name = format!(
        "{}-{}-{}",
        options.workload.name(),
        options.nemesis_names().replace(',', "+"),
        options.seed
    );
    Path::new("target/jepsen").join(name)
}

impl Folder {
    /// Makes it; an earlier run's results there are removed, anything else is not.
    pub fn create(options: &RunOptions) -> Result<Self> {
        let path = options
            .out
            .clone()
            .unwrap_or_else(|| default_directory(options));
        if path.exists() {
            let is_empty = fs::read_dir(&path)
                .with_context(|| format!("listing {}", path.display()))?
                .next()
                .is_none();
            ensure!(
                is_empty || path.join(COMMAND).is_file(),
                "{} is no earlier result: name another directory with --out",
                path.display()
            );
            fs::remove_dir_all(&path).with_context(|| format!("removing {}", path.display()))?;
        }
        fs::create_dir_all(path.join("nodes"))
            .with_context(|| format!("making {}", path.display()))?;
        let path = path
            .canonicalize()
            .with_context(|| format!("finding {}", path.display()))?;
        let folder = Self { path };
        folder.write(COMMAND, &format!("{}\n", options.command_line()))?;
        Ok(folder)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// A file in it.
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Where the lab works.
    pub fn nodes(&self) -> PathBuf {
        self.path.join("nodes")
    }

    /// Writes a file.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.file(name);
        fs::write(&path, text).with_context(|| format!("writing {}", path.display()))
    }

    /// Removes the nodes' data: the logs stay.
    pub fn drop_data(&self, count: u8) -> Result<()> {
        for node in 1..=count {
            let data = self.nodes().join(format!("gw{node}")).join("data");
            if data.is_dir() {
                fs::remove_dir_all(&data)
                    .with_context(|| format!("removing {}", data.display()))?;
            }
        }
        Ok(())
    }
}
