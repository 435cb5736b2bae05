//! What a network does to what is sent: how long it takes, and whether it arrives.
//!
//! Ends are hosts, by number. A path has a direction. The peers' network and the clients' link have
//! one each, so that either can fail alone.

use crate::distance::Distance;
use fastrand::Rng;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A host's number: that of its node.
pub type Host = u64;

/// The bytes of a TCP segment on Ethernet.
const SEGMENT: usize = 1448;

/// What all paths do while nothing is wrong with them, or while everything is.
#[derive(Clone, Debug, PartialEq)]
pub struct Weather {
    /// How long it takes. The shortest must be no shorter than the world's step.
    pub latency: RangeInclusive<Duration>,
    /// How likely one is lost.
    pub loss: f64,
    /// How likely one arrives twice.
    pub duplicate: f64,
}

/// The paths between hosts.
#[derive(Debug)]
pub struct Paths {
    random: Rng,
    weather: Weather,
    /// What the links are while nothing is wrong; none, if they are all as short as can be.
    distance: Option<Distance>,
    cut: BTreeSet<(Host, Host)>,
}

/// What becomes of something that is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives after this time.
    Arrives(Duration),
    /// It arrives twice.
    ArrivesTwice(Duration, Duration),
    /// It is lost.
    Lost,
}

impl Weather {
    /// A quiet LAN.
    #[must_use]
    pub const fn fair() -> Self {
        Self {
            latency: Duration::from_millis(2)..=Duration::from_millis(4),
            loss: 0.0,
            duplicate: 0.0,
        }
    }
}

impl Paths {
    /// Paths in fair weather, with randomness of their own.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            random: Rng::with_seed(seed),
            weather: Weather::fair(),
            distance: None,
            cut: BTreeSet::new(),
        }
    }

    /// How far the hosts are apart from now on.
    pub fn set_distance(&mut self, distance: Distance) {
        self.distance = Some(distance);
    }

    /// Changes what all paths do.
    pub fn set_weather(&mut self, weather: Weather) {
        self.weather = weather;
    }

    /// Cuts the path from one host to another, in this direction only.
    pub fn cut(&mut self, from: Host, to: Host) {
        self.cut.insert((from, to));
    }

    /// Makes every path whole.
    pub fn heal(&mut self) {
        self.cut.clear();
    }

    /// Whether nothing gets from one host to another.
    #[must_use]
    pub fn is_cut(&self, from: Host, to: Host) -> bool {
        self.cut.contains(&(from, to))
    }

    /// Whether nothing is wrong with the weather.
    #[must_use]
    pub fn is_fair(&self) -> bool {
        self.weather == Weather::fair()
    }

    /// Whether everything arrives, and once.
    #[must_use]
    pub fn are_whole(&self) -> bool {
        self.cut.is_empty() && self.weather == Weather::fair()
    }

    /// What becomes of something sent now. What stays on its host is never lost.
    pub fn fate(&mut self, from: Host, to: Host) -> Fate {
        if from == to {
            return Fate::Arrives(*self.weather.latency.start());
        }
        let steady = self.distance.as_ref().map_or(0.0, |distance| distance.loss);
        if self.is_cut(from, to) || self.random.f64() < self.weather.loss.max(steady) {
            return Fate::Lost;
        }
        let first = self.latency(from, to);
        if self.random.f64() < self.weather.duplicate {
            return Fate::ArrivesTwice(first, self.latency(from, to));
        }
        Fate::Arrives(first)
    }

    /// How long a message and its acknowledgement take at least.
    #[must_use]
    pub fn round_trip(&self, from: Host, to: Host) -> Duration {
        self.base(from, to) + self.base(to, from)
    }

    /// How long so many bytes take over a connection that loses something for ever: TCP's congestion window
    /// allows for no more (Mathis et al. 1997; segments of 1,448 bytes).
    #[must_use]
    pub fn transfer(&self, from: Host, to: Host, bytes: usize) -> Duration {
        let loss = self.distance.as_ref().map_or(0.0, |distance| distance.loss);
        if loss == 0.0 || from == to {
            return Duration::ZERO;
        }
        let round_trip = self.round_trip(from, to) + 2 * *self.weather.latency.start();
        let segments = (bytes / SEGMENT) as f64;
        round_trip.mul_f64(segments * loss.sqrt() / 1.22)
    }

    fn base(&self, from: Host, to: Host) -> Duration {
        let distance = self.distance.as_ref();
        let base = distance.and_then(|distance| distance.one_way.get(&(from, to)));
        base.copied().unwrap_or_default()
    }

    /// How long something takes now.
    pub fn latency(&mut self, from: Host, to: Host) -> Duration {
        self.base(from, to) + self.jitter()
    }

    fn jitter(&mut self) -> Duration {
        let micros = |duration: &Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let (least, most) = (
            micros(self.weather.latency.start()),
            micros(self.weather.latency.end()),
        );
        Duration::from_micros(self.random.u64(least..=most))
    }
}
