//! Reading one table back.
//!
//! In: the socket. Out: a [`TableImage`] of one moment, or none. Blocking: see `socket`.
//!
//! The kernel has no request for "everything at one moment": tables, chains, rules, sets and elements
//! are separate dumps. So the ruleset's generation is read before and after. If it changed, the dumps
//! may not fit together, and the snapshot is taken again. On a host where others change their tables
//! all the time it may always change: there, two equal snapshots in a row count as one moment.

use super::KernelError;
use super::nft_sys::decode::{Decoder, In, Unreadable};
use super::nft_sys::encode::{Encoder, Envelope};
use super::request::{is, refused, request, unreadable};
use super::socket::{NetfilterSocket, Replies};
use crate::image::{RuleImage, SetImage, TableImage};
use crate::table::TableId;
use std::ffi::c_int;

/// How often a snapshot is taken before we give up.
const READ_ATTEMPTS: u32 = 8;
/// Reads one table.
pub(super) struct Reader<'a> {
    socket: &'a mut NetfilterSocket,
    decoder: Decoder,
    table: TableId,
    /// Something in the current snapshot may not fit with the rest of it.
    torn: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(socket: &'a mut NetfilterSocket, table: TableId) -> Self {
        Self {
            socket,
            decoder: Decoder::new(),
            table,
            torn: false,
        }
    }

    pub(super) fn read(mut self) -> Result<Option<TableImage>, KernelError> {
        let mut previous = None;
        for _ in 0..READ_ATTEMPTS {
            self.torn = false;
            let before = self.generation()?;
            let image = self.snapshot()?;
            let settled = !self.torn && self.generation()? == before;
            if settled || previous.as_ref() == Some(&image) {
                return Ok(image);
            }
            previous = Some(image);
        }
        Err(KernelError::Unsettled {
            attempts: READ_ATTEMPTS,
        })
    }

    fn snapshot(&mut self) -> Result<Option<TableImage>, KernelError> {
        let Some(flags) = self.flags()? else {
            return Ok(None);
        };
        let mut image = TableImage {
            flags,
            chains: Vec::new(),
            sets: Vec::new(),
        };
        self.chains(&mut image)?;
        self.rules(&mut image)?;
        self.sets(&mut image)?;
        for set in &mut image.sets {
            self.elements(set)?;
        }
        Ok(Some(image))
    }

    fn generation(&mut self) -> Result<u32, KernelError> {
        const DOING: &str = "reading the ruleset's generation";
        let request = request(
            self.table.family.number(),
            libc::NFT_MSG_GETGEN,
            0,
            Encoder::bare,
        );
        let mut generation = None;
        let decoder = &mut self.decoder;
        let replies = self.socket.exchange(&request, |message| {
            generation = Some(
                decoder
                    .generation(message.bytes)
                    .map_err(unreadable(DOING))?,
            );
            Ok(())
        })?;
        refused(DOING, replies)?;
        generation.ok_or(KernelError::Answer {
            doing: DOING,
            what: "has no generation",
        })
    }

    fn flags(&mut self) -> Result<Option<u32>, KernelError> {
        let mut flags = None;
        let request = self.request(libc::NFT_MSG_GETTABLE, Encoder::bare);
        self.dump(
            "listing tables",
            libc::NFT_MSG_NEWTABLE,
            &request,
            Decoder::table,
            |found| flags = Some(found),
        )?;
        Ok(flags)
    }

    fn chains(&mut self, image: &mut TableImage) -> Result<(), KernelError> {
        let request = self.request(libc::NFT_MSG_GETCHAIN, Encoder::bare);
        self.dump(
            "listing chains",
            libc::NFT_MSG_NEWCHAIN,
            &request,
            Decoder::chain,
            |chain| image.chains.push(chain),
        )
    }

    fn rules(&mut self, image: &mut TableImage) -> Result<(), KernelError> {
        let table = self.table.name;
        let request = self.request(libc::NFT_MSG_GETRULE, |encoder, envelope| {
            encoder.rule(envelope, table, None, &[])
        });
        let mut orphan = false;
        let place = |(name, rule): (String, RuleImage)| match image
            .chains
            .iter_mut()
            .find(|chain| chain.name == name)
        {
            Some(chain) => chain.rules.push(rule),
            None => orphan = true, // Its chain is younger than our list of chains.
        };
        self.dump(
            "listing rules",
            libc::NFT_MSG_NEWRULE,
            &request,
            Decoder::rule,
            place,
        )?;
        self.torn |= orphan;
        Ok(())
    }

    fn sets(&mut self, image: &mut TableImage) -> Result<(), KernelError> {
        let table = self.table.name;
        let request = self.request(libc::NFT_MSG_GETSET, |encoder, envelope| {
            encoder.all_sets(envelope, table)
        });
        self.dump(
            "listing sets",
            libc::NFT_MSG_NEWSET,
            &request,
            Decoder::set,
            |set| image.sets.push(set),
        )
    }

    fn elements(&mut self, set: &mut SetImage) -> Result<(), KernelError> {
        const DOING: &str = "listing a set's elements";
        let name = set.name.clone();
        let table = self.table.name;
        let request = self.request(libc::NFT_MSG_GETSETELEM, |encoder, envelope| {
            encoder.elements(envelope, table, &name, &[])
        });
        let decoder = &mut self.decoder;
        let replies = self.socket.exchange(&request, |message| {
            if !is(message, libc::NFT_MSG_NEWSETELEM) {
                return Ok(());
            }
            decoder
                .elements(message.bytes, set)
                .map_err(unreadable(DOING))
        })?;
        self.finish_dump(DOING, replies)
    }

    /// A request for all of a kind (`NFT_MSG_GET*`) in the table's family.
    fn request(&self, kind: c_int, write: impl FnOnce(&mut Encoder, Envelope)) -> Vec<u8> {
        let family = self.table.family.number();
        request(family, kind, libc::NLM_F_DUMP, write)
    }

    /// Sends a dump request and hands what belongs to our table to `take`.
    fn dump<T>(
        &mut self,
        doing: &'static str,
        kind: c_int,
        request: &[u8],
        decode: impl Fn(&mut Decoder, &[u8]) -> Result<In<T>, Unreadable>,
        mut take: impl FnMut(T),
    ) -> Result<(), KernelError> {
        let (decoder, table) = (&mut self.decoder, self.table.name);
        let replies = self.socket.exchange(request, |message| {
            if is(message, kind) {
                let found = decode(decoder, message.bytes).map_err(unreadable(doing))?;
                if found.table == table {
                    take(found.item);
                }
            }
            Ok(())
        })?;
        self.finish_dump(doing, replies)
    }

    /// What is listed may vanish meanwhile: that tears the picture, and is no error.
    fn finish_dump(&mut self, doing: &'static str, replies: Replies) -> Result<(), KernelError> {
        self.torn |= replies.interrupted;
        match &replies.failure {
            Some((_, error))
                if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::EINTR)) =>
            {
                self.torn = true;
                Ok(())
            }
            None if !replies.complete => Err(KernelError::Answer {
                doing,
                what: "has no end",
            }),
            _ => refused(doing, replies),
        }
    }
}

/// Whether the table is there.
pub(super) fn has_table(socket: &mut NetfilterSocket, table: TableId) -> Result<bool, KernelError> {
    const DOING: &str = "listing tables";
    let request = request(
        table.family.number(),
        libc::NFT_MSG_GETTABLE,
        libc::NLM_F_DUMP,
        Encoder::bare,
    );
    let mut decoder = Decoder::new();
    let mut found = false;
    let replies = socket.exchange(&request, |message| {
        if is(message, libc::NFT_MSG_NEWTABLE) {
            let listed = decoder.table(message.bytes).map_err(unreadable(DOING))?;
            found |= listed.table == table.name;
        }
        Ok(())
    })?;
    refused(DOING, replies)?;
    Ok(found)
}
