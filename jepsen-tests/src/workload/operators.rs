//! Operators: changes of reservations or forwards through every node, by `gatewayctl`.
//!
//! Few keys and many operators, so that they get into each other's way. An answer is judged by the
//! tool's exit status, as scripts would; only what kind of refusal it is has to be read.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use anyhow::{Context, Result};
use fastrand::Rng;
use jepsen_tests::history::{
    Entry, Failure, FailureKind, Forward, Function, Kind, Recorder, Reservation, Value,
};
use lab::gateway::{Answer, Control};
use lab::life::Mood;
use serde::Deserialize;

use super::OperatorWork;
use super::clients::Numbers;
use crate::names;

/// Clients of reservations.
const CLIENTS: u8 = 4;
/// Addresses that they may have.
const ADDRESSES: u8 = 4;
/// The first of them; no pool reaches it.
const FIRST_ADDRESS: [u8; 4] = [10, 15, 3, 230];
/// Public ports.
const PORTS: u16 = 4;
const FIRST_PORT: u16 = 8080;
/// Between two calls of an operator, in milliseconds.
const PAUSE_MS: std::ops::Range<u64> = 50..400;
/// `--timeout` of a call, in seconds.
const TIMEOUT_SECONDS: &str = "4";

/// One operator.
pub struct Operator<'a> {
    work: OperatorWork,
    nodes: Vec<Control>,
    recorder: &'a Recorder,
    numbers: &'a Numbers,
    process: u64,
    rng: Rng,
}

/// A call to be made.
struct Call {
    function: Function,
    value: Value,
    args: Vec<String>,
}

#[derive(Deserialize)]
struct ReservationRow {
    client: String,
    address: Ipv4Addr,
}

#[derive(Deserialize)]
struct ForwardRow {
    protocol: String,
    port: u16,
    address: Option<Ipv4Addr>,
    target_port: u16,
}

impl<'a> Operator<'a> {
    /// An operator who asks any of `nodes`.
    pub fn new(
        work: OperatorWork,
        nodes: Vec<Control>,
        recorder: &'a Recorder,
        numbers: &'a Numbers,
        seed: u64,
    ) -> Self {
        Self {
            work,
            nodes,
            recorder,
            numbers,
            process: numbers.next(),
            rng: Rng::with_seed(seed),
        }
    }

    /// Works for as long as the mood is lively.
    pub fn run(&mut self, mood: &Mood) -> Result<()> {
        while mood.is_lively() {
            let call = self.draw();
            let node = self.rng.usize(0..self.nodes.len());
            self.make(call, node)?;
            std::thread::sleep(Duration::from_millis(self.rng.u64(PAUSE_MS)));
        }
        Ok(())
    }

    /// Reads every node's table once; for the end, when all are level.
    pub fn read_all(&mut self) -> Result<()> {
        for node in 0..self.nodes.len() {
            let call = list(self.work);
            self.make(call, node)?;
        }
        Ok(())
    }

    /// Adds a forward of `public` (protocol, port) through any node. Why not, if it is not done.
    pub fn add_forward(
        &mut self,
        public: (&str, u16),
        target: &str,
        flags: &[&str],
    ) -> Result<Option<FailureKind>> {
        let mut call = add_forward(public, target.to_owned());
        call.args.extend(words(flags));
        let node = self.rng.usize(0..self.nodes.len());
        self.make(call, node)
    }

    /// The same of a removal.
    pub fn remove_forward(&mut self, public: (&str, u16)) -> Result<Option<FailureKind>> {
        let node = self.rng.usize(0..self.nodes.len());
        self.make(remove_forward(public), node)
    }

    fn draw(&mut self) -> Call {
        let lot = self.rng.u8(0..10);
        match (self.work, lot) {
            (work, 0) => list(work),
            (OperatorWork::Reservations, lot) => self.reservation(lot < 6),
            (OperatorWork::Forwards, lot) => self.forward(lot < 6),
        }
    }

    fn reservation(&mut self, add: bool) -> Call {
        let client = format!("02:cc:00:00:00:{:02x}", self.rng.u8(0..CLIENTS));
        if add {
            let [a, b, c, d] = FIRST_ADDRESS;
            let address = Ipv4Addr::new(a, b, c, d + self.rng.u8(0..ADDRESSES));
            return Call {
                function: Function::ReservationAdd,
                args: words(&["reservation", "add", &client, &address.to_string()]),
                value: Value::Reservation(Reservation {
                    client,
                    address: Some(address),
                }),
            };
        }
        Call {
            function: Function::ReservationRemove,
            args: words(&["reservation", "remove", &client]),
            value: Value::Reservation(Reservation {
                client,
                address: None,
            }),
        }
    }

    fn forward(&mut self, add: bool) -> Call {
        let public = ("tcp", FIRST_PORT + self.rng.u16(0..PORTS));
        if add {
            let host = self.rng.u8(20..60);
            let target = format!("10.15.3.{host}:{}", self.rng.u16(1..4) * 10);
            return add_forward(public, target);
        }
        remove_forward(public)
    }

