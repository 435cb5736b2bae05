//! A node's disk is empty, as after its replacement, and the daemon starts: with the arguments that it has, or with the
//! bootstrap flag of its first start left on. It must neither serve nor found a cluster; at the end it is
//! replaced as `docs/runbooks/replace-a-node.md` says.

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::Fault;
use lab::gateway::peer_address;

use super::membership::Membership;
use super::{Nemesis, Scene, aimed_at, links_of};

/// What the others are called by, in every node's environment but the founder's.
const JOIN: &str = "GATEWAY_JOIN";

/// One node at a time.
#[derive(Debug)]
pub struct Wipe {
    flags: &'static [&'static str],
    victim: Option<u8>,
    replacement: Membership,
}

impl Wipe {
    /// Of a node that starts with `flags`.
    pub fn with(flags: &'static [&'static str]) -> Self {
        Self {
            flags,
            victim: None,
            replacement: Membership::default(),
        }
    }
}

impl Nemesis for Wipe {
    /// Only when the cluster is whole: two empty disks of three are beyond what is promised.
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        if !scene.all_serve() || self.victim.is_some() {
            return Ok(None);
        }
        let (victim, detail) = scene.leader_or_any(rng);
        self.victim = Some(victim);
        // Whoever knows nothing has nobody in reach: it must be silent.
        Ok(Some(Fault {
            cut: links_of(victim, scene.count()),
            peers_only: true,
            detail,
            ..aimed_at(&[victim])
        }))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let Some(victim) = self.victim else {
            return Ok(());
        };
        let others = (1..=scene.count()).filter(|node| *node != victim);
        let others: Vec<_> = others.map(peer_address).collect();
        let gateway = scene.lab.gateway(victim);
        gateway.hold_down()?;
        gateway.empty()?;
        // The founder has nobody to join; who replaces it is told whom.
        gateway.reconfigure(|config| config.set(JOIN, others.join(",")));
        gateway.leave_flags(self.flags);
        gateway.let_up()
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        let Some(victim) = self.victim else {
            return Ok(());
        };
        let gateway = scene.lab.gateway(victim);
        gateway.ensure_killed()?;
        gateway.leave_flags(&[]);
        self.replace(scene, victim)
    }

    /// The removal may have been refused while other faults were on, or for want of a leader.
    fn conclude(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        self.replacement.conclude(scene)?;
        match self.victim {
            Some(victim) if self.replacement.is_settled() => self.replace(scene, victim),
            _ => Ok(()),
        }
    }
}

impl Wipe {
    fn replace(&mut self, scene: &mut Scene<'_>, victim: u8) -> Result<()> {
        if self.replacement.replace(scene, victim)? {
            self.victim = None;
        }
        Ok(())
    }
}
