//! The switches from outside: a Unix socket, one command a line, one line of answer.
//!
//! An answer begins with `ok` or `error`. Anybody who may connect to the socket may switch.

use crate::command::Command;
use crate::device::Device;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;

/// The longest command, in bytes.
const LINE_BYTES: u64 = 4096;

/// Listens at `path`, which is made; a socket that an earlier run left there is replaced. The
/// listening ends with the process.
pub fn serve(device: &Arc<Device>, path: &Path) -> io::Result<()> {
    if UnixStream::connect(path).is_ok() {
        let message = format!("{} is in use by another faultfs", path.display());
        return Err(io::Error::new(io::ErrorKind::AddrInUse, message));
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    let listener = UnixListener::bind(path)?;
    let device = device.clone();
    thread::Builder::new()
        .name("faultfs-control".to_owned())
        .spawn(move || {
            for connection in listener.incoming() {
                // One at a time is enough: a switch is quick.
                if let Err(error) = connection.and_then(|stream| answer(&device, &stream)) {
                    eprintln!("faultfs: a control connection failed: {error}");
                }
            }
        })?;
    Ok(())
}

/// Sends one command to the socket at `path`; what came of it.
pub fn send(path: &Path, command: &str) -> io::Result<Result<String, String>> {
    let mut stream = UnixStream::connect(path)?;
    writeln!(stream, "{}", command.trim())?;
    stream.shutdown(std::net::Shutdown::Write)?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let answer = answer.trim_end();
    Ok(match answer.split_once(' ') {
        Some(("ok", text)) => Ok(text.to_owned()),
        _ => Err(answer.strip_prefix("error ").unwrap_or(answer).to_owned()),
    })
}

/// Where the socket of a mount point is, if nothing else was said: beside it.
#[must_use]
pub fn default_socket(mount_point: &Path) -> PathBuf {
    let mut name = mount_point.as_os_str().to_owned();
    name.push(".faults");
    name.into()
}

fn answer(device: &Device, stream: &UnixStream) -> io::Result<()> {
    let mut lines = BufReader::new(stream);
    let mut line = String::new();
    loop {
        line.clear();
        if (&mut lines).take(LINE_BYTES).read_line(&mut line)? == 0 {
            return Ok(());
        }
        let command: Result<Command, _> = line.parse();
        let result = command.map_err(|error| error.to_string());
        let answer = match result.and_then(|command| command.run(device)) {
            Ok(text) => format!("ok {text}\n"),
            Err(text) => format!("error {text}\n"),
        };
        let mut writer = stream;
        writer.write_all(answer.as_bytes())?;
    }
}
