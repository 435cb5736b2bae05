//! The device as the kernel's FUSE sees it: translation only.
//!
//! Files are opened for direct I/O and nothing may be cached (a lifetime of zero everywhere), so each
//! call of a program is a call here.

use crate::change::Kind;
use crate::device::{Attributes, Device};
use crate::refusal::Refusal;
use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation,
    INodeNo, LockOwner, OpenFlags, RenameFlags, ReplyAttr, ReplyCreate, ReplyData, ReplyDirectory,
    ReplyEmpty, ReplyEntry, ReplyOpen, ReplyStatfs, ReplyWrite, Request, TimeOrNow, WriteFlags,
};
use std::ffi::OsStr;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Nothing is cached.
const LIFETIME: Duration = Duration::ZERO;
const BLOCK: u32 = 4096;
/// How many blocks `df` shows: more than anybody will fill.
const BLOCKS: u64 = 1 << 20;

/// Answers the kernel for a device.
pub(crate) struct Adapter {
    device: Arc<Device>,
    /// Everything belongs to these.
    owner: (u32, u32),
}

impl Adapter {
    pub(crate) const fn new(device: Arc<Device>, owner: (u32, u32)) -> Self {
        Self { device, owner }
    }

    fn file_attr(&self, found: Attributes) -> FileAttr {
        let (kind, perm, nlink) = match found.kind {
            Kind::File => (FileType::RegularFile, 0o644, 1),
            Kind::Directory => (FileType::Directory, 0o755, 2),
        };
        FileAttr {
            ino: INodeNo(found.ino),
            size: found.size,
            blocks: found.size.div_ceil(512),
            atime: UNIX_EPOCH,
            mtime: UNIX_EPOCH,
            ctime: UNIX_EPOCH,
            crtime: UNIX_EPOCH,
            kind,
            perm,
            nlink,
            uid: self.owner.0,
            gid: self.owner.1,
            rdev: 0,
            blksize: BLOCK,
            flags: 0,
        }
    }

