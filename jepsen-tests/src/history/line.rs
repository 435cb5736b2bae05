//! An [`Operation`] as one line of EDN, and back.

use std::fmt::Write as _;

use clojure_reader::edn::Edn;

use super::edn::{Fields, ShapeError, keyword, number, parsed, text, unsigned};
use super::operation::{Failure, FailureKind, Function, Kind, Operation, Process};
use super::value::Value;

/// The line, without its end. Keys stand in the order that Jepsen writes them.
pub fn write(operation: &Operation) -> String {
    let mut line = String::from("{");
    let mut put = |key: &str, value: &Edn<'static>| {
        let separator = if line.len() == 1 { "" } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(line, "{separator}:{key} {value}");
    };
    put("index", &number(operation.index));
    put("time", &number(operation.time));
    put("process", &process(operation.process));
    put("type", &Edn::key(operation.kind.to_string()));
    put("f", &Edn::key(operation.function.to_string()));
    put("value", &operation.value.edn());
    if let Some(node) = &operation.node {
        put("node", &text(node));
    }
    if let Some(failure) = &operation.error {
        let kind = Edn::key(failure.kind.to_string());
        put("error", &Edn::Vector(vec![kind, text(&failure.text)]));
    }
    line.push('}');
    line
}

/// The operation that a line says.
pub fn read(edn: &Edn<'_>) -> Result<Operation, ShapeError> {
    let fields = Fields::of(edn)?;
    let function = fields.required("f", read_function)?;
    let value = fields.optional("value", |edn| Value::read(&function, edn))?;
    Ok(Operation {
        index: fields.required("index", unsigned)?,
        time: fields.required("time", unsigned)?,
        process: fields.required("process", read_process)?,
        kind: fields.required("type", read_kind)?,
        value: value.unwrap_or(Value::None),
        function,
        node: fields.optional("node", parsed)?,
        error: fields.optional("error", read_failure)?,
    })
}

fn process(process: Process) -> Edn<'static> {
    match process {
        Process::Client(number) => self::number(number),
        Process::Nemesis => Edn::key("nemesis"),
        Process::Observer => Edn::key("observer"),
    }
}

fn read_process(edn: &Edn<'_>) -> Result<Process, ShapeError> {
    match edn {
        Edn::Key(name) if name == "nemesis" => Ok(Process::Nemesis),
        Edn::Key(name) if name == "observer" => Ok(Process::Observer),
        Edn::Int(_) => Ok(Process::Client(unsigned(edn)?)),
        other => Err(ShapeError::not("a number, :nemesis or :observer", other)),
    }
}

fn read_kind(edn: &Edn<'_>) -> Result<Kind, ShapeError> {
    let kind = Kind::parse(keyword(edn)?);
    kind.ok_or_else(|| ShapeError::not(":invoke, :ok, :fail or :info", edn))
}

fn read_function(edn: &Edn<'_>) -> Result<Function, ShapeError> {
    let function = Function::parse(keyword(edn)?);
    function.ok_or_else(|| ShapeError::not("a function that is known here", edn))
}

fn read_failure(edn: &Edn<'_>) -> Result<Failure, ShapeError> {
    let Edn::Vector(parts) = edn else {
        return Err(ShapeError::not("[:kind \"text\"]", edn));
    };
    let [kind, text] = parts.as_slice() else {
        return Err(ShapeError::not("[:kind \"text\"]", edn));
    };
    let known = FailureKind::parse(keyword(kind)?);
    Ok(Failure {
        kind: known.ok_or_else(|| ShapeError::not("a kind of failure", kind))?,
        text: parsed(text)?,
    })
}
