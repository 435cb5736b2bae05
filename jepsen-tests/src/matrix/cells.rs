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

/// For CI: every workload, every plane, most nemeses, mostly composed. Where they overlap there may be no
/// majority, and then L3 and L2 have nothing to judge: so a kill and a cut-off leader come alone, with
/// clients that never stop asking.
const SHORT: &[(Workload, &[NemesisKind])] = &[
    (Workload::Lease, &[Kill]),
    (Workload::Lease, &[Pause, Loss, Clock]),
    (Workload::Lease, &[PowerCutAll, PartitionOneWay]),
    (Workload::Lease, &[DiskFull, Delay]),
    (Workload::Storm, &[Pause, ListenIp]),
    (Workload::Exhaustion, &[Kill, PartitionDhcp]),
    (Workload::Churn, &[IsolateLeader]),
    (Workload::Reservation, &[Kill, Partition]),
    (Workload::Forward, &[FlushRuleset, PartitionRaft, FsyncFail]),
    (Workload::Membership, &[RestartAll, SlowDisk]),
];

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

/// The selection for CI.
pub fn short() -> Vec<Cell> {
    let cells = SHORT.iter();
    cells
        .map(|(workload, nemeses)| Cell {
            workload: *workload,
            nemeses: nemeses.to_vec(),
        })
        .collect()
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
        Clock | PartitionDhcp | ListenIp => !by_operators,
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
    fn the_short_selection_has_every_workload() {
        let seen: BTreeSet<_> = short().into_iter().map(|cell| cell.workload).collect();
        let all: BTreeSet<_> = Workload::value_variants().iter().copied().collect();
        assert_eq!(seen, all);
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
