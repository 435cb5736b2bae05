//! The outcome of `bootstrap`.

use api::proto::admin::BootstrapResponse;
use serde::Serialize;

/// Which cluster the node is part of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BootstrapView {
    /// Hexadecimal.
    pub cluster_id: String,
    /// Whether it was before.
    pub already: bool,
}

impl From<BootstrapResponse> for BootstrapView {
    fn from(response: BootstrapResponse) -> Self {
        Self {
            cluster_id: response.cluster_id,
            already: response.already,
        }
    }
}