    fn entry(&self, result: Result<Attributes, Refusal>, reply: ReplyEntry) {
        match result {
            Ok(found) => reply.entry(&LIFETIME, &self.file_attr(found), Generation(0)),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn attr(&self, result: Result<Attributes, Refusal>, reply: ReplyAttr) {
        match result {
            Ok(found) => reply.attr(&LIFETIME, &self.file_attr(found)),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }
}

fn errno(refusal: Refusal) -> Errno {
    match refusal {
        Refusal::NotFound => Errno::ENOENT,
        Refusal::Exists => Errno::EEXIST,
        Refusal::NotADirectory => Errno::ENOTDIR,
        Refusal::IsADirectory => Errno::EISDIR,
        Refusal::NotEmpty => Errno::ENOTEMPTY,
        Refusal::NoSpace => Errno::ENOSPC,
        Refusal::Io => Errno::EIO,
        Refusal::NotSupported => Errno::EOPNOTSUPP,
    }
}

fn empty(result: Result<(), Refusal>, reply: ReplyEmpty) {
    match result {
        Ok(()) => reply.ok(),
        Err(refusal) => reply.error(errno(refusal)),
    }
}

fn opened(result: Result<u64, Refusal>, flags: FopenFlags, reply: ReplyOpen) {
    match result {
        Ok(handle) => reply.opened(FileHandle(handle), flags),
        Err(refusal) => reply.error(errno(refusal)),
    }
}

impl Filesystem for Adapter {
    fn lookup(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        self.entry(self.device.look_up(parent.0, name), reply);
    }

    fn getattr(&self, _: &Request, ino: INodeNo, _: Option<FileHandle>, reply: ReplyAttr) {
        self.attr(self.device.attributes(ino.0), reply);
    }

    /// Only the size can be set; that the rest is accepted keeps programs going.
    fn setattr(
        &self,
        _: &Request,
        ino: INodeNo,
        _mode: Option<u32>,
        _uid: Option<u32>,
        _gid: Option<u32>,
        size: Option<u64>,
        _atime: Option<TimeOrNow>,
        _mtime: Option<TimeOrNow>,
        _ctime: Option<SystemTime>,
        _: Option<FileHandle>,
        _crtime: Option<SystemTime>,
        _chgtime: Option<SystemTime>,
        _bkuptime: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let result = match size {
            Some(size) => self.device.resize(ino.0, size),
            None => self.device.attributes(ino.0),
        };
        self.attr(result, reply);
    }

    fn mkdir(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        reply: ReplyEntry,
    ) {
        self.entry(self.device.make(parent.0, name, Kind::Directory), reply);
    }

    fn unlink(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.device.remove(parent.0, name, Kind::File), reply);
    }

    fn rmdir(&self, _: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEmpty) {
        empty(self.device.remove(parent.0, name, Kind::Directory), reply);
    }

    fn rename(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        new_parent: INodeNo,
        new_name: &OsStr,
        flags: RenameFlags,
        reply: ReplyEmpty,
    ) {
        let result = if flags.is_empty() {
            let (from, to) = ((parent.0, name), (new_parent.0, new_name));
            self.device.rename(from, to)
        } else {
            Err(Refusal::NotSupported)
        };
        empty(result, reply);
    }

    fn create(
        &self,
        _: &Request,
        parent: INodeNo,
        name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        let made = self.device.make(parent.0, name, Kind::File);
        let made = made.and_then(|found| Ok((found, self.device.open(found.ino)?)));
        match made {
            Ok((found, handle)) => reply.created(
                &LIFETIME,
                &self.file_attr(found),
                Generation(0),
                FileHandle(handle),
                FopenFlags::FOPEN_DIRECT_IO,
            ),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn open(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        opened(self.device.open(ino.0), FopenFlags::FOPEN_DIRECT_IO, reply);
    }

    fn read(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        size: u32,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyData,
    ) {
        match self.device.read(handle.0, offset, size) {
            Ok(data) => reply.data(&data),
            Err(refusal) => reply.error(errno(refusal)),
        }
    }

    fn write(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        offset: u64,
        data: &[u8],
        _: WriteFlags,
        _: OpenFlags,
        _: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        match (
            self.device.write(handle.0, offset, data),
            u32::try_from(data.len()),
        ) {
            (Ok(()), Ok(written)) => reply.written(written),
            (Ok(()), Err(_)) => reply.error(Errno::EFBIG),
            (Err(refusal), _) => reply.error(errno(refusal)),
        }
    }

    /// At each close. It makes nothing durable.
    fn flush(&self, _: &Request, _: INodeNo, _: FileHandle, _: LockOwner, reply: ReplyEmpty) {
        reply.ok();
    }

    fn release(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        _: Option<LockOwner>,
        _: bool,
        reply: ReplyEmpty,
    ) {
        self.device.close(handle.0);
        reply.ok();
    }

    /// fdatasync too: the size is what it must keep beside the data, and there is nothing else.
    fn fsync(&self, _: &Request, _: INodeNo, handle: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(self.device.sync_file(handle.0), reply);
    }

    fn opendir(&self, _: &Request, ino: INodeNo, _: OpenFlags, reply: ReplyOpen) {
        opened(
            self.device.open_directory(ino.0),
            FopenFlags::empty(),
            reply,
        );
    }

    fn readdir(
        &self,
        _: &Request,
        ino: INodeNo,
        handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        let listing = match self.device.list(handle.0) {
            Ok(listing) => listing,
            Err(refusal) => return reply.error(errno(refusal)),
        };
        let own = [".", ".."].map(|name| (name.into(), ino.0, Kind::Directory));
        let entries = own.into_iter().chain(listing).zip(1..);
        let skipped = usize::try_from(offset).unwrap_or(usize::MAX);
        for ((name, ino, kind), next) in entries.skip(skipped) {
            if reply.add(INodeNo(ino), next, file_type(kind), &name) {
                break;
            }
        }
        reply.ok();
    }

    fn releasedir(
        &self,
        _: &Request,
        _: INodeNo,
        handle: FileHandle,
        _: OpenFlags,
        reply: ReplyEmpty,
    ) {
        self.device.close(handle.0);
        reply.ok();
    }

    fn fsyncdir(&self, _: &Request, ino: INodeNo, handle: FileHandle, _: bool, reply: ReplyEmpty) {
        empty(self.device.sync_directory(handle.0, ino.0), reply);
    }

    fn statfs(&self, _: &Request, _: INodeNo, reply: ReplyStatfs) {
        reply.statfs(
            BLOCKS,
            BLOCKS / 2,
            BLOCKS / 2,
            BLOCKS,
            BLOCKS / 2,
            BLOCK,
            255,
            BLOCK,
        );
    }
}

const fn file_type(kind: Kind) -> FileType {
    match kind {
        Kind::File => FileType::RegularFile,
        Kind::Directory => FileType::Directory,
    }
}
