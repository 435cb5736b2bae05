//! Reading our table back.
//!
//! In: the socket. Out: a [`TableImage`] of one moment, or none. Blocking: see `socket`.
//!
//! The kernel has no request for "everything at one moment": tables, chains, rules, sets and
//! elements are separate dumps. The ruleset's generation is read before and after; if it moved, the
//! picture may be torn and is taken again. On a host where others change their tables all the time
//! it may always move: then two pictures in a row that are equal count as one moment.

use super::KernelError;
use super::message::Message;
use super::nft_sys::decode::{Decoder, In, Unreadable};
use super::nft_sys::encode::{Encoder, Envelope};
use super::socket::{NetfilterSocket, Replies};
use super::transaction::FAMILY;
use crate::host::ForeignChain;
use crate::image::{RuleImage, SetImage, TableImage};
use std::ffi::c_int;

/// How often a picture is taken before we give up.
const READ_ATTEMPTS: u32 = 8;
/// Requests are answered one at a time, so all have the same number.
const SEQUENCE: u32 = 1;

/// Reads one table.
pub(super) struct Reader<'a> {
    socket: &'a mut NetfilterSocket,
    decoder: Decoder,
    table: &'a str,
    /// Something in the current picture may not fit with the rest of it.
    torn: bool,
}

impl<'a> Reader<'a> {
    pub(super) fn new(socket: &'a mut NetfilterSocket, table: &'a str) -> Self {
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
            let image = self.picture()?;
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

    fn picture(&mut self) -> Result<Option<TableImage>, KernelError> {
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
        let request = request(FAMILY, libc::NFT_MSG_GETGEN, 0, Encoder::bare);
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
        let request = dump(libc::NFT_MSG_GETTABLE, Encoder::bare);
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
        let request = dump(libc::NFT_MSG_GETCHAIN, Encoder::bare);
        self.dump(
            "listing chains",
            libc::NFT_MSG_NEWCHAIN,
            &request,
            Decoder::chain,
            |chain| image.chains.push(chain),
        )
    }

    fn rules(&mut self, image: &mut TableImage) -> Result<(), KernelError> {
        let table = self.table;
        let request = dump(libc::NFT_MSG_GETRULE, |encoder, envelope| {
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
        let table = self.table;
        let request = dump(libc::NFT_MSG_GETSET, |encoder, envelope| {
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
        let table = self.table;
        let request = dump(libc::NFT_MSG_GETSETELEM, |encoder, envelope| {
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

    /// Sends a dump request and hands what belongs to our table to `take`.
    fn dump<T>(
        &mut self,
        doing: &'static str,
        kind: c_int,
        request: &[u8],
        decode: impl Fn(&mut Decoder, &[u8]) -> Result<In<T>, Unreadable>,
        mut take: impl FnMut(T),
    ) -> Result<(), KernelError> {
        let (decoder, table) = (&mut self.decoder, self.table);
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

fn is(message: Message<'_>, kind: c_int) -> bool {
    i32::from(message.kind) == libc::NFNL_SUBSYS_NFTABLES << 8 | kind
}

fn dump(kind: c_int, write: impl FnOnce(&mut Encoder, Envelope)) -> Vec<u8> {
    request(FAMILY, kind, libc::NLM_F_DUMP, write)
}

/// Whether there is a table of this name in another family.
pub(super) fn has_table(
    socket: &mut NetfilterSocket,
    family: c_int,
    name: &str,
) -> Result<bool, KernelError> {
    const DOING: &str = "listing tables of another family";
    let request = request(
        family,
        libc::NFT_MSG_GETTABLE,
        libc::NLM_F_DUMP,
        Encoder::bare,
    );
    let mut decoder = Decoder::new();
    let mut found = false;
    let replies = socket.exchange(&request, |message| {
        if is(message, libc::NFT_MSG_NEWTABLE) {
            let table = decoder.table(message.bytes).map_err(unreadable(DOING))?;
            found |= table.table == name;
        }
        Ok(())
    })?;
    refused(DOING, replies)?;
    Ok(found)
}

/// `NFT_TABLE_F_DORMANT`: its chains see no packets.
const TABLE_DORMANT: u32 = 1;

/// Every chain but those of our table, of tables that are not switched off.
pub(super) fn others(
    socket: &mut NetfilterSocket,
    ours: &str,
) -> Result<Vec<ForeignChain>, KernelError> {
    const DOING: &str = "listing others' chains";
    let mut decoder = Decoder::new();
    let mut others: Vec<ForeignChain> = Vec::new();
    let is_ours = |family: u8, table: &str| i32::from(family) == FAMILY && table == ours;
    let list = |kind| request(libc::NFPROTO_UNSPEC, kind, libc::NLM_F_DUMP, Encoder::bare);
    let mut dormant: Vec<(u8, String)> = Vec::new();
    let replies = socket.exchange(&list(libc::NFT_MSG_GETTABLE), |message| {
        if let Some(family) = family_of(message, libc::NFT_MSG_NEWTABLE) {
            let found = decoder.table(message.bytes).map_err(unreadable(DOING))?;
            if found.item & TABLE_DORMANT != 0 {
                dormant.push((family, found.table));
            }
        }
        Ok(())
    })?;
    refused(DOING, replies)?;
    let replies = socket.exchange(&list(libc::NFT_MSG_GETCHAIN), |message| {
        if let Some(family) = family_of(message, libc::NFT_MSG_NEWCHAIN) {
            let found = decoder.chain(message.bytes).map_err(unreadable(DOING))?;
            let is_asleep = dormant.contains(&(family, found.table.clone()));
            if !is_ours(family, &found.table) && !is_asleep {
                others.push(ForeignChain {
                    family,
                    table: found.table,
                    chain: found.item,
                });
            }
        }
        Ok(())
    })?;
    refused(DOING, replies)?;
    let replies = socket.exchange(&list(libc::NFT_MSG_GETRULE), |message| {
        if let Some(family) = family_of(message, libc::NFT_MSG_NEWRULE) {
            let found = decoder.rule(message.bytes).map_err(unreadable(DOING))?;
            let (name, rule) = found.item;
            let chain = others.iter_mut().find(|one| {
                one.family == family && one.table == found.table && one.chain.name == name
            });
            if let Some(chain) = chain {
                chain.chain.rules.push(rule);
            }
        }
        Ok(())
    })?;
    refused(DOING, replies)?;
    Ok(others)
}

/// Where a message has its family (`nfgenmsg`), in bytes.
const FAMILY_OFFSET: usize = 16;

fn family_of(message: Message<'_>, kind: c_int) -> Option<u8> {
    is(message, kind).then(|| message.bytes.get(FAMILY_OFFSET).copied())?
}

fn request(
    family: c_int,
    kind: c_int,
    flags: c_int,
    write: impl FnOnce(&mut Encoder, Envelope),
) -> Vec<u8> {
    let mut encoder = Encoder::new(family);
    write(
        &mut encoder,
        Envelope {
            kind,
            flags,
            sequence: SEQUENCE,
        },
    );
    encoder.finish()
}

fn unreadable(doing: &'static str) -> impl FnOnce(Unreadable) -> KernelError {
    move |Unreadable| KernelError::Answer {
        doing,
        what: "is not readable by libnftnl",
    }
}

fn refused(doing: &'static str, replies: Replies) -> Result<(), KernelError> {
    match replies.failure {
        Some((_, source)) => Err(KernelError::Refused {
            doing: doing.to_owned(),
            source,
        }),
        None => Ok(()),
    }
}
