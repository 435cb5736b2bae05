//! The real kernel, in namespaces of our own: nothing here can touch the machine.
//!
//! The binary runs itself again through `unshare`, as root of a new user namespace; then each test
//! gets a fresh network namespace on a thread of its own. It works for root and for ordinary users.

#![allow(clippy::print_stdout, reason = "it prints what it measures")]

#[path = "../common/mod.rs"]
mod common;
mod guard;
mod host;
mod lab;
mod links;
mod repair;
mod sandbox;
mod spoof;
mod table;
mod traffic;
mod withdrawn;

use libtest_mimic::{Arguments, Trial};

type Test = (&'static str, fn());

fn main() {
    let arguments = Arguments::from_args();
    if !arguments.list {
        sandbox::enter();
    }
    let groups: [(&str, &[Test]); 8] = [
        ("table", &table::TESTS),
        ("repair", &repair::TESTS),
        ("traffic", &traffic::TESTS),
        ("links", &links::TESTS),
        ("guard", &guard::TESTS),
        ("spoof", &spoof::TESTS),
        ("host", &host::TESTS),
        ("withdrawn", &withdrawn::TESTS),
    ];
    let trials = groups
        .into_iter()
        .flat_map(|(group, tests)| tests.iter().map(move |test| trial(group, *test)));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn trial(group: &str, (name, test): Test) -> Trial {
    Trial::test(format!("{group}::{name}"), move || {
        sandbox::in_fresh_network(test);
        Ok(())
    })
}
