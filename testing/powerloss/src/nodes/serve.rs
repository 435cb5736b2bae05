//! A node as a process of its own: it does what it is told until its standard input ends.

use super::protocol::{Answer, Beginning, Question};
use crate::entries::{SUBNET, client};
use anyhow::{Context, Result};
use cluster::Cluster;
use ipam::{ConflictProbe, GrantLease, OfferLease, Outcome, RequestKind};
use nix::sys::prctl;
use nix::sys::signal::Signal;
use serde::de::DeserializeOwned;
use std::io::Write;
use std::net::Ipv4Addr;
use std::panic::{self, Location};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, BufReader, Lines, Stdin, stdin};
use tokio::runtime::Builder;
use tokio::time::timeout;

/// How long a client waits for an answer.
const CLIENT_PATIENCE: Duration = Duration::from_secs(2);
/// How long what still runs may take at the end.
const STOP_RUNTIME: Duration = Duration::from_secs(2);

/// Runs the node that standard input says.
pub fn serve() -> Result<()> {
    // However the harness ends, no node is left over: its disk would not answer any more.
    prctl::set_pdeathsig(Signal::SIGKILL).context("asking to end with the harness")?;
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    let runtime = runtime.context("starting a runtime")?;
    let ended = runtime.block_on(run());
    runtime.shutdown_timeout(STOP_RUNTIME);
    ended
}

/// sled panics when it is dropped and its last fsync fails. Once a node has begun, that is when its
/// power is off and it is as good as dead, so it is no news; any other panic is.
fn expect_panics_of_sled() {
    let report = panic::take_hook();
    panic::set_hook(Box::new(move |info| {
        let is_sled = |place: &Location<'_>| place.file().contains("/sled-");
        if !info.location().is_some_and(is_sled) {
            report(info);
        }
    }));
}

async fn run() -> Result<()> {
    let mut told = BufReader::new(stdin()).lines();
    let Some(beginning) = next(&mut told).await? else {
        return Ok(());
    };
    let node = match begin(&beginning).await {
        Ok(node) => node,
        Err(error) => return answer(&Answer::Failed(format!("{error:#}"))),
    };
    expect_panics_of_sled();
    answer(&Answer::Begun)?;
    while let Some(question) = next(&mut told).await? {
        let answered = match question {
            Question::Obtain(number) => Answer::Obtained(obtain(&node, number).await),
            Question::Service => Answer::Service {
                silent: node.service().not_serving_reason,
            },
            Question::State => Answer::State(node.read(api::log::encode_state)),
        };
        answer(&answered)?;
    }
    node.shutdown().await;
    Ok(())
}

async fn begin(beginning: &Beginning) -> Result<Cluster> {
    let node = Cluster::start(beginning.config()).await?;
    node.begin(&beginning.how.start()).await?;
    Ok(node)
}

async fn next<T: DeserializeOwned>(told: &mut Lines<BufReader<Stdin>>) -> Result<Option<T>> {
    let line = told.next_line().await.context("reading what to do")?;
    let parsed = line.map(|line| serde_json::from_str(&line).context(line));
    parsed.transpose()
}

fn answer(answer: &Answer) -> Result<()> {
    let mut line = serde_json::to_vec(answer).context("writing down an answer")?;
    line.push(b'\n');
    let mut out = std::io::stdout().lock();
    let written = out.write_all(&line).and_then(|()| out.flush());
    written.context("answering")
}

/// Obtains an address as a client would; nothing if the answer does not come.
async fn obtain(node: &Cluster, number: u32) -> Option<Ipv4Addr> {
    timeout(CLIENT_PATIENCE, exchange(node, number))
        .await
        .ok()?
}

async fn exchange(node: &Cluster, number: u32) -> Option<Ipv4Addr> {
    let here = node.status().node;
    let offer = OfferLease {
        subnet: SUBNET,
        client: client(number),
        requested: None,
        avoid: Vec::new(),
        hostname: None,
        node: here,
        lease_time: None,
    };
    let Ok(Outcome::Offered(offered)) = node.propose(node.new_request(), offer.into()).await else {
        return None;
    };
    let grant = GrantLease {
        subnet: SUBNET,
        client: client(number),
        address: offered.address,
        kind: RequestKind::Selecting,
        lease_time: None,
        hostname: None,
        node: here,
        probe: ConflictProbe::NotMade,
    };
    match node.propose(node.new_request(), grant.into()).await {
        Ok(Outcome::Granted(granted)) => Some(granted.address),
        _ => None,
    }
}
