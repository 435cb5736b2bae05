//! The table at the end: every observation there should be, and what became of it.

use super::observation::Observation;
use super::style::Style;

/// What became of an observation, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// It was seen.
    Yes(String),
    /// It was looked for in vain.
    No(String),
}

/// The observations so far.
#[derive(Debug, Default)]
pub struct Summary {
    seen: Vec<(Observation, Seen)>,
}

impl Summary {
    /// Notes what became of `observation`.
    pub fn note(&mut self, observation: Observation, seen: Seen) {
        self.seen.push((observation, seen));
    }

    /// What was not seen, and why.
    pub fn missing(&self) -> Vec<(Observation, &str)> {
        let why = |observation| match self.of(observation) {
            Some(Seen::Yes(_)) => None,
            Some(Seen::No(why)) => Some((observation, why.as_str())),
            None => Some((observation, "not reached")),
        };
        Observation::ALL.into_iter().filter_map(why).collect()
    }

    /// A line for each observation: its mark, its title, what was seen.
    pub fn table(&self, style: Style) -> String {
        let titles = Observation::ALL.map(|observation| observation.title().chars().count());
        let width = titles.into_iter().max().unwrap_or(0);
        let line = |observation: Observation| {
            let (mark, text) = match self.of(observation) {
                Some(Seen::Yes(text)) => (style.tick(), text.as_str()),
                Some(Seen::No(_)) => (style.cross(), "not observed, see below"),
                None => (style.cross(), "not reached"),
            };
            format!("  {mark} {:<width$}  {text}\n", observation.title())
        };
        Observation::ALL.into_iter().map(line).collect()
    }

    fn of(&self, observation: Observation) -> Option<&Seen> {
        let noted = self.seen.iter().find(|(noted, _)| *noted == observation);
        noted.map(|(_, seen)| seen)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_was_seen_is_not_missing() {
        let mut summary = Summary::default();
        summary.note(Observation::ClusterForms, Seen::Yes("in 2 s".to_owned()));
        summary.note(Observation::AddressesArrive, Seen::No("silence".to_owned()));
        let missing = summary.missing();
        assert_eq!(missing.len(), Observation::ALL.len() - 1);
        assert_eq!(missing[0], (Observation::AddressesArrive, "silence"));
        assert_eq!(missing[1], (Observation::WayOut, "not reached"));
    }
}
