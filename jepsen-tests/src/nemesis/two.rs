//! Two other nemeses at once, on two nodes of the three.
//!
//! What is owed then: safety, always. Silence of whoever has no quorum, where both took a node from
//! its peers. Where a majority is whole on the peers' network, service by it. And all of it again, once both are over.

use anyhow::Result;
use fastrand::Rng;
use jepsen_tests::history::Fault;

use super::{Nemesis, NemesisKind, Scene};
use crate::names;

/// Those whose effect a [`Fault`] can state: what two of them do together can be worked out.
const POOL: [NemesisKind; 9] = [
    NemesisKind::Kill,
    NemesisKind::Pause,
    NemesisKind::PartitionRaft,
    NemesisKind::ListenIp,
    NemesisKind::Moved,
    NemesisKind::LogReader,
    NemesisKind::LogFull,
    NemesisKind::Uplink,
    NemesisKind::ForeignFirewall,
];

/// A pair, drawn each time.
#[derive(Default)]
pub struct TwoAtOnce {
    pair: Vec<Box<dyn Nemesis>>,
}

impl Nemesis for TwoAtOnce {
    fn aim(&mut self, scene: &mut Scene<'_>, rng: &mut Rng) -> Result<Option<Fault>> {
        let (first, second) = draw(rng);
        let (mut one, mut other) = (first.nemesis(), second.nemesis());
        let Some(hit) = one.aim(scene, rng)? else {
            return Ok(None);
        };
        scene.spared = hit.targets.first().and_then(|name| names::number(name));
        let also = other.aim(scene, rng)?;
        scene.spared = None;
        let Some(also) = also else {
            return Ok(None);
        };
        self.pair = vec![one, other];
        let detail = format!("{} and {}", first.name(), second.name());
        Ok(Some(together(hit, also, detail)))
    }

    fn strike(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        self.pair.iter_mut().try_for_each(|one| one.strike(scene))
    }

    fn heal(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        self.pair.iter_mut().try_for_each(|one| one.heal(scene))
    }

    fn conclude(&mut self, scene: &mut Scene<'_>) -> Result<()> {
        self.pair.iter_mut().try_for_each(|one| one.conclude(scene))
    }
}

/// Two kinds that are not the same.
fn draw(rng: &mut Rng) -> (NemesisKind, NemesisKind) {
    let first = rng.usize(0..POOL.len());
    let second = (first + rng.usize(1..POOL.len())) % POOL.len();
    (POOL[first], POOL[second])
}

fn together(one: Fault, other: Fault, detail: String) -> Fault {
    let both = |one: Vec<String>, other: Vec<String>| one.into_iter().chain(other).collect();
    Fault {
        targets: both(one.targets, other.targets),
        down: both(one.down, other.down),
        cut: one.cut.into_iter().chain(other.cut).collect(),
        unheard: both(one.unheard, other.unheard),
        // Of each in the pool it is known what clients hear: everything, or `unheard` says so.
        peers_only: true,
        detail: Some(detail),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jepsen_tests::check::troubles_of;
    use std::collections::BTreeSet;

    #[test]
    fn two_kinds_are_never_the_same_and_all_are_drawn() {
        let mut rng = Rng::with_seed(1);
        let mut seen = BTreeSet::new();
        for _ in 0..300 {
            let (first, second) = draw(&mut rng);
            assert_ne!(first, second);
            seen.extend([first, second]);
        }
        assert_eq!(seen.len(), POOL.len());
    }

    /// Else ST2 takes what a node says of one of them for a lie, or believes what none of them does.
    #[test]
    fn the_checkers_know_of_all_that_two_can_do() {
        let troubles = |kind: NemesisKind| troubles_of(&kind.name()).unwrap_or_default();
        let all = |kinds: &[NemesisKind]| -> BTreeSet<_> {
            kinds.iter().flat_map(|kind| troubles(*kind)).collect()
        };
        assert_eq!(all(&[NemesisKind::TwoAtOnce]), all(&POOL));
    }

    #[test]
    fn what_each_does_both_do() {
        let one = Fault {
            targets: vec!["n1".to_owned()],
            down: vec!["n1".to_owned()],
            ..Fault::default()
        };
        let other = Fault {
            targets: vec!["n2".to_owned()],
            cut: vec![("n2".to_owned(), "n3".to_owned())],
            ..Fault::default()
        };
        let both = together(one, other, String::new());
        assert_eq!(both.targets, ["n1", "n2"]);
        assert_eq!((both.down.len(), both.cut.len()), (1, 1));
    }
}
