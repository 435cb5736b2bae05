//! A disk that goes back, as a fault: within the bound that the contract sets (*Safety*).
//!
//! One at a time. What it will have forgotten was noted more than a second before: nobody asks for
//! anything meanwhile, so that nothing new is acknowledged. When it starts all others are up and in reach.
//! Every other time some of them have got none of it, and the leader dies as soon as the node has asked for
//! its notes: without them it would help those to elect one that lacks what was committed.

use super::arena::{World, name};
use crate::disk::{Crash, Image};
use crate::fault::Kind;
use crate::network::{Host, Paths};
use crate::stats::Rare;
use anyhow::Result;
use cluster::Cluster;
use fastrand::Rng;
use std::time::Duration;

/// What is noted is kept within a second.
const NOTED_WITHIN: Duration = Duration::from_millis(1300);
/// An answer that was on its way has arrived.
const ARRIVED: Duration = Duration::from_millis(20);
/// If it is not quiet by then, it will not be.
const GIVE_UP: Duration = Duration::from_secs(10);
/// Its notes are there by then, if others answer.
const ASKS: Duration = Duration::from_secs(12);

/// A disk on its way back.
pub(super) struct Rollback {
    host: Host,
    image: Image,
    stage: Stage,
    /// Who gets nothing of what it acknowledges.
    laggards: Vec<Host>,
    /// Who led when it was switched off, and has all.
    leader: Host,
    random: Rng,
}

#[derive(Clone, Copy, Debug)]
enum Stage {
    /// It goes on, and acknowledges what its disk will have forgotten.
    Forgets { until: Duration },
    /// Nobody asks for anything.
    Quiet {
        begun: Duration,
        /// Since when this is the newest entry, and all is noted.
        since: Duration,
        newest: u64,
    },
    /// Its power is off.
    Off {
        begun: Duration,
        until: Duration,
        newest: u64,
    },
    /// It asks for its notes.
    Asks { begun: Duration },
    /// It is filled again.
    Filled,
}

impl World {
    pub(super) fn begin_rollback(&mut self, host: Host, lasts: Duration, mut random: Rng) {
        let Some(leader) = self.observer.leader else {
            return;
        };
        let host = match host == leader {
            true => host % self.scenario.nodes + 1,
            false => host,
        };
        let all_members = self
            .scenario
            .hosts()
            .eq(self.observer.members.iter().copied());
        if self.faults.rollback.is_some()
            || self.faults.replacement.is_some()
            || self.faults.reconfiguration.is_some()
            || !all_members
        {
            return;
        }
        let Some(image) = self.image(host).filter(|_| self.is_sound(host)) else {
            return;
        };
        let mut laggards = Vec::new();
        if random.bool() {
            let others = self.scenario.hosts();
            laggards.extend(others.filter(|other| *other != host && *other != leader));
            // The leader, the one that goes back, and these are a majority.
            let beside = usize::try_from(self.scenario.nodes).unwrap_or_default() / 2 - 1;
            laggards.drain(..beside.min(laggards.len()));
        }
        self.deafen(&laggards, true);
        self.faults.rollback = Some(Rollback {
            host,
            image,
            stage: Stage::Forgets {
                until: self.now + lasts,
            },
            laggards,
            leader,
            random,
        });
    }

    /// Takes the next step of a rollback, if one is due.
    pub(super) fn roll_back_further(&mut self) -> Result<()> {
        let Some(mut rollback) = self.faults.rollback.take() else {
            return Ok(());
        };
        let host = rollback.host;
        let next = match rollback.stage {
            Stage::Forgets { until } if self.now >= until => Some(Stage::Quiet {
                begun: self.now,
                since: self.now,
                newest: self.observer.newest,
            }),
            Stage::Quiet {
                begun,
                since,
                newest,
            } => self.wait_until_noted(&mut rollback, begun, since, newest),
            Stage::Off {
                begun,
                until,
                newest,
            } => self.start_as_it_was(&rollback, begun, until, newest)?,
            Stage::Asks { begun } => self.wait_for_notes(&mut rollback, begun),
            Stage::Filled if self.serves(host) => None,
            stage => Some(stage),
        };
        match next {
            Some(stage) => {
                rollback.stage = stage;
                self.faults.rollback = Some(rollback);
            }
            None => self.end_rollback(&rollback),
        }
        Ok(())
    }

