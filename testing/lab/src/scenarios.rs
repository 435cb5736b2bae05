//! The scenarios, one file each.
//!
//! All but `topology` need `gatewayd` and `gatewayctl`.

mod clients;
mod clock_step;
mod exhaustion;
mod far_apart;
mod flood;
mod flush_ruleset;
mod half_dead;
mod hostile_packets;
mod hostile_vm;
mod leader_kill;
mod listen_ip;
mod log_reader;
mod log_volume;
mod managers;
mod nat;
mod neighbours;
mod operator_slips;
mod oracles;
mod partition;
mod reach;
mod readme_hosts;
mod restart_all;
mod snapshot_catch_up;
mod storm;
mod topology;
mod tshark;
mod verdict;
mod wrong_address;

use crate::scenario::Scenario;

/// Every scenario, in the order they are listed and run.
pub(crate) const ALL: &[Scenario] = &[
    topology::SCENARIO,
    clients::SCENARIO,
    storm::SCENARIO,
    nat::SCENARIO,
    wrong_address::SCENARIO,
    leader_kill::SCENARIO,
    partition::SCENARIO,
    exhaustion::SCENARIO,
    restart_all::SCENARIO,
    flush_ruleset::SCENARIO,
    clock_step::SCENARIO,
    tshark::SCENARIO,
    hostile_packets::SCENARIO,
    hostile_vm::SCENARIO,
    listen_ip::SCENARIO,
    log_reader::SCENARIO,
    log_volume::SCENARIO,
    flood::SCENARIO,
    flood::ONE_HOST,
    operator_slips::SCENARIO,
    neighbours::SCENARIO,
    oracles::SCENARIO,
    managers::SCENARIO,
    half_dead::SCENARIO,
    far_apart::SCENARIO,
    snapshot_catch_up::SCENARIO,
    readme_hosts::SCENARIO,
];

/// The one that is played as root outside.
pub(crate) const AS_ROOT: &str = readme_hosts::SCENARIO.name;
