//! Which pictures a command line names, and where each result goes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use featheredge::error::{Error, ErrorKind, Result};

use crate::output::Inputs;

/// The endings by which a folder's pictures are known; a file named by itself may have any.
const ENDINGS: [&str; 9] = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "jfif"];

/// One picture of a batch.
pub(crate) struct Job {
    pub(crate) picture: PathBuf,
    pub(crate) output: PathBuf,
}

/// The jobs for `paths`, files and folders, in order; what is wrong with a path stands in its place. No result may
/// replace any of the pictures, or of the `other` files that are read.
pub(crate) fn jobs(paths: &[PathBuf], other: &[&Path], out_dir: &Path) -> Vec<(PathBuf, Result<Job>)> {
    let found: Vec<(PathBuf, Result<()>)> = paths
        .iter()
        .flat_map(|path| match pictures(path) {
            Ok(pictures) => pictures.into_iter().map(|picture| (picture, Ok(()))).collect(),
            Err(error) => vec![(path.clone(), Err(error))],
        })
        .collect();
    let inputs = Inputs::new(found.iter().map(|(picture, _)| picture.as_path()).chain(other.iter().copied()));
    let mut taken = HashMap::<PathBuf, PathBuf>::new();
    found
        .into_iter()
        .map(|(path, found)| {
            let job = found.and_then(|()| job(&path, &inputs, out_dir, &mut taken));
            (path, job)
        })
        .collect()
}

/// The picture itself, or the pictures of a folder by name.
fn pictures(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable =
        |error: std::io::Error| Error::new(ErrorKind::Fetch, format!("cannot list the folder: {error}"));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let ending = file.extension().and_then(|ending| ending.to_str()).map(str::to_lowercase);
        if file.is_file() && ending.is_some_and(|ending| ENDINGS.contains(&ending.as_str())) {
            found.push(file);
        }
    }
    if found.is_empty() {
        return Err(Error::invalid(format!(
            "folder holds no picture, want files ending in {}",
            ENDINGS.join(", ")
        )));
    }
    found.sort();
    Ok(found)
}

/// Nothing is overwritten that this batch reads or has written.
fn job(
    picture: &Path,
    inputs: &Inputs,
    out_dir: &Path,
    taken: &mut HashMap<PathBuf, PathBuf>,
) -> Result<Job> {
    let stem = picture.file_stem().ok_or_else(|| Error::invalid("path names no file, want a picture"))?;
    let mut name = stem.to_owned();
    name.push(".png");
    let output = out_dir.join(name);
    inputs.spare(&output)?;
    if let Some(other) = taken.insert(output.clone(), picture.to_owned()) {
        let error = format!(
            "result {} is that of {} already, want pictures of different names",
            output.display(),
            other.display()
        );
        taken.insert(output, other);
        return Err(Error::invalid(error));
    }
    Ok(Job { picture: picture.to_owned(), output })
}