    fn wait_until_noted(
        &mut self,
        rollback: &mut Rollback,
        begun: Duration,
        since: Duration,
        newest: u64,
    ) -> Option<Stage> {
        let host = rollback.host;
        let now = self.observer.newest;
        let is_noted = self.is_sound(host)
            && self
                .network
                .with_paths(|paths: &mut Paths| paths.are_whole())
            // One that stands still commits later what others hold already, and nobody has noted that.
            && self
                .observer
                .leader
                .is_some_and(|leader| leader != host && self.is_sound(leader))
            && now == newest
            && self.applied(host) == newest;
        if let Some(leader) = self.observer.leader {
            rollback.leader = leader;
        }
        if is_noted && self.now - since >= NOTED_WITHIN {
            self.crash(host, Crash::Power);
            let down = Duration::from_millis(rollback.random.u64(100..3000));
            return Some(Stage::Off {
                begun: self.now,
                until: self.now + down,
                newest,
            });
        }
        let since = if is_noted { since } else { self.now };
        (self.now - begun < GIVE_UP).then_some(Stage::Quiet {
            begun,
            since,
            newest: now,
        })
    }

    fn start_as_it_was(
        &mut self,
        rollback: &Rollback,
        begun: Duration,
        until: Duration,
        newest: u64,
    ) -> Result<Option<Stage>> {
        let host = rollback.host;
        if self.now - begun < ARRIVED && self.observer.newest != newest {
            // Something was acknowledged at the last moment, and is not noted.
            self.start_node(host)?;
            return Ok(None);
        }
        let others = self.scenario.hosts().filter(|other| *other != host);
        let in_reach = others.into_iter().all(|other| self.is_sound(other))
            && self
                .network
                .with_paths(|paths: &mut Paths| paths.are_whole());
        if self.now < until || !in_reach {
            return Ok(Some(rollback.stage));
        }
        self.roll_back(host, &rollback.image);
        self.stats.rare(Rare::RolledBack, 1);
        if !rollback.laggards.is_empty() {
            self.deafen(&[host], true);
        }
        self.start_node(host)?;
        Ok(Some(Stage::Asks { begun: self.now }))
    }

    fn wait_for_notes(&mut self, rollback: &mut Rollback, begun: Duration) -> Option<Stage> {
        let host = rollback.host;
        let is_up = self
            .nodes
            .get(&host)
            .is_some_and(|node| node.cluster().is_some());
        let asks = !is_up || self.reason(host).contains("first asks the other voters");
        if asks && self.now - begun < ASKS || self.now - begun < ARRIVED {
            return Some(rollback.stage);
        }
        if !rollback.laggards.is_empty() {
            let down = Duration::from_millis(rollback.random.u64(500..6000));
            self.crash_until(rollback.leader, Crash::Power, self.now + down);
            self.stats.rare(Rare::LeaderLostBehindRollback, 1);
            self.hear_again(rollback);
        }
        Some(Stage::Filled)
    }

    /// Nothing more comes of it: the last fault is over.
    pub(super) fn drop_rollback(&mut self) {
        if let Some(rollback) = self.faults.rollback.take() {
            self.end_rollback(&rollback);
        }
    }

    fn end_rollback(&mut self, rollback: &Rollback) {
        self.hear_again(rollback);
        self.trace
            .note(name(rollback.host), format_args!("no more of its rollback"));
    }

    fn hear_again(&mut self, rollback: &Rollback) {
        self.deafen(&rollback.laggards, false);
        self.deafen(&[rollback.host], false);
    }

    /// Whether other faults have to wait: what they did would be beyond the bound.
    pub(super) fn is_delicate(&self) -> bool {
        let stage = self.faults.rollback.as_ref().map(|rollback| rollback.stage);
        matches!(
            stage,
            Some(Stage::Quiet { .. } | Stage::Off { .. } | Stage::Asks { .. })
        )
    }

    /// Whether clients are not heard.
    pub(super) fn is_quiet(&self) -> bool {
        let stage = self.faults.rollback.as_ref().map(|rollback| rollback.stage);
        matches!(stage, Some(Stage::Quiet { .. }))
    }

    /// Whether `host` stays off.
    pub(super) fn is_held_off(&self, host: Host) -> bool {
        let rollback = self.faults.rollback.as_ref();
        rollback.is_some_and(|rollback| {
            rollback.host == host && matches!(rollback.stage, Stage::Off { .. })
        })
    }

    /// Whether the fault would start a node again that has not been filled since it went back: then others
    /// would have to be in reach again.
    pub(super) fn is_beyond_bound(&self, kind: Kind, host: Host) -> bool {
        let rollback = self.faults.rollback.as_ref();
        rollback.is_some_and(|rollback| {
            let ends_lives = matches!(
                kind,
                Kind::ProcessDeath
                    | Kind::PowerCut
                    | Kind::PowerCutAtWrite
                    | Kind::DiskFull
                    | Kind::FailingSync
            );
            let is_back = matches!(rollback.stage, Stage::Filled);
            is_back && (ends_lives && host == rollback.host || kind == Kind::PowerCutOfAll)
        })
    }

    /// Whether the node on `host` runs, and nothing is wrong with it.
    fn is_sound(&self, host: Host) -> bool {
        self.nodes.get(&host).is_some_and(|node| {
            let is_open = node.look(Cluster::status).is_some();
            is_open && !node.is_paused() && !node.has_failed() && !node.disk_is_broken()
        })
    }
}
