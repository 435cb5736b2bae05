//! Which workloads meet which nemeses.

use clap::ValueEnum;

use crate::nemesis::NemesisKind::{self, *};
use crate::workload::Workload;

/// One run of a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// What is done.
    pub workload: Workload,
    /// What goes wrong.
    pub nemeses: Vec<NemesisKind>,
}

/// For CI, each time: what puts every promise to the test. Where faults overlap there may be no majority, and
/// then L3 and L2 have nothing to judge: so a kill and a cut-off leader come alone, with clients that never
/// stop asking.
const CORE: &[(Workload, &[NemesisKind])] = &[
    (Workload::Lease, &[Kill]),
    (Workload::Storm, &[Pause, ListenIp]),
    (Workload::Exhaustion, &[Kill, PartitionDhcp]),
    (Workload::Churn, &[IsolateLeader]),
    (Workload::Reservation, &[Kill, Partition]),
    (Workload::Membership, &[RestartAll, SlowDisk]),
    (Workload::Flows, &[Uplink]),
];

/// For CI, some each time: together they have every other nemesis.
const ROTATION: &[(Workload, &[NemesisKind])] = &[
    (Workload::Lease, &[Pause, Loss, Clock]),
    (Workload::Lease, &[PowerCutAll, PartitionOneWay]),
    (Workload::Lease, &[DiskFull, Delay]),
    (Workload::Lease, &[Rollback]),
    (Workload::Lease, &[Wipe]),
    (Workload::Lease, &[BootstrapLeftOn]),
    (Workload::Lease, &[Moved]),
    (Workload::Lease, &[ForeignCluster]),
    (Workload::Lease, &[LogReader]),
    (Workload::Lease, &[LogFull]),
    (Workload::Lease, &[TwoAtOnce]),
    (Workload::Lease, &[Copy]),
    (Workload::Forward, &[FlushRuleset, PartitionRaft, FsyncFail]),
    (Workload::Flows, &[ForeignFirewall]),
    (Workload::Flows, &[ForwardingOff]),
    (Workload::Flows, &[Membership]),
    (Workload::Flows, &[Kill]),
    (Workload::Flows, &[PowerCut]),
    (Workload::Flows, &[TwoAtOnce]),
];

/// How many of them: with the core ten cells, three minutes with two at a time.
const DRAWN: usize = 3;

/// What the full matrix adds to every single nemesis.
const COMPOSED: &[&[NemesisKind]] = &[
    &[Kill, PartitionRaft],
    &[Pause, Loss, Clock],
    &[PowerCut, PartitionOneWay, Delay],
    &[DiskFull, Kill, Loss],
    &[RestartAll, Partition, ListenIp],
    &[Membership, Kill, Delay],
];

impl Cell {
    /// For a folder.
    pub fn name(&self) -> String {
        format!("{}-{}", self.workload.name(), self.nemesis_names("+"))
    }

    /// A seed of its own, whatever the order of the cells: FNV-1a of its name, and `base`.
    pub fn seed(&self, base: u64) -> u64 {
        let mut hash = 0x811c_9dc5_u32;
        for byte in self.name().bytes() {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
        }
        base.wrapping_add(u64::from(hash % 10_000))
    }

    /// The nemeses' names.
    pub fn nemesis_names(&self, separator: &str) -> String {
        let names: Vec<_> = self.nemeses.iter().map(|kind| kind.name()).collect();
        match names.is_empty() {
            true => "none".to_owned(),
            false => names.join(separator),
        }
    }
}

/// The selection for CI: the core.
pub fn core() -> Vec<Cell> {
    CORE.iter().map(cell).collect()
}

/// What CI takes besides: a few cells that `number` draws, so that with many numbers all have their turn.
pub fn drawn(number: u64) -> Vec<Cell> {
    let mut all: Vec<_> = ROTATION.iter().collect();
    fastrand::Rng::with_seed(number).shuffle(&mut all);
    all.into_iter().take(DRAWN).map(cell).collect()
}

fn cell((workload, nemeses): &(Workload, &[NemesisKind])) -> Cell {
    Cell {
        workload: *workload,
        nemeses: nemeses.to_vec(),
    }
}

/// Every workload with no nemesis, with each that makes sense, and with some at once. Every combination
/// comes once before any comes again with another workload: a matrix that is stopped early has seen all.
pub fn full() -> Vec<Cell> {
    let singles = NemesisKind::value_variants().iter();
    let mut combinations: Vec<Vec<NemesisKind>> = vec![Vec::new()];
    combinations.extend(singles.map(|kind| vec![*kind]));
    combinations.extend(COMPOSED.iter().map(|kinds| kinds.to_vec()));
    let workloads = Workload::value_variants();
    let mut cells = Vec::new();
    for round in 0..workloads.len() {
        for (place, nemeses) in combinations.iter().enumerate() {
            let workload = workloads[(place + round) % workloads.len()];
            if nemeses.iter().all(|kind| makes_sense(workload, *kind)) {
                cells.push(Cell {
                    workload,
                    nemeses: nemeses.clone(),
                });
            }
        }
    }
    cells
}

/// Whether a workload could notice the nemesis at all.
fn makes_sense(workload: Workload, kind: NemesisKind) -> bool {
    let by_operators = matches!(
        workload,
        Workload::Reservation | Workload::Forward | Workload::Flows
    );
    match kind {
        // Time, and what clients hear, is nothing to operators.
        Clock | PartitionDhcp => !by_operators,
        ListenIp => !by_operators || workload == Workload::Flows,
        FlushRuleset => matches!(
            workload,
            Workload::Forward | Workload::Lease | Workload::Flows
        ),
        // It is part of that workload, or replaces nodes itself.
        Membership | Wipe | BootstrapLeftOn => workload != Workload::Membership,
        // Nothing is promised of disks that went back or are copies while another node is emptied.
        Rollback | Copy => workload != Workload::Membership,
        // What leaves the peers and DHCP alone.
        Uplink | ForeignFirewall | ForwardingOff => {
            matches!(workload, Workload::Lease | Workload::Flows)
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_short_selection_has_every_workload_and_every_nemesis_in_time() {
        let drawn: Vec<Cell> = (0..200).flat_map(drawn).collect();
        let all: Vec<Cell> = core().into_iter().chain(drawn).collect();
        let seen: BTreeSet<_> = all.iter().map(|cell| cell.workload).collect();
        assert_eq!(seen.len(), Workload::value_variants().len());
        for kind in NemesisKind::value_variants() {
            let is_in = |cell: &Cell| cell.nemeses.contains(kind);
            assert!(all.iter().any(is_in), "{}", kind.name());
        }
    }

    #[test]
    fn a_number_draws_the_same_cells_again_and_none_of_the_core() {
        assert_eq!(drawn(7), drawn(7));
        for number in 0..50 {
            let names: BTreeSet<_> = drawn(number).iter().map(Cell::name).collect();
            assert_eq!(names.len(), DRAWN);
            assert!(core().iter().all(|cell| !names.contains(&cell.name())));
        }
    }

    #[test]
    fn the_full_matrix_has_every_nemesis_alone_and_no_cell_twice() {
        let cells = full();
        let names: BTreeSet<_> = cells.iter().map(Cell::name).collect();
        assert_eq!(names.len(), cells.len());
        for kind in NemesisKind::value_variants() {
            assert!(cells.iter().any(|cell| cell.nemeses == [*kind]));
        }
    }
}
