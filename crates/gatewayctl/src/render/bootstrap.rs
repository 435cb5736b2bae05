//! The outcome of `bootstrap`.

use super::Style;
use crate::view::BootstrapView;

/// One sentence.
#[must_use]
pub fn bootstrap(view: &BootstrapView, _: Style) -> String {
    let id = &view.cluster_id;
    if view.already {
        format!("This node is part of cluster {id} already. Nothing was changed.\n")
    } else {
        format!("Cluster {id} is bootstrapped; the other nodes join it by themselves.\n")
    }
}
