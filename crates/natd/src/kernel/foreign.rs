//! Reading the chains of others, for [`crate::host`], which says what of them stops our traffic.
//!
//! In: the socket, and which tables are ours. Out: [`ForeignChain`]s. Blocking: see `socket`. The dumps
//! need not be of one moment: the next look corrects what one got wrong.

use super::KernelError;
use super::message::Message;
use super::nft_sys::decode::Decoder;
use super::nft_sys::encode::Encoder;
use super::request::{is, refused, request, unreadable};
use super::socket::NetfilterSocket;
use crate::host::ForeignChain;
use crate::table::TableId;
use std::ffi::c_int;

const DOING: &str = "listing others' chains";
/// `NFT_TABLE_F_DORMANT`: its chains see no packets.
const TABLE_DORMANT: u32 = 1;
/// Where a message has its family (`nfgenmsg`), in bytes.
const FAMILY_OFFSET: usize = 16;

/// Every chain with its rules, but for those of `own` tables and of tables that are switched off.
pub(super) fn chains(
    socket: &mut NetfilterSocket,
    own: &[TableId],
) -> Result<Vec<ForeignChain>, KernelError> {
    let mut decoder = Decoder::new();
    let dormant = dormant_tables(socket, &mut decoder)?;
    let is_own = |family: u8, name: &str| {
        let mut own = own.iter();
        own.any(|table| table.family.number() == i32::from(family) && table.name == name)
    };
    let mut chains = Vec::new();
    list(socket, CHAINS, |family, message| {
        let found = decoder.chain(message).map_err(unreadable(DOING))?;
        let is_dormant = dormant.contains(&(family, found.table.clone()));
        if !is_own(family, &found.table) && !is_dormant {
            chains.push(ForeignChain {
                family,
                table: found.table,
                chain: found.item,
            });
        }
        Ok(())
    })?;
    add_rules(socket, &mut decoder, &mut chains)?;
    Ok(chains)
}

/// Family and name of the tables that are switched off.
fn dormant_tables(
    socket: &mut NetfilterSocket,
    decoder: &mut Decoder,
) -> Result<Vec<(u8, String)>, KernelError> {
    let mut dormant = Vec::new();
    list(socket, TABLES, |family, message| {
        let found = decoder.table(message).map_err(unreadable(DOING))?;
        if found.item & TABLE_DORMANT != 0 {
            dormant.push((family, found.table));
        }
        Ok(())
    })?;
    Ok(dormant)
}

fn add_rules(
    socket: &mut NetfilterSocket,
    decoder: &mut Decoder,
    chains: &mut [ForeignChain],
) -> Result<(), KernelError> {
    list(socket, RULES, |family, message| {
        let found = decoder.rule(message).map_err(unreadable(DOING))?;
        let (name, rule) = found.item;
        let mut chains = chains.iter_mut();
        let chain = chains
            .find(|one| one.family == family && one.table == found.table && one.chain.name == name);
        if let Some(chain) = chain {
            chain.chain.rules.push(rule);
        }
        Ok(())
    })
}

/// The request for all of a kind, and the kind of what answers it (`NFT_MSG_*`).
type Listing = (c_int, c_int);

const TABLES: Listing = (libc::NFT_MSG_GETTABLE, libc::NFT_MSG_NEWTABLE);
const CHAINS: Listing = (libc::NFT_MSG_GETCHAIN, libc::NFT_MSG_NEWCHAIN);
const RULES: Listing = (libc::NFT_MSG_GETRULE, libc::NFT_MSG_NEWRULE);

/// Hands each of a kind, of all families, to `take`, with its family.
fn list(
    socket: &mut NetfilterSocket,
    (get, answer): Listing,
    mut take: impl FnMut(u8, &[u8]) -> Result<(), KernelError>,
) -> Result<(), KernelError> {
    let all = libc::NFPROTO_UNSPEC;
    let request = request(all, get, libc::NLM_F_DUMP, Encoder::bare);
    let replies = socket.exchange(&request, |message| match family_of(message, answer) {
        Some(family) => take(family, message.bytes),
        None => Ok(()),
    })?;
    refused(DOING, replies)
}

fn family_of(message: Message<'_>, kind: c_int) -> Option<u8> {
    is(message, kind).then(|| message.bytes.get(FAMILY_OFFSET).copied())?
}
