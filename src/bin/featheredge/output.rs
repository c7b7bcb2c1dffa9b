//! Results as files: whole or not at all, and never in the place of what is read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use featheredge::error::{Error, ErrorKind, Result};

/// Files that are read, which no result may replace.
pub(crate) struct Inputs(Vec<PathBuf>);

impl Inputs {
    /// Those of `paths` that are there.
    pub(crate) fn new<'a>(paths: impl IntoIterator<Item = &'a Path>) -> Self {
        Self(paths.into_iter().filter_map(|path| path.canonicalize().ok()).collect())
    }

    /// # Errors
    /// `InvalidInput` if `output` is one of them.
    pub(crate) fn spare(&self, output: &Path) -> Result<()> {
        let Ok(place) = output.canonicalize() else { return Ok(()) };
        match self.0.contains(&place) {
            true => Err(Error::invalid(format!(
                "result would overwrite {}, which is read, want another place with -o",
                output.display()
            ))),
            false => Ok(()),
        }
    }
}

/// Writes a file beside its place and moves it there, so that a failure leaves what was there before.
///
/// # Errors
/// `Fetch` if it cannot be written.
pub(crate) fn write(output: &Path, bytes: &[u8]) -> Result<()> {
    let unwritable = |error: std::io::Error| {
        Error::new(ErrorKind::Fetch, format!("cannot write {}: {error}", output.display()))
    };
    // A link stays one, and what is no file, such as a pipe, is written to as it is.
    let place = output.canonicalize().unwrap_or_else(|_| output.to_owned());
    if place.exists() && !place.is_file() {
        return std::fs::write(&place, bytes).map_err(unwritable);
    }
    let mut name = OsString::from(".");
    name.push(place.file_name().unwrap_or_default());
    name.push(format!(".{}", std::process::id()));
    let beside = place.with_file_name(name);
    let moved = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, &place));
    moved.map_err(|error| {
        // If this fails as well, there is nothing more to be done.
        let _ = std::fs::remove_file(&beside);
        unwritable(error)
    })
}
