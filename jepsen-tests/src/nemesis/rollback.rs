//! A data directory that goes back: a virtual machine's snapshot, or a backup that is put back.
//!
//! The contract keeps every committed entry while those whose disk went back, and those out of reach when such
//! a one starts, are together a minority, for what was noted of it more than a second before. So nothing is put back while
//! another node is not well, nor before a second has passed since the node stopped.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;
use jepsen_tests::history::Fault;

use super::{Nemesis, Scene, aimed_at};

/// Beside the nodes' own directories.
const COPY: &str = "older-copy";
/// What a node acknowledged within the last second, the others may not have noted.
const NOTED: Duration = Duration::from_millis(1500);

/// One node at a time: copied when it strikes, put back when it heals.
#[derive(Debug, Default)]
pub struct Rollback {
    victim: Option<u8>,
}

impl Nemesis for Rollback {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        if !scene.all_serve() {
            return Ok(None);
        }
        let (victim, detail) = scene.leader_or_any(rng);
        self.victim = Some(victim);
        Ok(Some(Fault {
            peers_only: true,
            detail,
            ..aimed_at(&[victim])
        }))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let Some(victim) = self.victim else {
            return Ok(());
        };
        let copy = copy(scene)?;
        let gateway = scene.lab.gateway(victim);
        gateway.hold_down()?;
        gateway.copy_data(&copy)?;
        gateway.let_up()
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let Some(victim) = self.victim.take() else {
            return Ok(());
        };
        if !scene.all_serve() {
            return Ok(());
        }
        let copy = copy_path(scene);
        let gateway = scene.lab.gateway(victim);
        gateway.hold_down()?;
        std::thread::sleep(NOTED);
        gateway.restore_data(&copy)?;
        gateway.let_up()
    }
}

fn copy_path(scene: &Scene<'_>) -> PathBuf {
    scene.lab.dir().join(COPY)
}

/// Where the copy goes, with no older one there.
fn copy(scene: &Scene<'_>) -> Result<PathBuf> {
    let path = copy_path(scene);
    if path.exists() {
        fs::remove_dir_all(&path).with_context(|| format!("removing {}", path.display()))?;
    }
    Ok(path)
}
