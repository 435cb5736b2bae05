//! openraft's types as protobuf: on disk here, on the wire in `cluster`.
//!
//! Free functions, because both sides belong to other crates. Encoding cannot fail and is
//! canonical; decoding is total and names what it disliked.

mod append;
mod entry;
mod error;
mod log_id;
mod membership;
mod snapshot;
mod transfer;
mod vote;

pub use append::{
    cut_append_request, decode_append_request, decode_append_response, encode_append_request,
    encode_append_response,
};
pub use entry::{decode_entry, encode_entry};
pub use error::CodecError;
pub use log_id::{decode_log_id, encode_log_id};
pub use membership::{
    decode_membership, decode_stored_membership, encode_membership, encode_stored_membership,
};
pub use snapshot::{
    decode_snapshot_meta, decode_snapshot_response, encode_snapshot_meta, encode_snapshot_response,
};
pub use transfer::{
    decode_transfer_request, decode_transfer_response, encode_transfer_request,
    encode_transfer_response,
};
pub use vote::{
    decode_vote, decode_vote_request, decode_vote_response, encode_vote, encode_vote_request,
    encode_vote_response,
};
