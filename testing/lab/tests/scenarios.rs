//! Every scenario as a test. Each runs `lab run NAME` in namespaces of its own.
//!
//! One at a time unless `--test-threads` says otherwise: they measure times.

use std::process::Command;
use std::thread;

use lab::scenario;
use libtest_mimic::{Arguments, Failed, Trial};

/// Only with `--ignored` or `--include-ignored`: one takes more than a minute, one is for figures, one
/// needs root and a Debian that `./x drill` unpacks, two need others' programs that it unpacks.
const LEFT_OUT: [&str; 5] = [
    "snapshot_catch_up",
    "flood_one_host",
    "readme_hosts",
    "oracles",
    "managers",
];

fn main() {
    let mut arguments = Arguments::from_args();
    arguments.test_threads.get_or_insert(1);
    let mut trials: Vec<_> = scenario::all()
        .iter()
        .map(|scenario| {
            let trial = Trial::test(scenario.name, || play(scenario.name));
            trial.with_ignored_flag(LEFT_OUT.contains(&scenario.name))
        })
        .collect();
    trials.push(Trial::test("two_labs", two_labs));
    libtest_mimic::run(&arguments, trials).exit();
}

fn play(name: &str) -> Result<(), Failed> {
    let output = Command::new(env!("CARGO_BIN_EXE_lab"))
        .args(["run", name])
        .output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!(
        "{}\n{}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    )
    .into())
}

/// Two labs side by side, with the same names and addresses in both, do not see each other.
fn two_labs() -> Result<(), Failed> {
    let [one, other] = thread::scope(|scope| {
        let labs = ["storm", "nat"].map(|name| scope.spawn(move || play(name)));
        labs.map(|lab| lab.join().unwrap_or_else(|_| Err("a lab panicked".into())))
    });
    one.and(other)
}
