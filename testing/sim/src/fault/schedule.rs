//! Which faults come when.

use super::kind::{Fault, Kind, Plane, Shape, Who};
use crate::network::Host;
use fastrand::Rng;
use std::ops::Range;
use std::time::Duration;

/// A fault and its time.
#[derive(Clone, Debug, PartialEq)]
pub struct Timed {
    /// When.
    pub at: Duration,
    /// What.
    pub fault: Fault,
}

/// The faults of a run, in order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Schedule(pub Vec<Timed>);

/// How bad a run is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Severity {
    /// The kinds that this run has.
    pub kinds: Vec<Kind>,
    /// The mean time between two faults.
    pub pause: Duration,
}

impl Severity {
    /// Some of the kinds that there may be, more or less often.
    pub fn draw(random: &mut Rng, may_be: impl Fn(Kind) -> bool) -> Self {
        let all = || Kind::ALL.iter().copied().filter(|kind| may_be(*kind));
        let mut kinds: Vec<Kind> = all().filter(|_| random.u8(0..5) < 2).collect();
        if kinds.is_empty() {
            kinds = all().collect();
        }
        Self {
            kinds,
            pause: Duration::from_millis(random.u64(400..5000)),
        }
    }
}

impl Schedule {
    /// Faults within `span`. All are over at its end.
    pub fn draw(random: &mut Rng, nodes: u64, severity: Severity, span: Range<Duration>) -> Self {
        let mut faults = Vec::new();
        let mut at = span.start;
        loop {
            at += severity.pause.mul_f64(random.f64() * 2.0);
            if at >= span.end {
                return Self(faults);
            }
            let kind = severity.kinds[random.usize(0..severity.kinds.len())];
            let longest = (span.end - at).min(Duration::from_secs(12));
            let fault = Fault {
                kind,
                plane: *pick(random, &[Plane::Peers, Plane::Clients, Plane::Both]),
                shape: shape(random, nodes),
                who: who(random, nodes),
                // Short ones are as interesting as long ones.
                lasts: longest.mul_f64(random.f64() * random.f64()),
                seed: random.u64(..),
            };
            faults.push(Timed { at, fault });
        }
    }
}

impl Schedule {
    /// Adds disks that go back, to two of five runs. From a generator of their own: the other faults of a seed
    /// are what they were before there were these.
    pub fn add_rollbacks(&mut self, seed: u64, nodes: u64, span: Range<Duration>) {
        let mut random = Rng::with_seed(seed ^ 0x601d_b4cc);
        if random.u8(0..5) >= 2 {
            return;
        }
        for _ in 0..random.u8(1..=2) {
            self.add(Kind::Rollback, &mut random, nodes, &span, 500..8000);
        }
    }

    /// Adds ports that fail, to one of five runs, likewise.
    pub fn add_failing_ports(&mut self, seed: u64, nodes: u64, span: Range<Duration>) {
        let mut random = Rng::with_seed(seed ^ 0x0f41_9047);
        if random.u8(0..5) == 0 {
            self.add(Kind::FailingPort, &mut random, nodes, &span, 500..5000);
        }
    }

    /// Adds nodes that are started with another configuration, to one of three runs, likewise.
    pub fn add_reconfigurations(&mut self, seed: u64, nodes: u64, span: Range<Duration>) {
        let mut random = Rng::with_seed(seed ^ 0x0c0f_1641);
        if random.u8(0..3) == 0 {
            for _ in 0..random.u8(1..=3) {
                self.add(Kind::Reconfigured, &mut random, nodes, &span, 500..8000);
            }
        }
    }

    /// Adds what the other cluster does that ours may notice, and a node of ours that may move.
    pub fn add_other_clusters_doings(&mut self, seed: u64, nodes: u64, span: Range<Duration>) {
        let mut random = Rng::with_seed(seed);
        for _ in 0..random.u8(2..=4) {
            self.add(Kind::OtherCluster, &mut random, 1, &span, 500..5000);
        }
        self.add(Kind::Reconfigured, &mut random, nodes, &span, 500..8000);
    }

    fn add(
        &mut self,
        kind: Kind,
        random: &mut Rng,
        nodes: u64,
        span: &Range<Duration>,
        lasts: Range<u64>,
    ) {
        let fault = Fault {
            kind,
            plane: Plane::Peers,
            shape: Shape::Ring,
            who: Who::Host(random.u64(1..=nodes)),
            lasts: Duration::from_millis(random.u64(lasts)),
            seed: random.u64(..),
        };
        let at = span.start + (span.end - span.start).mul_f64(random.f64() * 0.8);
        let place = self.0.partition_point(|timed| timed.at <= at);
        self.0.insert(place, Timed { at, fault });
    }
}

