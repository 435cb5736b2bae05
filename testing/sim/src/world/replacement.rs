//! A change of members: a node is removed, its machine comes back with an empty disk, and it is added
//! again. An operator asks for each step at whoever leads, until it is done. Every other time something
//! goes wrong just then: the newcomer has another node's listen IP, or loses its peers, or its power.

use super::arena::{World, name, new_disk};
use crate::disk::Crash;
use crate::fault::{Fault, Kind, Plane, Shape, Timed, Who};
use crate::network::Host;
use crate::scenario::listen_ip;
use crate::stats::Rare;
use anyhow::Result;
use cluster::{Cluster, MembershipError, Start};
use fastrand::Rng;
use ipam::NodeId;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long the operator waits before asking again.
const ASK_AGAIN: Duration = Duration::from_secs(1);
/// How long a removed node goes on running, at most: long enough for L2 to be judged.
const LIVES_ON: Duration = Duration::from_secs(9);
/// A mishap of a newcomer is over after this time.
const LONGEST_MISHAP: Duration = Duration::from_secs(9);
/// How long the operator waits for an answer: it may be lost with its node.
const NO_ANSWER: Duration = Duration::from_secs(30);

/// A node on its way out and in again.
pub(super) struct Replacement {
    host: Host,
    stage: Stage,
    /// When to ask, next.
    next: Duration,
    asked: Option<Answer>,
    mishap: Mishap,
    random: Rng,
}

/// What goes wrong on the way in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mishap {
    /// Nothing, or nothing any more.
    None,
    /// The newcomer is configured with another node's listen IP.
    TakenListenIp,
    /// It is cut off from its peers while it catches up.
    CutOff,
    /// Its power fails while it writes what it is sent.
    PowerCut,
    /// Both: it starts again by itself, with a part of the log, and hears of nobody.
    PowerCutAndCutOff,
}

impl Replacement {
    /// The node that it is about.
    pub(super) const fn leaving(&self) -> Host {
        self.host
    }
}

impl Mishap {
    fn draw(random: &mut Rng) -> Self {
        match random.u8(0..8) {
            0..4 => Self::None,
            4 => Self::TakenListenIp,
            5 => Self::CutOff,
            6 => Self::PowerCut,
            _ => Self::PowerCutAndCutOff,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Removing,
    /// It is removed, and its machine goes on running: nobody has told it.
    LivingOn,
    Adding,
}

/// What an operator's request came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Came {
    Done,
    /// It has been done already, as far as this leader knows; it may be one of yesterday.
    MemberAlready,
    /// Asking again will not help.
    Refused,
    /// Asking again may help.
    Failed,
}

/// `None` until there is an answer.
type Answer = Arc<Mutex<Option<Came>>>;

impl World {
    pub(super) fn begin_replacement(&mut self, host: Host, mut random: Rng) {
        // The founder as often as all others: to it its first entries say that it is alone.
        let host = if random.bool() { 1 } else { host };
        // One at a time; and the leader does not remove itself.
        let host = if self.observer.leader == Some(host) {
            host % self.scenario.nodes + 1
        } else {
            host
        };
        if self.faults.replacement.is_none()
            && self.faults.rollback.is_none()
            && self.faults.reconfiguration.is_none()
        {
            let mishap = Mishap::draw(&mut random);
            self.replaces(host, mishap, random);
        }
    }

    /// This one is removed, emptied and added again.
    pub(super) fn replace(&mut self, host: Host, random: Rng) {
        self.replaces(host, Mishap::None, random);
    }

    fn replaces(&mut self, host: Host, mishap: Mishap, random: Rng) {
        self.faults.replacement = Some(Replacement {
            host,
            stage: Stage::Removing,
            next: self.now,
            asked: None,
            mishap,
            random,
        });
    }

    /// Takes the next step of a replacement, if one is due.
    pub(super) fn replace_further(&mut self) -> Result<()> {
        let Some(mut replacement) = self.faults.replacement.take() else {
            return Ok(());
        };
        let answered = match replacement.asked.as_ref().and_then(answer_of) {
            Some(Came::MemberAlready) if self.takes_part(replacement.host) => Some(Came::Done),
            answered => answered,
        };
        match answered {
            Some(Came::Done) => {
                replacement.asked = None;
                replacement.next = self.now;
                match replacement.stage {
                    Stage::Removing => {
                        self.keep_from_joining(replacement.host);
                        let lives_on = LIVES_ON.mul_f64(replacement.random.f64());
                        replacement.next = self.now + lives_on;
                        replacement.stage = Stage::LivingOn;
                    }
                    Stage::LivingOn => {}
                    Stage::Adding => {
                        self.trace
                            .note(name(replacement.host), format_args!("is a member again"));
                        self.stats.rare(Rare::Replaced, 1);
                        return Ok(());
                    }
                }
            }
            Some(came) => {
                let newcomer_refused = came == Came::Refused && replacement.stage == Stage::Adding;
                if newcomer_refused && replacement.mishap == Mishap::TakenListenIp {
                    self.correct_listen_ip(&mut replacement)?;
                }
                replacement.asked = None;
                replacement.next = self.now + ASK_AGAIN;
            }
            None => {}
        }
        if self.now >= replacement.next {
            if replacement.stage == Stage::LivingOn {
                // It may have started, and joined, as it was being removed.
                if self.observer.members.contains(&replacement.host) {
                    replacement.stage = Stage::Removing;
                } else {
                    self.empty_machine(&replacement)?;
                    replacement.stage = Stage::Adding;
                }
            }
            self.ask_leader(&mut replacement);
        }
        self.faults.replacement = Some(replacement);
        Ok(())
    }

