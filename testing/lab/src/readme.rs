//! The README's installation steps, as they stand there.
//!
//! A fenced block whose info string is `sh WHERE` is a step: `every-host`, `host-1`, `keys` or `build`. What
//! a person does in between (copying files) is the scenario's.

use anyhow::{Result, ensure};

/// Where a block is run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Where {
    /// On every host, one after the other.
    EveryHost,
    /// On host 1 alone.
    FirstHost,
    /// Where the keys are made.
    Keys,
    /// Where the programs are built.
    Build,
}

/// One block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where it is run.
    pub place: Where,
    /// Its lines, without the indentation of the list that it stands in.
    pub script: String,
}

/// The line with which a host is told its number.
const NUMBER: &str = "N=1 ";

impl Step {
    /// The script for host `node`: the number is the only thing that differs.
    pub fn for_host(&self, node: u8) -> String {
        self.script.replace(NUMBER, &format!("N={node} "))
    }
}

/// All steps of a Markdown text, in order.
pub fn steps(markdown: &str) -> Result<Vec<Step>> {
    let mut steps = Vec::new();
    let mut open: Option<(Where, usize, String)> = None;
    for line in markdown.lines() {
        let text = line.trim_start();
        let indent = line.len() - text.len();
        match &mut open {
            Some(_) if text == "```" => {
                if let Some((place, _, script)) = open.take() {
                    steps.push(Step { place, script });
                }
            }
            Some((_, margin, script)) => {
                script.push_str(line.get((*margin).min(indent)..).unwrap_or_default());
                script.push('\n');
            }
            None => open = place(text).map(|place| (place, indent, String::new())),
        }
    }
    ensure!(open.is_none(), "a block is not closed");
    Ok(steps)
}

fn place(fence: &str) -> Option<Where> {
    match fence.strip_prefix("```sh ")? {
        "every-host" => Some(Where::EveryHost),
        "host-1" => Some(Where::FirstHost),
        "keys" => Some(Where::Keys),
        "build" => Some(Where::Build),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_taken_as_they_stand() -> Result<()> {
        let text = "1. a\n\n   ```sh every-host\n   N=1   # x\n     two\n   ```\n\n```\nno\n```\n```sh host-1\nb\n```\n";
        let steps = steps(text)?;
        assert_eq!(steps.len(), 2);
        assert_eq!(steps[0].for_host(3), "N=3   # x\n  two\n");
        assert_eq!(steps[1].place, Where::FirstHost);
        assert_eq!(steps[1].script, "b\n");
        Ok(())
    }
}
