//! Linearizability: whether every operation can be given one moment between its beginning and its
//! end, such that in the order of these moments a model of one thing explains every answer.
//!
//! Wing and Gong's search with Lowe's memory of what was tried: a depth-first search over what may
//! come next, which never visits the same set of operations with the same state twice. What must end
//! first is tried first. An operation that only looks, and sees what is there now, takes its moment at
//! once: that can spoil nothing, unless something of unknown outcome could then no longer happen. What is
//! of unknown outcome may also never happen; it is tried last, as late as it can be: only just before
//! something that it makes a difference to, or that begins when it is too late for it. A way that used
//! more of it to get to the same point is not followed. Nearly always at most two in a row are needed, so
//! that is tried first.
//!
//! The number of visited points is capped, and running into the cap is "unknown", never "yes".
//!
//! Sources: Wing and Gong, *Testing and Verifying Concurrent Objects* (1993); Lowe, *Testing for
//! Linearizability* (2017). The library `porcupine-rs` was looked at: it has no public repository and
//! brings in a benchmark framework.

use std::collections::HashMap;
use std::hash::Hash;

/// One thing, as it behaves when asked one question at a time.
pub trait Model {
    /// All there is to know about it.
    type State: Clone + Eq + Hash;
    /// A question with its answer, or without one if that is unknown.
    type Call: PartialEq;

    /// Before the first.
    fn initial(&self) -> Self::State;

    /// What `call` makes of `state`; nothing, if its answer is wrong there. A call without an answer
    /// is legal everywhere.
    fn step(&self, state: &Self::State, call: &Self::Call) -> Option<Self::State>;

    /// Whether `call` changes no state at all, whatever it is.
    fn only_looks(&self, call: &Self::Call) -> bool;
}

/// A call, and when.
#[derive(Clone, Debug)]
pub struct Event<C> {
    /// What.
    pub call: C,
    /// It did not take effect before.
    pub begin: u64,
    /// It took effect before; nothing, if it may still, or never.
    pub end: Option<u64>,
    /// Of one without an end: if it ever took effect, then before this. Nothing, if it may at any time.
    pub never_after: Option<u64>,
    /// Its line in the history.
    pub index: u64,
}

/// Whether a history can be explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linearity {
    /// It can.
    Linearizable,
    /// It cannot: after the longest explanation, none of these lines can come next.
    Not(Vec<u64>),
    /// The search was given up.
    Unknown,
}

/// What has taken effect of the events with an end, and what all that did led to.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Point<S> {
    /// By their ends: all before this one …
    prefix: usize,
    /// … and these after it, in order.
    beyond: Vec<usize>,
    state: S,
}

/// A point, and how it was come to.
#[derive(Clone)]
struct Way<S> {
    point: Point<S>,
    /// The events without an end that took effect, in order.
    open: Vec<usize>,
    /// The last step, if it was such an event, and nothing has needed it yet.
    loose: Option<Loose<S>>,
}

/// An event without an end that has just taken effect.
#[derive(Clone)]
struct Loose<S> {
    place: usize,
    /// The state before it.
    before: S,
    /// How many of them in a row.
    chain: usize,
}

/// Events with an end, and without one.
struct Search<'a, M: Model> {
    model: &'a M,
    /// By their ends.
    ended: Vec<&'a Event<M::Call>>,
    /// The earliest beginning from each place in `ended` on.
    earliest: Vec<u64>,
    /// The latest beginning before each place in `ended`.
    latest: Vec<u64>,
    /// By their beginnings.
    open: Vec<&'a Event<M::Call>>,
    /// The place in `open` of the last one with the same call that begins before it, and is not
    /// possible for longer.
    twin: Vec<Option<usize>>,
}

/// The most lines that a refusal names: those that must come first.
const SHOWN: usize = 6;
/// How many events without an end are tried in a row: most histories need few, and a search that may
/// take many in a row seldom ends.
const CHAINS: [usize; 4] = [2, 3, 4, usize::MAX];

/// Searches for an explanation, at no more than `limit` points for each length of chains. That there is
/// none is said by a search that was free to take all.
pub fn linearizable<M: Model>(model: &M, events: &[Event<M::Call>], limit: usize) -> Linearity {
    let search = Search::new(model, events);
    let mut outcome = Linearity::Unknown;
    for longest in CHAINS {
        outcome = search.run(limit, longest);
        if outcome == Linearity::Linearizable || search.open.len() <= longest {
            break;
        }
    }
    outcome
}

