//! One file that is whole at any moment, and a log that may lose its last line.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::control::Control;
use super::counters::Counters;
use crate::decision::Window;

/// What is kept from one run to the next.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Kept {
    pub(super) version: u32,
    /// Whose state it is: the rollout's flag and salt. Older files do not say.
    #[serde(default)]
    pub(super) flag: Option<String>,
    #[serde(default)]
    pub(super) salt: Option<String>,
    /// Under which the windows are shared with other replicas.
    pub(super) replica: String,
    pub(super) control: Control,
    pub(super) counters: Counters,
    pub(super) windows: Vec<Window>,
}

/// The version of the file that is written and read.
pub(super) const VERSION: u32 = 1;

/// A file of two lines: the SHA-256 of the second, and JSON.
pub(super) struct StateFile {
    path: PathBuf,
}

impl StateFile {
    pub(super) fn new(path: &Path) -> Self {
        Self { path: path.into() }
    }

    /// What the file holds; `None` where there is none yet.
    ///
    /// # Errors
    /// If it cannot be read or is not whole: nobody can say then whether a rollback is latched. Also if it is
    /// of another rollout, whose stage and latch say nothing of this one.
    pub(super) fn load(&self, flag: &str, salt: &str) -> Result<Option<Kept>, String> {
        let path = self.path.display();
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(format!("{path}: {error}")),
        };
        let way_out = "the stage and a latched rollback are unknown; look at the audit log, \
            put the file aside, start again with stage DISABLED and set the stage anew";
        let whole = text.split_once('\n').filter(|(sum, json)| *sum == checksum(json.as_bytes()));
        let Some((_, json)) = whole else { return Err(format!("{path} is not whole: {way_out}")) };
        let kept: Kept = serde_json::from_str(json).map_err(|error| format!("{path}: {error}: {way_out}"))?;
        if kept.version != VERSION {
            return Err(format!("{path} is of version {}, want {VERSION}: {way_out}", kept.version));
        }
        for (what, own, want) in [("flag", &kept.flag, flag), ("salt", &kept.salt, salt)] {
            if let Some(own) = own.as_deref().filter(|own| *own != want) {
                return Err(format!(
                    "{path} is of the {what} {own:?}, and the rollout is of the {what} {want:?}: \
                     give another --state, or remove the file if its stage and latch may be forgotten"
                ));
            }
        }
        Ok(Some(kept))
    }

    /// Writes the file anew: at any moment there is the old one or the new one, and when this returns the
    /// new one is on the disk.
    pub(super) fn save(&self, kept: &Kept) -> io::Result<()> {
        let json = serde_json::to_string(kept)?;
        let temporary = self.path.with_added_extension("new");
        let mut file = File::create(&temporary)?;
        file.write_all(format!("{}\n{json}", checksum(json.as_bytes())).as_bytes())?;
        file.sync_all()?;
        fs::rename(&temporary, &self.path)?;
        // A rename is on the disk only when its directory is.
        let parent = self.path.parent().filter(|parent| !parent.as_os_str().is_empty());
        File::open(parent.unwrap_or(Path::new(".")))?.sync_all()
    }
}

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A window log of this size, in bytes, is put aside as `.old`: about a week's.
const LARGEST_LOG: u64 = 32 << 20;

/// What decisions were made on, for `companion replay`: one line of JSON for each window and change.
pub(super) struct WindowLog {
    path: PathBuf,
}

impl WindowLog {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Appends lines. They are for people who look back, so that they need not be on the disk at once.
    pub(super) fn append(&self, lines: &str) -> io::Result<()> {
        if fs::metadata(&self.path).is_ok_and(|old| old.len() > LARGEST_LOG) {
            fs::rename(&self.path, self.path.with_added_extension("old"))?;
        }
        OpenOptions::new().create(true).append(true).open(&self.path)?.write_all(lines.as_bytes())
    }
}
