//! The log of changes, one line of JSON each.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::control::Entry;

/// So much of the log's end is shown, in bytes.
const SHOWN: u64 = 256 * 1024;

/// The log, in a file or, without one, in memory.
pub(super) struct Audit {
    place: Place,
    /// The line that was written last, so that trying it again does not write it again.
    last: Option<Entry>,
}

enum Place {
    File(PathBuf, File),
    Memory(Vec<String>),
}

impl Audit {
    /// Opens, or begins, the log.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, String> {
        let Some(path) = path else { return Ok(Self { place: Place::Memory(Vec::new()), last: None }) };
        let open = || -> io::Result<File> {
            let mut file = OpenOptions::new().create(true).read(true).append(true).open(path)?;
            begin_line(&mut file)?;
            Ok(file)
        };
        let file = open().map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { place: Place::File(path.into(), file), last: None })
    }

    /// Appends a line, unless it is the last one already; when this returns it is on the disk.
    ///
    /// # Errors
    /// If it could not be written, or not be synced. It may be tried again.
    pub(super) fn append(&mut self, entry: &Entry) -> io::Result<()> {
        let is_last = self.last.as_ref().is_some_and(|last| last.tells_the_same(entry));
        let line = serde_json::to_string(entry)?;
        match &mut self.place {
            Place::File(_, file) => {
                if !is_last {
                    begin_line(file)?;
                    file.write_all(format!("{line}\n").as_bytes())?;
                    self.last = Some(entry.clone());
                }
                file.sync_data()
            }
            Place::Memory(lines) => {
                if !is_last {
                    // A person reads this; a thousand changes are months.
                    if lines.len() == 1000 {
                        lines.remove(0);
                    }
                    lines.push(line);
                    self.last = Some(entry.clone());
                }
                Ok(())
            }
        }
    }

    /// The newest lines, the oldest of them first. What is not UTF-8 in them is replaced.
    pub(super) fn read(&self) -> io::Result<String> {
        match &self.place {
            Place::File(path, _) => {
                let mut file = File::open(path)?;
                let length = file.metadata()?.len();
                file.seek(SeekFrom::Start(length.saturating_sub(SHOWN)))?;
                let mut bytes = Vec::new();
                // A device may have no end.
                file.take(2 * SHOWN).read_to_end(&mut bytes)?;
                let newline = bytes.iter().position(|byte| *byte == b'\n');
                let cut = if length > SHOWN { newline.map_or(0, |at| at + 1) } else { 0 };
                Ok(String::from_utf8_lossy(&bytes[cut..]).into_owned())
            }
            Place::Memory(lines) => Ok(lines.iter().map(|line| format!("{line}\n")).collect()),
        }
    }
}

/// Ends a line that a crash or a full disk cut off, so that it does not swallow the next.
fn begin_line(file: &mut File) -> io::Result<()> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(());
    }
    let mut last = [0];
    file.seek(SeekFrom::End(-1))?;
    file.read_exact(&mut last)?;
    if last == *b"\n" { Ok(()) } else { file.write_all(b"\n") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::Share;
    use crate::server::control::Change;

    fn path(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("companion-audit-{name}-{}", std::process::id()));
        let _ = std::fs::remove_file(&path);
        path
    }

    fn entry(at_s: u64, revision: u64, reason: &str) -> Entry {
        Change::Clear { reason: reason.into() }.entry(at_s, revision, Share::NONE, Share::NONE)
    }

    #[test]
    fn a_line_that_was_cut_off_swallows_nothing_and_none_comes_twice() {
        let path = path("torn");
        let mut audit = Audit::open(Some(&path)).unwrap();
        audit.append(&entry(1, 1, "one")).unwrap();
        // The disk is full in the middle of a line.
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"at_s\":2").unwrap();
        let Place::File(_, file) = &mut audit.place else { panic!("a file") };
        let good = std::mem::replace(file, File::open(&path).unwrap());
        assert!(audit.append(&entry(2, 2, "two")).is_err());
        let Place::File(_, file) = &mut audit.place else { panic!("a file") };
        *file = good;
        for at_s in [2, 3, 4] {
            audit.append(&entry(at_s, 2, "two")).unwrap();
        }
        audit.append(&entry(4, 2, "another try")).unwrap();
        let text = audit.read().unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{text}");
        assert_eq!(lines[1], "{\"at_s\":2");
        assert!(lines[2].contains("\"two\"") && lines[3].contains("another try"), "{text}");
        std::fs::remove_file(path).unwrap();
    }

    #[test]
    fn the_end_of_a_long_log_begins_with_a_whole_line() {
        let path = path("long");
        // Lines of 2 bytes a character: wherever the cut is, at one of two lengths it is within one.
        for more in 0..2 {
            let line = "\u{e9}".repeat(500);
            let text = format!("{line}\n").repeat(400) + &"x".repeat(more) + "\n";
            std::fs::write(&path, text).unwrap();
            let shown = Audit::open(Some(&path)).unwrap().read().unwrap();
            assert!(shown.starts_with(&line) && shown.len() as u64 <= SHOWN);
        }
        std::fs::write(&path, b"a\xFFb\n").unwrap();
        assert_eq!(Audit::open(Some(&path)).unwrap().read().unwrap(), "a\u{FFFD}b\n");
        std::fs::remove_file(path).unwrap();
    }
}