/// Whether all of `part` is in `whole`; both are in order.
fn is_part(part: &[usize], whole: &[usize]) -> bool {
    let mut rest = whole.iter();
    part.iter().all(|item| rest.any(|other| other == item))
}

impl<'a, M: Model> Search<'a, M> {
    fn new(model: &'a M, events: &'a [Event<M::Call>]) -> Self {
        let mut ended: Vec<_> = events.iter().filter(|event| event.end.is_some()).collect();
        ended.sort_by_key(|event| (event.end, event.index));
        let mut open: Vec<_> = events.iter().filter(|event| event.end.is_none()).collect();
        open.sort_by_key(|event| (event.begin, event.index));
        let mut earliest: Vec<u64> = ended.iter().map(|event| event.begin).collect();
        for place in (1..earliest.len()).rev() {
            earliest[place - 1] = earliest[place - 1].min(earliest[place]);
        }
        let mut latest = vec![0];
        for event in &ended {
            latest.push(event.begin.max(latest[latest.len() - 1]));
        }
        let gone = |event: &Event<M::Call>| event.never_after.unwrap_or(u64::MAX);
        let twin = |place: usize| {
            let event = open[place];
            let is_twin =
                |before: &&Event<_>| before.call == event.call && gone(before) <= gone(event);
            open[..place].iter().rposition(is_twin)
        };
        Self {
            model,
            ended,
            earliest,
            latest,
            twin: (0..open.len()).map(twin).collect(),
            open,
        }
    }

    fn run(&self, limit: usize, longest_chain: usize) -> Linearity {
        let point = Point {
            prefix: 0,
            beyond: Vec::new(),
            state: self.model.initial(),
        };
        let mut stack = vec![Way {
            point,
            open: Vec::new(),
            loose: None,
        }];
        let mut seen: HashMap<Point<M::State>, Vec<Vec<usize>>> = HashMap::new();
        let mut furthest: (usize, Vec<u64>) = (0, self.next_lines(0, &[]));
        let mut visited = 0;
        while let Some(mut way) = stack.pop() {
            if self.settle(&mut way) {
                way.loose = None;
            }
            let point = &way.point;
            if point.prefix == self.ended.len() {
                return Linearity::Linearizable;
            }
            let done = point.prefix + point.beyond.len();
            if done > furthest.0 {
                furthest = (done, self.next_lines(point.prefix, &point.beyond));
            }
            let ways = seen.entry(point.clone()).or_default();
            if ways.iter().any(|known| is_part(known, &way.open)) {
                continue;
            }
            if way.loose.is_none() {
                ways.push(way.open.clone());
            }
            visited += 1;
            if visited > limit {
                return Linearity::Unknown;
            }
            self.push_next(&way, longest_chain, &mut stack);
        }
        Linearity::Not(furthest.1)
    }

    /// Gives their moment to all that only look, and see what is there now; whether there were any.
    fn settle(&self, way: &mut Way<M::State>) -> bool {
        let mut any = false;
        loop {
            let spoils_after = self.first_to_be_too_late(way);
            let point = &mut way.point;
            let explained = |place: &usize| {
                let event = &self.ended[*place];
                self.model.only_looks(&event.call)
                    && event.begin <= spoils_after
                    && self.model.step(&point.state, &event.call).is_some()
            };
            let next = self.candidates(point.prefix, &point.beyond);
            let settled: Vec<usize> = next.into_iter().filter(explained).collect();
            if settled.is_empty() {
                return any;
            }
            any = true;
            for place in settled {
                take(point, place);
            }
        }
    }

    /// What has taken effect so far did not all do so before this.
    fn now(&self, way: &Way<M::State>) -> u64 {
        let beyond = way
            .point
            .beyond
            .iter()
            .map(|place| self.ended[*place].begin);
        let open = way.open.iter().map(|place| self.open[*place].begin);
        let begun = beyond.chain(open).fold(0, u64::max);
        begun.max(self.latest[way.point.prefix])
    }

    /// The last moment that takes no event without an end from those that may still take effect.
    fn first_to_be_too_late(&self, way: &Way<M::State>) -> u64 {
        let now = self.now(way);
        let left = |place: &usize| way.open.binary_search(place).is_err();
        let left = (0..self.open.len()).filter(left);
        let ends = left.filter_map(|place| self.open[place].never_after);
        let ends = ends.filter(|never_after| *never_after >= now);
        ends.min().unwrap_or(u64::MAX)
    }

