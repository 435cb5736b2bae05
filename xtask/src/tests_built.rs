//! The test programs: building them, and what cargo says about each.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::cargo::{cargo, describe};
use crate::steps::Outcome;
use crate::workspace::{Package, Target, Workspace};

/// The programs themselves too: the lab runs them.
const BUILD: [&str; 7] = [
    "build",
    "--workspace",
    "--locked",
    "--lib",
    "--bins",
    "--tests",
    "--message-format=json-render-diagnostics",
];

/// A test program that was built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestProgram {
    /// cargo's name for the package.
    pub package: String,
    /// The target's name.
    pub name: String,
    /// lib, bin or test.
    pub kind: String,
    executable: PathBuf,
}

#[derive(Deserialize)]
struct Message {
    package_id: Option<String>,
    executable: Option<PathBuf>,
    target: Option<Target>,
    profile: Option<Profile>,
}

#[derive(Deserialize)]
struct Profile {
    test: bool,
}

/// Builds all programs and tests of the workspace.
pub fn build(workspace: &Workspace) -> Result<(Outcome, Vec<TestProgram>)> {
    let mut build = cargo(workspace, &BUILD);
    let output = build
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("running {}", describe(&build)))?;
    if !output.status.success() {
        return Ok((
            Outcome::Failed(format!("cargo build: {}", output.status)),
            Vec::new(),
        ));
    }
    let messages = String::from_utf8(output.stdout).context("reading what cargo build printed")?;
    Ok((Outcome::Passed, test_programs(&messages)?))
}

/// Picks the test programs out of cargo's messages, one JSON object on a line.
fn test_programs(messages: &str) -> Result<Vec<TestProgram>> {
    let mut programs = Vec::new();
    for line in messages.lines().filter(|line| line.starts_with('{')) {
        let message: Message = serde_json::from_str(line)
            .with_context(|| format!("reading cargo's message {line}"))?;
        programs.extend(test_program(message));
    }
    Ok(programs)
}

fn test_program(message: Message) -> Option<TestProgram> {
    let (target, executable) = (message.target?, message.executable?);
    if !message.profile?.test {
        return None;
    }
    Some(TestProgram {
        package: message.package_id?,
        kind: target.kind.join(", "),
        name: target.name,
        executable,
    })
}

impl TestProgram {
    /// As `cargo test` runs it: in the package's directory.
    pub fn command(&self, package: &Package) -> Command {
        let mut command = Command::new(&self.executable);
        command
            .current_dir(package.directory())
            .env("CARGO_MANIFEST_DIR", package.directory())
            .env("CARGO_PKG_NAME", &package.name)
            .env_remove("UPDATE_GOLDEN");
        command
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_test_programs_are_picked() {
        let messages = r#"
{"reason":"compiler-artifact","package_id":"a","target":{"name":"a","kind":["bin"]},"profile":{"test":false},"executable":"/t/a"}
{"reason":"compiler-artifact","package_id":"a","target":{"name":"x","kind":["test"]},"profile":{"test":true},"executable":"/t/x-1"}
{"reason":"compiler-artifact","package_id":"b","target":{"name":"b","kind":["lib"]},"profile":{"test":false},"executable":null}
{"reason":"build-finished","success":true}"#;
        let programs = test_programs(messages).expect("cargo's messages");
        let expected = TestProgram {
            package: "a".into(),
            name: "x".into(),
            kind: "test".into(),
            executable: "/t/x-1".into(),
        };
        assert_eq!(programs, [expected]);
    }
}
