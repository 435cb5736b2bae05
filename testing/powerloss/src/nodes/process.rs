//! The harness's end of a node's process.

use super::PATIENCE;
use super::protocol::{Answer, Beginning, Question};
use super::trial::Lost;
use anyhow::{Context, Result, bail};
use ipam::State;
use serde::Serialize;
use std::fmt::Debug;
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
    /// Counted from 0.
    index: u8,
    child: Child,
    told: ChildStdin,
    said: Lines<BufReader<ChildStdout>>,
}

impl NodeProcess {
    /// Starts a node; returns once it is part of its cluster.
    pub(super) async fn start(program: &Path, beginning: &Beginning) -> Result<Self> {
        let mut node = Self::spawn(program, beginning.node)?;
        match node.ask(beginning).await? {
            Answer::Begun => Ok(node),
            Answer::Failed(why) => {
                let lost = format!("node {} does not start: {why}", node.number());
                Err(Lost(lost).into())
            }
            other => node.out_of_turn(&other),
        }
    }

    /// Counted from 0.
    pub(super) const fn index(&self) -> u8 {
        self.index
    }

    /// Counted from 1, as its id is.
    pub(super) const fn number(&self) -> u8 {
        self.index + 1
    }

    fn spawn(program: &Path, index: u8) -> Result<Self> {
        let mut command = Command::new(program);
        command
            .arg(SUBCOMMAND)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command
            .spawn()
            .with_context(|| format!("starting {} as a node", program.display()))?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (told, said) = pipes.context("a node without pipes")?;
        Ok(Self {
            index,
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

    /// Why it does not answer clients, if it does not.
    pub(super) async fn not_serving_reason(&mut self) -> Result<Option<String>> {
        match self.ask(&Question::Service).await? {
            Answer::Service { silent } => Ok(silent),
            other => self.out_of_turn(&other),
        }
    }

    /// Its replicated state.
    pub(super) async fn state(&mut self) -> Result<State> {
        match self.ask(&Question::State).await? {
            Answer::State(encoded) => Ok(api::log::decode_state(&encoded)?),
            other => self.out_of_turn(&other),
        }
    }

    /// It dies at once, as if its host had lost its power.
    pub(super) async fn kill(&mut self) -> Result<()> {
        let killed = timeout(PATIENCE, self.child.kill()).await;
        let what = || format!("killing node {}", self.number());
        killed.with_context(what)?.with_context(what)
    }

    /// It stops in order.
    pub(super) async fn stop(mut self) -> Result<()> {
        let number = self.number();
        drop(self.told);
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let ended =
            ended.with_context(|| format!("node {number} has not ended within {PATIENCE:?}"))?;
        let status = ended.with_context(|| format!("waiting for node {number}"))?;
        if !status.success() {
            bail!("node {number} ended with {status}");
        }
        Ok(())
    }

    async fn ask(&mut self, question: &(impl Serialize + Debug)) -> Result<Answer> {
        let number = self.number();
        let asked = timeout(PATIENCE, self.exchange(question)).await;
        let answer = asked.with_context(|| {
            format!("node {number} has not answered within {PATIENCE:?}: {question:?}")
        })?;
        answer.with_context(|| format!("asking node {number}: {question:?}"))
    }

    async fn exchange(&mut self, question: &impl Serialize) -> Result<Answer> {
        let mut line = serde_json::to_vec(question)?;
        line.push(b'\n');
        self.told.write_all(&line).await?;
        let Some(answer) = self.said.next_line().await? else {
            let status = self.child.wait().await?;
            bail!("it has ended by itself: {status}");
        };
        serde_json::from_str(&answer).context("reading its answer")
    }

    fn out_of_turn<T>(&self, answer: &Answer) -> Result<T> {
        bail!("node {} answers out of turn: {answer:?}", self.number())
    }
}