    /// Whether the newest leader counts the node as a voter, and its machine, which was empty, has got
    /// something from the cluster.
    fn takes_part(&self, host: Host) -> bool {
        let applied = |cluster: &Cluster| cluster.watch_applied().borrow().position.is_some();
        let node = self.nodes.get(&host);
        let seen = node.and_then(|node| node.seen(|seen| seen.cluster().is_some_and(applied)));
        seen == Some(true) && self.observer.members.contains(&host)
    }

    /// A removed node that starts does not ask to be added again: the runbook says so.
    fn keep_from_joining(&mut self, host: Host) {
        if let Some(node) = self.nodes.get_mut(&host) {
            node.boot.start = Start::Wait;
        }
    }

    /// The machine comes back without its data.
    fn empty_machine(&mut self, replacement: &Replacement) -> Result<()> {
        let host = replacement.host;
        self.crash(host, Crash::Process);
        let seed = self.random.u64(..);
        let taken = replacement.mishap == Mishap::TakenListenIp;
        let others = self.own_ip(host % self.scenario.nodes + 1);
        if let Some(node) = self.nodes.get_mut(&host) {
            node.boot.config.listen_ip = if taken { others } else { listen_ip(host) };
            node.boot.nat.listen_ip = listen_ip(host);
            self.stats.disk(&node.disk.counters());
            node.disk = new_disk(seed);
        }
        self.stage.emptied.remove(&host);
        self.trace
            .note(name(host), format_args!("is removed; its disk is emptied"));
        self.start_node(host)
    }

    /// The operator reads the refusal, and mends the newcomer's configuration.
    fn correct_listen_ip(&mut self, replacement: &mut Replacement) -> Result<()> {
        let host = replacement.host;
        replacement.mishap = Mishap::None;
        self.stats.rare(Rare::ListenIpRefused, 1);
        self.crash(host, Crash::Process);
        if let Some(node) = self.nodes.get_mut(&host) {
            node.boot.config.listen_ip = listen_ip(host);
        }
        self.start_node(host)
    }

    /// While the newcomer is being added.
    fn interrupt(&mut self, replacement: &mut Replacement) {
        let (host, random) = (replacement.host, &mut replacement.random);
        let soon = self.now + Duration::from_millis(random.u64(5..200));
        let cut_off = Timed {
            at: soon,
            fault: Fault {
                kind: Kind::Partition,
                plane: Plane::Peers,
                shape: Shape::Alone(Who::Host(host)),
                who: Who::Host(host),
                lasts: Duration::from_millis(random.u64(1000..8000)),
                seed: random.u64(..),
            },
        };
        // Among the first things that it writes are its vote, and the log's beginning.
        let writes = random.u64(0..6);
        let (is_cut_off, loses_power) = match replacement.mishap {
            Mishap::None | Mishap::TakenListenIp => return,
            Mishap::CutOff => (true, false),
            Mishap::PowerCut => (false, true),
            Mishap::PowerCutAndCutOff => (true, true),
        };
        if is_cut_off {
            self.faults.begins(cut_off);
        }
        if let Some(node) = self.nodes.get(&host).filter(|_| loses_power) {
            node.disk.crash_after(writes, Crash::Power);
        }
        replacement.mishap = Mishap::None;
        self.stats.rare(Rare::NewcomerInterrupted, 1);
    }

    fn ask_leader(&mut self, replacement: &mut Replacement) {
        replacement.next = self.now + ASK_AGAIN;
        let leader = self.observer.leader;
        let Some(leader) = leader else {
            return;
        };
        if leader == replacement.host {
            // A leader does not remove itself: another one first.
            return self.hand_leadership(NodeId(leader % self.scenario.nodes + 1));
        }
        replacement.next = self.now + NO_ANSWER;
        let answer = Answer::default();
        replacement.asked = Some(Arc::clone(&answer));
        let (host, stage) = (replacement.host, replacement.stage);
        let address = self.nodes.get(&host);
        let address = address.map(|node| node.boot.config.peer_address.clone());
        let address = address.unwrap_or_default();
        // There are no more faults once all is healed.
        if stage == Stage::Adding && self.now + LONGEST_MISHAP < self.scenario.healed {
            self.interrupt(replacement);
        }
        let Some(leader) = self.nodes.get(&leader) else {
            return;
        };
        let trace = self.trace.clone();
        leader.spawn(|cluster| {
            Box::pin(async move {
                let result = ask(&cluster, host, &address, stage).await;
                trace.note(name(host), format_args!("{stage:?}: {result:?}"));
                let mut answer = answer.lock().unwrap_or_else(PoisonError::into_inner);
                *answer = Some(match result {
                    Ok(()) => Came::Done,
                    Err(MembershipError::Rejected(reason))
                        if reason.contains("is a member already") =>
                    {
                        Came::MemberAlready
                    }
                    Err(MembershipError::Rejected(_)) => Came::Refused,
                    Err(_) => Came::Failed,
                });
            })
        });
    }
}

fn answer_of(answer: &Answer) -> Option<Came> {
    *answer.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn ask(
    cluster: &Cluster,
    host: Host,
    address: &str,
    stage: Stage,
) -> Result<(), MembershipError> {
    let node = NodeId(host);
    match stage {
        Stage::Adding => cluster.add_node(node, address).await,
        Stage::Removing | Stage::LivingOn => match cluster.remove_node(node).await {
            // An earlier attempt got through, and its answer was lost. That the cluster knows
            // nothing of the node is committed.
            Err(MembershipError::Rejected(reason)) if reason.contains("is not a member") => Ok(()),
            removed => removed,
        },
    }
}
