//! What this node's DHCP server has seen of a client, for an operator who asked another member.

use super::{Answer, PeerService};
use crate::limits::MAX_SEEN_PACKETS;
use api::proto::peer as wire;
use ipam::ClientKey;
use tonic::{Request, Response, Status};

impl PeerService {
    /// Members only: a client's packets are nobody else's business.
    pub(super) async fn answer_explain(
        &self,
        request: Request<wire::ExplainRequest>,
    ) -> Answer<wire::ExplainResponse> {
        let (caller, request) = self.receive(request)?;
        let sender = self.check_route(&caller, "Explain", request.route.as_ref())?;
        self.check_member(sender)?;
        let client = request
            .client
            .ok_or_else(|| Status::invalid_argument("no client is named"))?;
        let client = ClientKey::try_from(client)
            .map_err(|error| Status::invalid_argument(error.to_string()))?;
        let packets = self.handles.explain.here(&client).into_iter();
        Ok(Response::new(wire::ExplainResponse {
            packets: packets.take(MAX_SEEN_PACKETS).map(Into::into).collect(),
        }))
    }
}
