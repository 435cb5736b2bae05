//! All verdicts on a history: a table for people, JSON and EDN for programs.

use std::fmt::{self, Display, Write as _};

use clojure_reader::edn::Edn;
use serde::Serialize;
use serde_json::Value;

use super::{Stats, Validity, Verdict};

/// The most breaches of one rule that the table shows. JSON and EDN have all.
const SHOWN: usize = 5;

/// All verdicts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// One for each promise.
    pub verdicts: Vec<Verdict>,
    /// How operations ended.
    pub stats: Stats,
}

impl Report {
    /// The worst of them.
    pub fn validity(&self) -> Validity {
        let verdicts = self.verdicts.iter().map(|verdict| verdict.validity);
        verdicts.max().unwrap_or(Validity::Unknown)
    }

    /// The promises that nothing put to the test, by name: their verdicts say nothing.
    pub fn unjudged(&self) -> Vec<String> {
        let verdicts = self.verdicts.iter();
        let unjudged = verdicts.filter(|verdict| verdict.judged == 0);
        unjudged.map(Verdict::name).collect()
    }

    /// What a program that judged should end with: 0 if every promise was kept, else 1. What cannot
    /// be told was not kept.
    pub fn exit_code(&self) -> u8 {
        u8::from(self.validity() != Validity::Valid)
    }

    /// For programs: `{"valid?": …, "verdicts": […], "stats": {…}}`.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        let mut all = serde_json::to_value(self)?;
        all["valid?"] = serde_json::to_value(self.validity())?;
        Ok(all)
    }

    /// The same as EDN, as Jepsen's `results.edn`: keywords for keys, `:unknown` for "unknown".
    pub fn edn(&self) -> Result<String, serde_json::Error> {
        Ok(format!("{:#}", edn(&self.json()?)))
    }

    fn write_stats(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<20} {:>8} {:>8} {:>8}",
            "operation", "ok", "fail", "info"
        )?;
        for (name, count) in &self.stats.by_function {
            let (ok, fail, info) = (count.ok, count.fail, count.info);
            writeln!(f, "{name:<20} {ok:>8} {fail:>8} {info:>8}")?;
        }
        Ok(())
    }
}

/// The table.
impl Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write_stats(f)?;
        writeln!(f, "\n{:<5}{:<9}{:>7}  promise", "rule", "verdict", "judged")?;
        for verdict in &self.verdicts {
            let word = word(verdict);
            let (rule, judged, what) = (verdict.rule, verdict.judged, verdict.what);
            writeln!(f, "{rule:<5}{word:<9}{judged:>7}  {what}")?;
            for evidence in verdict.evidence.iter().take(SHOWN) {
                writeln!(f, "       - {}{}", evidence.text, lines(&evidence.indexes))?;
            }
            let more = verdict.evidence.len().saturating_sub(SHOWN);
            if more > 0 {
                writeln!(f, "       … and {more} more")?;
            }
        }
        let unjudged = self.unjudged();
        if !unjudged.is_empty() {
            writeln!(f, "\nNothing was judged of: {}", unjudged.join("; "))?;
        }
        Ok(())
    }
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict.validity {
        Validity::Valid if verdict.judged == 0 => "-",
        Validity::Valid => "ok",
        Validity::Unknown => "UNKNOWN",
        Validity::Invalid => "BROKEN",
    }
}

fn lines(indexes: &[u64]) -> String {
    let mut text = String::new();
    for index in indexes {
        let separator = if text.is_empty() { " (:index " } else { ", " };
        // Writing to a string cannot fail.
        let _ = write!(text, "{separator}{index}");
    }
    if !text.is_empty() {
        text.push(')');
    }
    text
}

fn edn(json: &Value) -> Edn<'static> {
    match json {
        Value::Null => Edn::Nil,
        Value::Bool(value) => Edn::Bool(*value),
        Value::Number(number) => Edn::Int(number.as_i64().unwrap_or(i64::MAX)),
        Value::String(text) if text == "unknown" => Edn::key("unknown"),
        Value::String(text) => Edn::string(text.clone()),
        Value::Array(items) => Edn::Vector(items.iter().map(edn).collect()),
        Value::Object(fields) => {
            let entries = fields.iter();
            Edn::Map(
                entries
                    .map(|(key, value)| (Edn::key(key.clone()), edn(value)))
                    .collect(),
            )
        }
    }
}
