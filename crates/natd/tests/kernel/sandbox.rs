//! Namespaces for the tests.

use nix::sched::{CloneFlags, unshare};
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Set in the process that is inside.
const INSIDE: &str = "NATD_TEST_INSIDE";

/// Goes on in a process that is root of its own namespaces. Returns only there.
pub fn enter() {
    if std::env::var_os(INSIDE).is_some() {
        return;
    }
    let me = std::env::current_exe().expect("the test knows its own file");
    let error = Command::new("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ])
        .arg(me)
        .args(std::env::args_os().skip(1))
        .env(INSIDE, "1")
        .exec();
    panic!("running unshare: {error}");
}

/// Runs `test` on a thread with a network of its own, and its own place for `ip netns` to keep names.
/// Its children and runtimes inherit both.
pub fn in_fresh_network(test: fn()) {
    let thread = std::thread::spawn(move || {
        let own = CloneFlags::CLONE_NEWNET | CloneFlags::CLONE_NEWNS;
        unshare(own).expect("root of its user namespace may have namespaces");
        run("mount", &["-t", "tmpfs", "tmpfs", "/run"]);
        // Of this network, and not of the one outside.
        run("mount", &["-t", "sysfs", "sysfs", "/sys"]);
        run("ip", &["link", "set", "lo", "up"]);
        test();
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

/// Runs a program, which must succeed, and returns what it says.
pub fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|e| panic!("running {program}: {e}"));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success(),
        "{program} {}: {error}",
        arguments.join(" ")
    );
    String::from_utf8(output.stdout).expect("text")
}

/// Runs `nft` with one command.
pub fn nft(command: &str) -> String {
    run("nft", &[command])
}

/// A chain of ours, with the handle of each rule.
pub fn chain_with_handles(chain: &str) -> String {
    run(
        "nft",
        &["--handle", "list", "chain", "inet", "gatewayd", chain],
    )
}

/// Our table as `nft` sees it.
pub fn list() -> String {
    nft("list table inet gatewayd")
}
