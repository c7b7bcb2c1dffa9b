//! Which folders are served, and at which paths.

use std::path::PathBuf;

use super::beacons;

/// Paths that have an answer of their own.
const TAKEN: [&str; 5] = ["/rollout.json", "/metrics", "/healthz", "/readyz", beacons::PATH];

/// Folders by their paths: `DIR`, which is `/`, or `PATH=DIR`.
///
/// # Errors
/// If a path cannot be one, is taken, or is said twice, and if a folder is none.
pub(super) fn parse(options: &[String]) -> Result<Vec<(String, PathBuf)>, String> {
    let mut folders: Vec<(String, PathBuf)> = Vec::new();
    for text in options {
        let (path, folder) = text.split_once('=').unwrap_or(("/", text));
        let refuse = |why: String| Err(format!("--site {text}: {why}"));
        let Some(path) = plain(path) else {
            return refuse(format!(
                "the path is {path}, want / or names of a-z, A-Z, 0-9, -, _, ~ and . with a / before each"
            ));
        };
        if TAKEN.contains(&path.as_str()) {
            return refuse(format!("the path is {path}, want another: the server answers it itself"));
        }
        if let Some((_, first)) = folders.iter().find(|(other, _)| *other == path) {
            return refuse(format!("{path} is {} already, want each path once", first.display()));
        }
        let folder = PathBuf::from(folder);
        if !folder.is_dir() {
            return refuse(format!("{} is no folder", folder.display()));
        }
        folders.push((path, folder));
    }
    Ok(folders)
}

/// A path as the router takes it, without a `/` at its end; `None` for what would mean something else to the
/// router, or that browsers never ask for.
fn plain(path: &str) -> Option<String> {
    let names = path.strip_prefix('/')?;
    let names = names.strip_suffix('/').unwrap_or(names);
    if path == "/" {
        return Some(path.into());
    }
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_~.".contains(&byte);
    let is_name = |name: &str| !matches!(name, "" | "." | "..") && name.bytes().all(is_plain);
    names.split('/').all(is_name).then(|| format!("/{names}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_plain_free_and_said_once() {
        let parse = |words: &[&str]| parse(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        let good = parse(&[".", "/a/=.", "/a/b=.", "/v1.2/~x_y-z=."]).unwrap();
        let paths: Vec<&str> = good.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["/", "/a", "/a/b", "/v1.2/~x_y-z"]);
        for bad in ["//=.", "a=.", "=.", "/a//b=.", "/{a}=.", "/*a=.", "/:a=.", "/../a=.", "/a b=."] {
            let error = parse(&[bad]).unwrap_err();
            assert!(error.starts_with(&format!("--site {bad}: the path is ")), "{error}");
        }
        for taken in ["/metrics=.", "/metrics/=.", "/v1/beacons=."] {
            assert!(parse(&[taken]).unwrap_err().contains("answers it itself"));
        }
        for twice in [["/a=.", "/a=."], ["/a=.", "/a/=."], [".", "/=."]] {
            assert!(parse(&twice).unwrap_err().contains("already"));
        }
    }
}
