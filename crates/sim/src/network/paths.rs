//! What a network does to what is sent: how long it takes, and whether it arrives.
//!
//! Ends are hosts, by number. A path has a direction. The peers' network and the clients' link have
//! one each, so that either can fail alone.

use fastrand::Rng;
use std::collections::BTreeSet;
use std::ops::RangeInclusive;
use std::time::Duration;

/// A host's number: that of its node.
pub type Host = u64;

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
            cut: BTreeSet::new(),
        }
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
        if self.is_cut(from, to) || self.random.f64() < self.weather.loss {
            return Fate::Lost;
        }
        let first = self.latency();
        if self.random.f64() < self.weather.duplicate {
            return Fate::ArrivesTwice(first, self.latency());
        }
        Fate::Arrives(first)
    }

    /// How long something takes now.
    pub fn latency(&mut self) -> Duration {
        let micros = |duration: &Duration| u64::try_from(duration.as_micros()).unwrap_or(u64::MAX);
        let (least, most) = (
            micros(self.weather.latency.start()),
            micros(self.weather.latency.end()),
        );
        Duration::from_micros(self.random.u64(least..=most))
    }
}
