//! When nemeses strike and heal: each has its own rhythm, drawn by a seed.
//!
//! Pure: it says what is due at a moment, and is told nothing back. The same seed gives the same
//! moments, as far as the runner gets to them in time.

use std::ops::Range;
use std::time::Duration;

use fastrand::Rng;

use super::NemesisKind;

/// The rhythm of a nemesis, in milliseconds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Times {
    quiet: Range<u64>,
    trouble: Range<u64>,
}

impl Times {
    /// Quiet for so long, then trouble for so long.
    pub const fn new(quiet: Range<u64>, trouble: Range<u64>) -> Self {
        Self { quiet, trouble }
    }
}

/// What is to be done now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// The nemesis of this place strikes.
    Strike(usize),
    /// The nemesis of this place heals.
    Heal(usize),
}

/// The rhythms of all nemeses of a run.
#[derive(Debug)]
pub struct Schedule {
    rows: Vec<Row>,
    rng: Rng,
}

#[derive(Debug)]
struct Row {
    times: Times,
    due: Duration,
    striking: bool,
}

impl Schedule {
    /// For `kinds`, in their order.
    pub fn new(kinds: &[NemesisKind], seed: u64) -> Self {
        let mut rng = Rng::with_seed(seed);
        let rows = kinds.iter().map(|kind| {
            let times = kind.times();
            Row {
                due: draw(&times.quiet, &mut rng),
                times,
                striking: false,
            }
        });
        Self {
            rows: rows.collect(),
            rng: rng.fork(),
        }
    }

    /// The next turn that is due at `now`, if any.
    pub fn due(&mut self, now: Duration) -> Option<Turn> {
        let place = self.rows.iter().position(|row| row.due <= now)?;
        let row = &mut self.rows[place];
        row.striking = !row.striking;
        let wait = if row.striking {
            &row.times.trouble
        } else {
            &row.times.quiet
        };
        row.due = now + draw(wait, &mut self.rng);
        Some(if row.striking {
            Turn::Strike(place)
        } else {
            Turn::Heal(place)
        })
    }
}

fn draw(range: &Range<u64>, rng: &mut Rng) -> Duration {
    Duration::from_millis(rng.u64(range.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn turns(seed: u64) -> Vec<(Duration, Turn)> {
        let mut schedule = Schedule::new(&[NemesisKind::Kill, NemesisKind::Loss], seed);
        let moments = (0..600).map(|tick| Duration::from_millis(tick * 100));
        let mut turns = Vec::new();
        for now in moments {
            while let Some(turn) = schedule.due(now) {
                turns.push((now, turn));
            }
        }
        turns
    }

    #[test]
    fn each_strikes_and_heals_in_turn() {
        let all = turns(3);
        for place in [0, 1] {
            let own: Vec<_> = all
                .iter()
                .map(|(_, turn)| *turn)
                .filter(|turn| matches!(turn, Turn::Strike(at) | Turn::Heal(at) if *at == place))
                .collect();
            assert!(own.len() >= 6, "{own:?}");
            for pair in own.chunks(2) {
                assert_eq!(pair[0], Turn::Strike(place));
            }
        }
    }

    #[test]
    fn the_seed_decides() {
        assert_eq!(turns(3), turns(3));
        assert_ne!(turns(3), turns(4));
    }
}
