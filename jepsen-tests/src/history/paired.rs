//! A history with its operations put together.

use std::collections::BTreeMap;

use thiserror::Error;

use super::operation::{Function, Kind, Operation, Process};
use super::value::{Setup, Value};

/// A whole history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    operations: Vec<Operation>,
    /// Places of an invocation and its completion.
    pairs: Vec<(usize, Option<usize>)>,
}

/// An operation of a client or an operator, from beginning to end.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// Its beginning.
    pub invoke: &'a Operation,
    /// Its end; nothing, if the run ended first, which is as good as `:info`.
    pub completion: Option<&'a Operation>,
}

/// Operations that do not make a history.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OrderError {
    /// Indexes must grow.
    #[error(":index {index} does not come after :index {before}")]
    Index {
        /// This one.
        index: u64,
        /// The one before.
        before: u64,
    },
    /// Times must not go back.
    #[error(":index {index}: :time {time} is before that of the line before, {before}")]
    Time {
        /// This one.
        index: u64,
        /// When it was.
        time: u64,
        /// When the one before was.
        before: u64,
    },
    /// Nobody knows when the operation before is over, so one at a time cannot be told.
    #[error(
        ":index {index}: process {process} goes on after :info of :index {unknown}: it must take a new number"
    )]
    Reused {
        /// This one.
        index: u64,
        /// Whose.
        process: Process,
        /// The one of which nobody knows.
        unknown: u64,
    },
    /// One operation at a time.
    #[error(
        ":index {index}: process {process} begins an operation while :index {open} is not over"
    )]
    Busy {
        /// This one.
        index: u64,
        /// Whose.
        process: Process,
        /// The one that is open.
        open: u64,
    },
    /// Nothing ends that did not begin.
    #[error(":index {index}: process {process} ends :{function}, which it did not begin")]
    NotBegun {
        /// This one.
        index: u64,
        /// Whose.
        process: Process,
        /// What.
        function: Function,
    },
}

impl History {
    /// Puts operations together. They must be in order, of their indexes and of their times.
    pub fn new(operations: Vec<Operation>) -> Result<Self, OrderError> {
        for pair in operations.windows(2) {
            if pair[1].index <= pair[0].index {
                return Err(OrderError::Index {
                    index: pair[1].index,
                    before: pair[0].index,
                });
            }
            if pair[1].time < pair[0].time {
                return Err(OrderError::Time {
                    index: pair[1].index,
                    time: pair[1].time,
                    before: pair[0].time,
                });
            }
        }
        let pairs = pairs(&operations)?;
        Ok(Self { operations, pairs })
    }

    /// Every line.
    pub fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operations of clients and operators, in the order of their beginning.
    pub fn calls(&self) -> impl Iterator<Item = Call<'_>> {
        self.pairs.iter().map(|(invoke, completion)| Call {
            invoke: &self.operations[*invoke],
            completion: completion.map(|at| &self.operations[at]),
        })
    }

    /// What the run was given, if the history says.
    pub fn setup(&self) -> Option<&Setup> {
        self.operations.iter().find_map(|operation| {
            let Value::Setup(setup) = &operation.value else {
                return None;
            };
            Some(setup)
        })
    }

    /// The last moment of it.
    pub fn end(&self) -> u64 {
        let times = self.operations.iter().map(|operation| operation.time);
        times.max().unwrap_or(0)
    }
}

impl Call<'_> {
    /// How it ended; unknown if it did not.
    pub fn kind(&self) -> Kind {
        self.completion
            .map_or(Kind::Info, |operation| operation.kind)
    }

    /// When it surely was over; nothing if that is unknown.
    pub fn ended(&self) -> Option<u64> {
        self.completion.map(|operation| operation.time)
    }
}

/// The operations of each process, one after the other. A process whose operation is not known to be over
/// begins no other.
fn pairs(operations: &[Operation]) -> Result<Vec<(usize, Option<usize>)>, OrderError> {
    let mut pairs: Vec<(usize, Option<usize>)> = Vec::new();
    let mut open: BTreeMap<Process, usize> = BTreeMap::new();
    let mut unknown: BTreeMap<Process, u64> = BTreeMap::new();
    for (place, operation) in operations.iter().enumerate() {
        let (index, process) = (operation.index, operation.process);
        if !matches!(process, Process::Client(_)) {
            continue;
        }
        let pair = open.get(&process).copied();
        if operation.kind == Kind::Invoke {
            if let Some(pair) = pair {
                let open = operations[pairs[pair].0].index;
                return Err(OrderError::Busy {
                    index,
                    process,
                    open,
                });
            }
            if let Some(unknown) = unknown.get(&process).copied() {
                return Err(OrderError::Reused {
                    index,
                    process,
                    unknown,
                });
            }
            open.insert(process, pairs.len());
            pairs.push((place, None));
            continue;
        }
        let begun = pair.filter(|pair| operations[pairs[*pair].0].function == operation.function);
        let begun = begun.ok_or_else(|| OrderError::NotBegun {
            index,
            process,
            function: operation.function.clone(),
        })?;
        pairs[begun].1 = Some(place);
        open.remove(&process);
        if operation.kind == Kind::Info {
            unknown.insert(process, index);
        }
    }
    Ok(pairs)
}
