//! Running a command to its end, with errors that name the command line and what it printed.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// Runs `command` and returns its standard output; anything but exit code 0 is an error.
pub fn run(command: &mut Command) -> Result<String> {
    run_with_input(command, "")
}

/// [`run`] with `input` on standard input.
pub fn run_with_input(command: &mut Command, input: &str) -> Result<String> {
    run_with(command, input, &[0])
}

/// [`run`] for a command that has an answer to give with any of these exit codes.
pub fn run_accepting(command: &mut Command, codes: &[i32]) -> Result<String> {
    run_with(command, "", codes)
}

fn run_with(command: &mut Command, input: &str, codes: &[i32]) -> Result<String> {
    let output = output_with_input(command, input)?;
    if !output
        .status
        .code()
        .is_some_and(|code| codes.contains(&code))
    {
        bail!(
            "{} failed ({}): {}{}",
            describe(command),
            output.status,
            String::from_utf8_lossy(&output.stderr).trim(),
            describe_input(input),
        );
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("{} printed something that is not UTF-8", describe(command)))
}

/// Runs `command` and returns whatever came of it; only failure to run at all is an error.
pub fn output(command: &mut Command) -> Result<Output> {
    output_with_input(command, "")
}

fn output_with_input(command: &mut Command, input: &str) -> Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot run {}", describe(command)))?;
    if let Some(mut stdin) = child.stdin.take() {
        // A command that fails early closes its input; its exit status tells that story better.
        match stdin.write_all(input.as_bytes()) {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                return Err(error).with_context(|| format!("writing to {}", describe(command)));
            }
            _ => {}
        }
    }
    child
        .wait_with_output()
        .with_context(|| format!("waiting for {}", describe(command)))
}

/// The command line, for messages.
pub fn describe(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy())
        .collect::<Vec<_>>()
        .join(" ")
}

fn describe_input(input: &str) -> String {
    if input.is_empty() {
        String::new()
    } else {
        format!("\n--- its input was ---\n{}", input.trim_end())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_command_and_its_complaint() {
        let error = run(Command::new("sh").args(["-c", "echo no such luck >&2; exit 3"]))
            .expect_err("exit 3 is an error")
            .to_string();
        assert!(error.contains("sh -c"), "{error}");
        assert!(error.contains("no such luck"), "{error}");
    }

    #[test]
    fn an_exit_code_may_be_accepted() {
        let mut command = Command::new("sh");
        command.args(["-c", "echo answer; exit 5"]);
        let printed = run_accepting(&mut command, &[0, 5]).expect("5 is accepted");
        assert_eq!(printed, "answer\n");
        assert!(run_accepting(&mut command, &[0]).is_err());
    }

    #[test]
    fn input_reaches_the_command() {
        let printed = run_with_input(&mut Command::new("cat"), "hello").expect("cat runs");
        assert_eq!(printed, "hello");
    }
}