fn pick<'a, T>(random: &mut Rng, of: &'a [T]) -> &'a T {
    &of[random.usize(0..of.len())]
}

fn who(random: &mut Rng, nodes: u64) -> Who {
    let host = random.u64(1..=nodes);
    if random.bool() {
        Who::LeaderOr(host)
    } else {
        Who::Host(host)
    }
}

fn shape(random: &mut Rng, nodes: u64) -> Shape {
    match random.u8(0..8) {
        0 => Shape::Alone(who(random, nodes)),
        1 => {
            let mut hosts: Vec<Host> = (1..=nodes).collect();
            random.shuffle(&mut hosts);
            hosts.truncate(random.usize(1..hosts.len()));
            Shape::Group(hosts)
        }
        2 => Shape::LeaderInMinority,
        3 => Shape::Ring,
        4 => Shape::Bridge(random.u64(1..=nodes)),
        5 => Shape::Mute(who(random, nodes)),
        6 => Shape::Deaf(who(random, nodes)),
        _ => {
            let from = random.u64(1..=nodes);
            let to = from % nodes + 1;
            Shape::OneWay(from, to)
        }
    }
}

impl Shape {
    /// The directed paths that are cut, in a world of these nodes where `leader` leads.
    #[must_use]
    pub fn cuts(&self, nodes: u64, leader: Option<Host>) -> Vec<(Host, Host)> {
        let pairs = (1..=nodes).flat_map(|from| (1..=nodes).map(move |to| (from, to)));
        let pairs = pairs.filter(|(from, to)| from != to);
        let resolve = |who: Who| who.resolve(leader);
        let is_cut: Box<dyn Fn(Host, Host) -> bool> = match self {
            Self::Alone(who) => {
                let alone = resolve(*who);
                Box::new(move |from, to| (from == alone) != (to == alone))
            }
            Self::Group(group) => {
                let group = group.clone();
                Box::new(move |from, to| group.contains(&from) != group.contains(&to))
            }
            Self::LeaderInMinority => {
                let leader = leader.unwrap_or(1);
                let size = (nodes - 1) / 2;
                let with = move |host: Host| (host + nodes - leader) % nodes < size;
                Box::new(move |from, to| with(from) != with(to))
            }
            Self::Ring => Box::new(move |from, to| {
                let distance = (from + nodes - to) % nodes;
                nodes > 3 && distance != 1 && distance != nodes - 1 || nodes == 3 && from + to == 4
            }),
            Self::Bridge(bridge) => {
                let bridge = *bridge;
                let left = move |host: Host| host <= nodes / 2;
                Box::new(move |from, to| from != bridge && to != bridge && left(from) != left(to))
            }
            Self::Mute(who) => {
                let mute = resolve(*who);
                Box::new(move |from, _| from == mute)
            }
            Self::Deaf(who) => {
                let deaf = resolve(*who);
                Box::new(move |_, to| to == deaf)
            }
            Self::OneWay(one, other) => {
                let (one, other) = (*one, *other);
                Box::new(move |from, to| from == one && to == other)
            }
        };
        pairs.filter(|(from, to)| is_cut(*from, *to)).collect()
    }
}

impl Who {
    /// Which host that is now.
    #[must_use]
    pub fn resolve(self, leader: Option<Host>) -> Host {
        match self {
            Self::LeaderOr(host) => leader.unwrap_or(host),
            Self::Host(host) => host,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_cut_what_they_say() {
        assert_eq!(
            Shape::Alone(Who::LeaderOr(1)).cuts(3, Some(2)),
            [(1, 2), (2, 1), (2, 3), (3, 2)]
        );
        assert_eq!(Shape::Ring.cuts(3, None), [(1, 3), (3, 1)]);
        assert_eq!(Shape::Ring.cuts(5, None).len(), 10);
        assert_eq!(Shape::OneWay(3, 1).cuts(3, None), [(3, 1)]);
        assert_eq!(Shape::Mute(Who::Host(1)).cuts(3, None), [(1, 2), (1, 3)]);
        let minority = Shape::LeaderInMinority.cuts(5, Some(4));
        assert!(minority.contains(&(4, 1)) && minority.contains(&(5, 1)));
        assert!(!minority.contains(&(4, 5)));
    }

    #[test]
    fn all_faults_are_over_at_the_end() {
        let mut random = Rng::with_seed(3);
        for _ in 0..50 {
            let severity = Severity::draw(&mut random, |_| true);
            let span = Duration::from_secs(5)..Duration::from_secs(45);
            let schedule = Schedule::draw(&mut random, 5, severity, span.clone());
            assert!(!schedule.0.is_empty());
            for timed in schedule.0 {
                assert!(timed.at + timed.fault.lasts <= span.end);
            }
        }
    }
}
