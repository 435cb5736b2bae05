//! The harness's end of a node's process.

use super::PATIENCE;
use super::protocol::{Answer, Beginning, Question, Standing};
use anyhow::{Context, Result, bail};
use serde::Serialize;
use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

/// The subcommand of the harness's program that is a node.
pub const SUBCOMMAND: &str = "node";

/// A running node. It is killed when this is dropped.
pub(super) struct NodeProcess {
    /// Counted from 1, as operators do.
    number: u8,
    child: Child,
    told: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl NodeProcess {
    /// Starts a node; returns once it is part of its cluster.
    pub(super) async fn start(program: &Path, beginning: &Beginning) -> Result<Self> {
        let mut node = Self::spawn(program, beginning.node + 1)?;
        match node.ask(beginning).await? {
            Answer::Begun => Ok(node),
            Answer::Failed(why) => bail!("node {} does not start: {why}", node.number),
            other => node.out_of_turn(&other),
        }
    }

    fn spawn(program: &Path, number: u8) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .arg(SUBCOMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("starting node {number}: {}", program.display()))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (told, said) = pipes.context("a node without pipes")?;
        Ok(Self {
            number,
            child,
            told,
            said: BufReader::new(said).lines(),
        })
    }

    /// The address that a client obtains through this node; nothing if no answer came.
    pub(super) async fn obtain(&mut self, client: u32) -> Result<Option<Ipv4Addr>> {
        match self.ask(&Question::Obtain(client)).await? {
            Answer::Obtained(address) => Ok(address),
            other => self.out_of_turn(&other),
        }
    }

    /// Where it stands.
    pub(super) async fn standing(&mut self) -> Result<Standing> {
        match self.ask(&Question::Standing).await? {
            Answer::Standing(standing) => Ok(standing),
            other => self.out_of_turn(&other),
        }
    }

    /// Its replicated state, encoded.
    pub(super) async fn state(&mut self) -> Result<Vec<u8>> {
        match self.ask(&Question::State).await? {
            Answer::State(state) => Ok(state),
            other => self.out_of_turn(&other),
        }
    }

    /// It dies at once, as if its host had lost its power.
    pub(super) async fn kill(&mut self) -> Result<()> {
        let killed = timeout(PATIENCE, self.child.kill()).await;
        let what = || format!("killing node {}", self.number);
        killed.with_context(what)?.with_context(what)
    }

    /// It stops in order.
    pub(super) async fn stop(mut self) -> Result<()> {
        drop(self.told);
        let number = self.number;
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let ended = ended.with_context(|| format!("node {number} does not end"))?;
        let status = ended.with_context(|| format!("waiting for node {number}"))?;
        if !status.success() {
            bail!("node {number} ended with {status}");
        }
        Ok(())
    }

    async fn ask(&mut self, question: &impl Serialize) -> Result<Answer> {
        let asked = timeout(PATIENCE, self.exchange(question)).await;
        let answer = asked.with_context(|| format!("node {} does not answer", self.number))?;
        answer.with_context(|| format!("asking node {}", self.number))
    }

    async fn exchange(&mut self, question: &impl Serialize) -> Result<Answer> {
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        self.told.write_all(&line).await?;
        let answer = self.said.next_line().await?;
        let answer = answer.context("it has ended by itself")?;
        serde_json::from_str(&answer).context(answer)
    }

    fn out_of_turn<T>(&self, answer: &Answer) -> Result<T> {
        bail!("node {} answers out of turn: {answer:?}", self.number)
    }
}
