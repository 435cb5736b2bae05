//! What the nemesis does, in terms that a checker can reason about.

use clojure_reader::edn::Edn;

use super::Shape;
use crate::history::edn::{Fields, ShapeError, boolean, parsed, text, texts};

/// A fault: whom it hits, and what surely does not work while it lasts.
///
/// `{:targets ["n1"], :down ["n1"], :cut [["n1" "n2"] ["n2" "n1"]], :unheard ["n1"],
/// :peers-only? true, :detail "…"}`
///
/// The checkers work out for themselves who has a quorum in reach, from `:down` and `:cut` of all
/// faults that are on. A fault that is stopped names the same targets, or none for all of its name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fault {
    /// The nodes that it is aimed at. They may be slow or silent while it lasts.
    pub targets: Vec<String>,
    /// Nodes that do not run: killed or stopped (SIGSTOP).
    pub down: Vec<String>,
    /// Peer links that carry nothing, one way: from, to.
    pub cut: Vec<(String, String)>,
    /// Nodes that do not hear the clients.
    pub unheard: Vec<String>,
    /// Whether the cut links are the peers' alone, and every client hears every node as before. Else
    /// silence of the whole cluster is held against nobody while links are cut.
    pub peers_only: bool,
    /// For people.
    pub detail: Option<String>,
}

impl Shape for Fault {
    fn entries(&self) -> Vec<(&'static str, Edn<'static>)> {
        let mut entries = vec![("targets", texts(&self.targets))];
        if !self.down.is_empty() {
            entries.push(("down", texts(&self.down)));
        }
        if !self.cut.is_empty() {
            let links = self.cut.iter().map(|(from, to)| texts(&[from, to]));
            entries.push(("cut", Edn::Vector(links.collect())));
        }
        if !self.unheard.is_empty() {
            entries.push(("unheard", texts(&self.unheard)));
        }
        if self.peers_only {
            entries.push(("peers-only?", Edn::Bool(true)));
        }
        entries.extend(self.detail.iter().map(|detail| ("detail", text(detail))));
        entries
    }

    fn read(fields: &Fields<'_>) -> Result<Self, ShapeError> {
        Ok(Self {
            targets: fields.list("targets", parsed)?,
            down: fields.list("down", parsed)?,
            cut: fields.list("cut", link)?,
            unheard: fields.list("unheard", parsed)?,
            peers_only: fields.optional("peers-only?", boolean)?.unwrap_or(false),
            detail: fields.optional("detail", parsed)?,
        })
    }
}

fn link(edn: &Edn<'_>) -> Result<(String, String), ShapeError> {
    match edn {
        Edn::Vector(ends) if ends.len() == 2 => Ok((parsed(&ends[0])?, parsed(&ends[1])?)),
        other => Err(ShapeError::not("a pair of nodes", other)),
    }
}
