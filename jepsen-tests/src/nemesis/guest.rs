//! A daemon that is none of the cluster's, on a host of its own: a copy of a member's directory beside the
//! member, or a node of another cluster that calls on this one's peers.
//!
//! A copy is a disk that lost what it acknowledged: of the two only one may vote, and the contract
//! holds with either. Which of them serves is the cluster's business, so that member is owed nothing meanwhile. A node of another cluster is
//! nobody's member: nothing changes for those who are. It has no way to the clients, for nobody promises that two clusters
//! on one network do not give the same address.

use std::fs;

use anyhow::{Context, Result};
use fastrand::Rng;
use jepsen_tests::history::Fault;
use lab::fault::cut_off_overlay;
use lab::gateway::{Gateway, peer_address};

use super::{Nemesis, Scene, aimed_at};

/// A second daemon from a copy of a running member's directory.
#[derive(Debug, Default)]
pub struct Copy {
    victim: Option<u8>,
    guest: Option<Gateway>,
}

impl Nemesis for Copy {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        if !scene.all_serve() {
            return Ok(None);
        }
        let victim = scene.any_node(rng);
        self.victim = Some(victim);
        Ok(Some(Fault {
            peers_only: true,
            ..aimed_at(&[victim])
        }))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let Some(victim) = self.victim else {
            return Ok(());
        };
        let mut guest = scene.lab.guest(&format!("copy-of-gw{victim}"), victim)?;
        let member = scene.lab.gateway(victim);
        // The files of a daemon that runs are not a copy of one moment.
        member.hold_down()?;
        member.copy_data(&guest.data_directory())?;
        member.let_up()?;
        guest.start()?;
        self.guest = Some(guest);
        Ok(())
    }

    fn heal(&mut self, _: &mut Scene<'_>) -> Result<()> {
        self.victim = None;
        end(&mut self.guest)
    }
}

/// A node of another cluster, with the number of one of ours.
#[derive(Debug, Default)]
pub struct ForeignCluster {
    number: u8,
    own_ca: bool,
    guest: Option<Gateway>,
}

impl Nemesis for ForeignCluster {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        self.number = scene.any_node(rng);
        self.own_ca = rng.bool();
        let ca = if self.own_ca { "its own" } else { "the same" };
        // Nobody of ours is hit: all are owed all.
        Ok(Some(Fault {
            peers_only: true,
            detail: Some(format!("as node {} with {ca} CA", self.number)),
            ..Fault::default()
        }))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let name = match self.own_ca {
            true => format!("foreign-ca/gw{}", self.number),
            false => format!("foreign-gw{}", self.number),
        };
        let ours: Vec<_> = (1..=scene.count()).map(peer_address).collect();
        let mut guest = scene.lab.guest(&name, self.number)?;
        cut_off_overlay(guest.netns())?;
        guest.reconfigure(|config| config.set("GATEWAY_JOIN", ours.join(",")));
        guest.start_flagged(&["--bootstrap", "--alone"])?;
        self.guest = Some(guest);
        Ok(())
    }

    fn heal(&mut self, _: &mut Scene<'_>) -> Result<()> {
        end(&mut self.guest)
    }
}

/// Ends the guest, if it has not ended by itself, and throws its data away.
fn end(guest: &mut Option<Gateway>) -> Result<()> {
    let Some(mut guest) = guest.take() else {
        return Ok(());
    };
    guest.ensure_killed()?;
    let data = guest.data_directory();
    fs::remove_dir_all(&data).with_context(|| format!("removing {}", data.display()))
}
