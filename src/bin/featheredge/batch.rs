//! Which pictures a command line names, and where each result goes.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use featheredge::error::{Error, ErrorKind, Result};

/// The endings by which a folder's pictures are known; a file named by itself may have any.
const ENDINGS: [&str; 9] = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "jfif"];

/// One picture of a batch.
pub(crate) struct Job {
    pub(crate) picture: PathBuf,
    pub(crate) output: PathBuf,
}

/// The jobs for `paths`, files and folders, in order; what is wrong with a path stands in its place.
pub(crate) fn jobs(paths: &[PathBuf], out_dir: &Path) -> Vec<(PathBuf, Result<Job>)> {
    let mut taken = HashMap::<PathBuf, PathBuf>::new();
    let mut jobs = Vec::new();
    for path in paths {
        match pictures(path) {
            Ok(pictures) => {
                for picture in pictures {
                    let job = job(&picture, out_dir, &mut taken);
                    jobs.push((picture, job));
                }
            }
            Err(error) => jobs.push((path.clone(), Err(error))),
        }
    }
    jobs
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
fn job(picture: &Path, out_dir: &Path, taken: &mut HashMap<PathBuf, PathBuf>) -> Result<Job> {
    let stem = picture.file_stem().ok_or_else(|| Error::invalid("path names no file, want a picture"))?;
    let mut name = stem.to_owned();
    name.push(".png");
    let output = out_dir.join(name);
    if output.exists() && same_file(&output, picture) {
        return Err(Error::invalid(format!(
            "result would overwrite the picture {}, want another folder with -o",
            output.display()
        )));
    }
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

fn same_file(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}