    fn is_too_late(&self, place: usize, now: u64) -> bool {
        let never_after = self.open[place].never_after;
        never_after.is_some_and(|never_after| never_after < now)
    }

    /// Those with an end that may come next: begun before the earliest end of all that are left.
    fn candidates(&self, prefix: usize, beyond: &[usize]) -> Vec<usize> {
        let Some(first) = self.ended.get(prefix) else {
            return Vec::new();
        };
        let deadline = first.end.unwrap_or(u64::MAX);
        let mut candidates = Vec::new();
        for place in prefix..self.ended.len() {
            if self.earliest[place] > deadline {
                break;
            }
            let begun = self.ended[place].begin <= deadline;
            if begun && beyond.binary_search(&place).is_err() {
                candidates.push(place);
            }
        }
        candidates
    }

    /// Pushes what may follow; the last pushed is tried first.
    fn push_next(&self, way: &Way<M::State>, longest_chain: usize, stack: &mut Vec<Way<M::State>>) {
        let chain = way.loose.as_ref().map_or(0, |loose| loose.chain);
        if chain < longest_chain {
            self.push_open(way, chain + 1, stack);
        }
        let point = &way.point;
        let candidates = self.candidates(point.prefix, &point.beyond);
        for place in candidates.into_iter().rev() {
            let call = &self.ended[place].call;
            let Some(after) = self.model.step(&point.state, call) else {
                continue;
            };
            let begin = self.ended[place].begin;
            let loose = way.loose.as_ref();
            let must_follow = loose.is_some_and(|loose| self.is_too_late(loose.place, begin));
            if must_follow || !self.commutes(way, call, &after) {
                let mut next = way.clone();
                next.loose = None;
                next.point.state = after;
                take(&mut next.point, place);
                stack.push(next);
            }
        }
    }

    /// Pushes the events without an end that change something.
    fn push_open(&self, way: &Way<M::State>, chain: usize, stack: &mut Vec<Way<M::State>>) {
        let deadline = self.ended[way.point.prefix].end.unwrap_or(u64::MAX);
        let begun = self.open.partition_point(|event| event.begin <= deadline);
        let last = way.loose.as_ref().map(|loose| loose.place);
        let now = self.now(way);
        for place in (0..begun).rev() {
            if self.is_too_late(place, now) {
                continue;
            }
            let taken = |place: usize| way.open.binary_search(&place);
            // Of two with the same call the first to begin is taken first, unless the other is sooner too
            // late: one is as good as the other.
            let waits = |twin: usize| taken(twin).is_err() && !self.is_too_late(twin, now);
            let twin_waits = self.twin[place].is_some_and(waits);
            let Err(at) = taken(place) else {
                continue;
            };
            let call = &self.open[place].call;
            let after = self.model.step(&way.point.state, call);
            let changed = after.filter(|after| !twin_waits && *after != way.point.state);
            let Some(after) = changed else {
                continue;
            };
            // Of two orders that come to the same, one is enough.
            let other_order = last.is_some_and(|last| place < last);
            if other_order && self.commutes(way, call, &after) {
                continue;
            }
            let mut next = way.clone();
            next.open.insert(at, place);
            next.loose = Some(Loose {
                place,
                before: way.point.state.clone(),
                chain,
            });
            next.point.state = after;
            stack.push(next);
        }
    }

    /// Whether `call`, which leads to `after`, could as well come before the loose event.
    fn commutes(&self, way: &Way<M::State>, call: &M::Call, after: &M::State) -> bool {
        let Some(loose) = &way.loose else {
            return false;
        };
        let first = self.model.step(&loose.before, call);
        let open = &self.open[loose.place].call;
        let then = first.and_then(|state| self.model.step(&state, open));
        then.as_ref() == Some(after)
    }

    fn next_lines(&self, prefix: usize, beyond: &[usize]) -> Vec<u64> {
        let next = self.candidates(prefix, beyond).into_iter();
        next.take(SHOWN)
            .map(|place| self.ended[place].index)
            .collect()
    }
}

/// Gives its moment to the event at `place`.
fn take<S>(point: &mut Point<S>, place: usize) {
    if let Err(at) = point.beyond.binary_search(&place) {
        point.beyond.insert(at, place);
    }
    while point.beyond.first() == Some(&point.prefix) {
        point.beyond.remove(0);
        point.prefix += 1;
    }
}
