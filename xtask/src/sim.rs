//! `./x sim`: builds the simulation, and becomes it, with the arguments that it is given. So the exit
//! status is the simulation's: 0, 1 when a promise was broken, 2 when it could not run.

use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::cargo::{cargo, describe, run as run_program};
use crate::limit::run_for;
use crate::mutated_tree;
use crate::steps::{Outcome, Steps};
use crate::workspace::Workspace;

/// An optimised build with assertions; see the workspace's manifest.
const PROFILE: &str = "sim";
/// What only a build with the deliberate bugs in it can do.
const NEEDS_MUTATIONS: [&str; 2] = ["--mutation", "--mutants"];

/// tokio's seeded randomness is unstable API.
const RUSTFLAGS: &str = "--cfg tokio_unstable";

/// A way to build it: with a target directory of its own, so that nothing that is built with these
/// flags is ever taken for the product.
struct Build {
    /// Of the mutations' tree, or of the product as it is.
    has_mutations: bool,
    target: &'static str,
}

const PLAIN: Build = Build {
    has_mutations: false,
    target: "target/sim",
};
const WITH_MUTATIONS: Build = Build {
    has_mutations: true,
    target: "target/sim-mutations",
};

/// How many seeds CI plays, from the first on, and at most how many for each deliberate bug. Others are for the
/// night: what it finds is mended before it stops anybody.
const CI_SEEDS: &str = "200";
/// The deliberate bugs of which CI looks whether the simulation catches them.
const CI_MUTATIONS: [&str; 3] = [
    "s1_holder_ignored",
    "s2_ack_before_commit",
    "t2_clock_runs_fast",
];
/// How long one of these may take.
const CI_LIMIT: Duration = Duration::from_secs(25 * 60);

/// How the build of [`steps_of`] begins.
pub fn build_command(workspace: &Workspace) -> Result<Command> {
    WITH_MUTATIONS.cargo(workspace, "build")
}

/// What CI runs of it. One build, with the deliberate bugs in it, plays the seeds with none of them
/// turned on as well.
pub fn steps_of(workspace: &Workspace, steps: &mut Steps) {
    let built = steps.run("building the simulation", || {
        WITH_MUTATIONS.run(workspace).map(|()| Outcome::Passed)
    });
    if !built {
        return steps.skip("simulation", "it was not built");
    }
    steps.run("simulation: seeds", || {
        play(workspace, &["--seeds", CI_SEEDS])
    });
    steps.run("simulation: same seed, same trace", || {
        WITH_MUTATIONS.test(workspace, "determinism")
    });
    steps.run("simulation: disks that go back", || {
        WITH_MUTATIONS.test(workspace, "half_dead")
    });
    for mutation in CI_MUTATIONS {
        let arguments = ["--mutation", mutation, "--seeds", CI_SEEDS];
        steps.run(&format!("simulation: {mutation} is caught"), || {
            play(workspace, &arguments)
        });
    }
}

/// Every deliberate bug that the simulation can see.
pub fn play_mutants(workspace: &Workspace) -> Result<Outcome> {
    WITH_MUTATIONS.run(workspace)?;
    run_program(WITH_MUTATIONS.simulation(workspace).arg("--mutants"))
}

/// Seeds from `first` on; what must happen sometimes must be among them.
pub fn play_for(workspace: &Workspace, first: u64, limit: Duration) -> Result<Outcome> {
    PLAIN.run(workspace)?;
    let mut sim = PLAIN.simulation(workspace);
    let limit = format!("{}s", limit.as_secs());
    run_program(sim.args(["--seed", &first.to_string(), "--for", &limit, "--sometimes"]))
}

fn play(workspace: &Workspace, arguments: &[&str]) -> Result<Outcome> {
    let mut sim = WITH_MUTATIONS.simulation(workspace);
    run_for(sim.args(arguments), CI_LIMIT)
}

/// Does not return unless it fails.
pub fn run(workspace: &Workspace, arguments: &[String]) -> Result<bool> {
    let build = build_for(arguments);
    build.run(workspace)?;
    let mut simulation = build.simulation(workspace);
    let error = simulation.args(arguments).exec();
    Err(error).with_context(|| format!("running {}", describe(&simulation)))
}

fn build_for(arguments: &[String]) -> &'static Build {
    let needs_mutations = |argument: &String| {
        let name = argument.split('=').next().unwrap_or_default();
        NEEDS_MUTATIONS.contains(&name)
    };
    if arguments.iter().any(needs_mutations) {
        &WITH_MUTATIONS
    } else {
        &PLAIN
    }
}

impl Build {
    fn simulation(&self, workspace: &Workspace) -> Command {
        let program = workspace.root.join(self.target).join(PROFILE).join("sim");
        let mut simulation = Command::new(program);
        simulation.current_dir(&workspace.root);
        simulation
    }

    fn run(&self, workspace: &Workspace) -> Result<()> {
        let status = self.cargo(workspace, "build")?.status();
        let status = status.context("building the simulation")?;
        ensure!(status.success(), "the simulation does not build");
        Ok(())
    }

    /// Its tests need tokio's seeded randomness, so they say nothing in an ordinary build.
    fn test(&self, workspace: &Workspace, which: &str) -> Result<Outcome> {
        let mut test = self.cargo(workspace, "test")?;
        run_for(test.args(["--test", which]), CI_LIMIT)
    }

    fn cargo(&self, workspace: &Workspace, verb: &str) -> Result<Command> {
        let arguments = [
            verb,
            "--locked",
            "-p",
            "sim",
            "--profile",
            PROFILE,
            "--quiet",
        ];
        let mut command = cargo(workspace, &arguments);
        command
            .arg("--target-dir")
            .arg(workspace.root.join(self.target))
            .env("RUSTFLAGS", RUSTFLAGS);
        if self.has_mutations {
            command.current_dir(mutated_tree::prepare(workspace)?);
        }
        Ok(command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deliberate_bugs_are_built_in_only_when_asked_for() {
        let target = |arguments: &[&str]| {
            let arguments: Vec<_> = arguments.iter().map(ToString::to_string).collect();
            build_for(&arguments).target
        };
        assert_eq!(target(&["--seeds", "5"]), PLAIN.target);
        assert_eq!(target(&["--mutants"]), WITH_MUTATIONS.target);
        assert_eq!(target(&["--mutation=s1"]), WITH_MUTATIONS.target);
    }
}