    /// Makes a call. Why it did not happen, if it surely or perhaps did not.
    fn make(&mut self, call: Call, node: usize) -> Result<Option<FailureKind>> {
        let control = &self.nodes[node];
        let mut invoke = Entry::invoke(self.process, call.function, call.value);
        invoke.node = Some(names::node(control.node()));
        self.record(invoke.clone())?;
        let mut args: Vec<&str> = call.args.iter().map(String::as_str).collect();
        args.extend(["--timeout", TIMEOUT_SECONDS]);
        let answer = control.attempt(&args)?;
        let completion = complete(&invoke, &answer)?;
        if completion.kind == Kind::Info {
            self.process = self.numbers.next();
        }
        let failure = completion.error.as_ref().map(|failure| failure.kind);
        self.record(completion)?;
        Ok(failure)
    }

    fn record(&self, entry: Entry) -> Result<()> {
        self.recorder.record(entry).context("writing the history")
    }
}

fn add_forward((protocol, port): (&str, u16), target: String) -> Call {
    let port = port.to_string();
    Call {
        function: Function::ForwardAdd,
        args: words(&["forward", "add", protocol, &port, "--to", &target]),
        value: Value::Forward(Forward {
            public: format!("{protocol}/{port}"),
            target: Some(target),
        }),
    }
}

fn remove_forward((protocol, port): (&str, u16)) -> Call {
    let port = port.to_string();
    Call {
        function: Function::ForwardRemove,
        args: words(&["forward", "remove", protocol, &port]),
        value: Value::Forward(Forward {
            public: format!("{protocol}/{port}"),
            target: None,
        }),
    }
}

fn list(work: OperatorWork) -> Call {
    let (function, what) = match work {
        OperatorWork::Reservations => (Function::ReservationList, "reservation"),
        OperatorWork::Forwards => (Function::ForwardList, "forward"),
    };
    Call {
        function,
        value: Value::None,
        args: words(&[what, "list", "--json"]),
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// How a call ended, by what the tool said.
fn complete(invoke: &Entry, answer: &Answer) -> Result<Entry> {
    let is_list = matches!(
        invoke.function,
        Function::ReservationList | Function::ForwardList
    );
    if answer.code == Some(0) {
        let value = match invoke.function {
            Function::ReservationList => Value::Reservations(reservations(&answer.output)?),
            Function::ForwardList => Value::Forwards(forwards(&answer.output)?),
            _ => invoke.value.clone(),
        };
        return Ok(invoke.completed(Kind::Ok, value, None));
    }
    let kind = match answer.code {
        // A question that got no answer changed nothing.
        _ if is_list => FailureKind::NotSent,
        Some(1) => refusal(&answer.complaint),
        Some(3) => FailureKind::NotSent,
        Some(4) => FailureKind::Unknown,
        code => anyhow::bail!("gatewayctl ended with {code:?}: {}", answer.complaint),
    };
    let end = match kind {
        FailureKind::Unknown => Kind::Info,
        _ => Kind::Fail,
    };
    let error = Failure {
        kind,
        text: answer.complaint.clone(),
    };
    Ok(invoke.completed(end, invoke.value.clone(), Some(error)))
}

/// What the cluster has against it.
fn refusal(complaint: &str) -> FailureKind {
    const TAKEN: [&str; 4] = [
        "is reserved for",
        "forwarded already",
        "is held by",
        "already",
    ];
    if complaint.contains("there is no such") {
        return FailureKind::NotFound;
    }
    if TAKEN.iter().any(|text| complaint.contains(text)) {
        return FailureKind::Exists;
    }
    FailureKind::Refused
}

fn reservations(json: &str) -> Result<BTreeMap<String, Ipv4Addr>> {
    let rows: Vec<ReservationRow> =
        serde_json::from_str(json).with_context(|| format!("reading {json:?}"))?;
    Ok(rows
        .into_iter()
        .map(|row| (row.client, row.address))
        .collect())
}

fn forwards(json: &str) -> Result<BTreeMap<String, String>> {
    let rows: Vec<ForwardRow> =
        serde_json::from_str(json).with_context(|| format!("reading {json:?}"))?;
    rows.into_iter()
        .map(|row| {
            let address = row
                .address
                .context("a forward to a client, not an address")?;
            let public = format!("{}/{}", row.protocol, row.port);
            Ok((public, format!("{address}:{}", row.target_port)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_told_apart() {
        let said = |text| refusal(&format!("adding: refused by node 127.0.0.1:7067: {text}"));
        assert_eq!(
            said("the public port is forwarded already"),
            FailureKind::Exists
        );
        assert_eq!(said("there is no such reservation"), FailureKind::NotFound);
        assert_eq!(said("port 0 cannot be forwarded"), FailureKind::Refused);
    }
}
