//! Models of a hub: downloaded into its cache, or found there when the network is away.
//!
//! The cache is the one that all Hugging Face tools share; `HF_HOME`, `HF_HUB_CACHE`,
//! `HF_ENDPOINT`, `HF_TOKEN` and `HF_HUB_OFFLINE` mean what they mean to them.

use std::env;
use std::error::Error;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::mpsc::{self, Sender};
use std::thread;
use std::time::Duration;

use hf_hub::progress::{Progress, ProgressEvent, ProgressHandler};
use hf_hub::{HFClient, HFError, HFResult};

use super::{CONFIG_FILE, Files, ModelError, TOKENIZER_FILE, WEIGHTS_FILE};
use crate::checksum::sha256;

/// How often a request is repeated, and the wait before the first repetition is twice the delay.
const RETRIES: usize = 2;
const RETRY_DELAY: Duration = Duration::from_millis(200);
/// A hub that has not answered by then counts as out of reach.
const FIRST_ANSWER: Duration = Duration::from_secs(10);
/// A download that stands still for so long has failed.
const STANDSTILL: Duration = Duration::from_secs(120);
/// Longest owner or name on the hub.
const MAX_NAME: usize = 96;

/// A model on a hub, optionally at a branch, tag or commit: `owner/name` or `owner/name@revision`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubId {
    owner: String,
    name: String,
    revision: Option<String>,
}

/// The text does not name a model on a hub.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "no hub id: expected owner/name or owner/name@revision, of letters, digits, '-', '_' and '.'"
)]
pub struct HubIdError;

impl FromStr for HubId {
    type Err = HubIdError;

    fn from_str(text: &str) -> Result<Self, HubIdError> {
        let (path, revision) = match text.split_once('@') {
            Some((path, revision)) => (path, Some(revision)),
            None => (text, None),
        };
        let (owner, name) = path.split_once('/').ok_or(HubIdError)?;
        if !is_name(owner) || !is_name(name) || !revision.is_none_or(is_revision) {
            return Err(HubIdError);
        }
        Ok(Self { owner: owner.into(), name: name.into(), revision: revision.map(Into::into) })
    }
}

impl fmt::Display for HubId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)?;
        self.revision.as_ref().map_or(Ok(()), |revision| write!(f, "@{revision}"))
    }
}

/// The hub's own rule for owners and names.
fn is_name(text: &str) -> bool {
    let is_edge = |c: char| c == '-' || c == '.';
    (1..=MAX_NAME).contains(&text.len())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
        && !text.starts_with(is_edge)
        && !text.ends_with(is_edge)
        && !text.contains("..")
        && !text.contains("--")
}

/// What can be a branch, tag or commit and stays inside the cache as a path.
fn is_revision(text: &str) -> bool {
    let is_part = |part: &str| {
        !part.is_empty()
            && !part.starts_with(['.', '-'])
            && !part.contains("..")
            && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.+".contains(c))
    };
    text.len() <= 255 && text.split('/').all(is_part)
}

/// The files of a model on a hub.
///
/// The hub is asked first. When it cannot be reached, or `HF_HUB_OFFLINE` is set, what the cache
/// holds is taken.
///
/// # Errors
/// [`ModelError::Hub`] when neither has the model, or a file does not have its checksum.
pub fn fetch(id: &HubId) -> Result<Files, ModelError> {
    Ok(pull(id)?.1)
}

/// As [`fetch`], with the folder of the cache that holds the files.
///
/// # Errors
/// As [`fetch`].
pub fn pull(id: &HubId) -> Result<(PathBuf, Files), ModelError> {
    let folder = snapshot(id)?;
    let files = Files::read(&folder)?;
    for (name, bytes) in [
        (CONFIG_FILE, &files.config),
        (WEIGHTS_FILE, &files.weights),
        (TOKENIZER_FILE, &files.tokenizer),
    ] {
        verify(id, &folder.join(name), bytes)?;
    }
    Ok((folder, files))
}

/// The folder of the cache with all files of the model.
fn snapshot(id: &HubId) -> Result<PathBuf, ModelError> {
    let failed = |message: String| ModelError::Hub { id: id.to_string(), message };
    let cache = hf_hub::resolve_cache_dir();
    if is_offline() {
        return cached(id, &cache).ok_or_else(|| {
            failed(format!(
                "HF_HUB_OFFLINE is set and {} does not hold all its files; unset it to download \
                 them, or name a folder with the model",
                cache.display()
            ))
        });
    }
    download(id).or_else(|error| match refusal(&error) {
        Some(message) => Err(failed(message)),
        None => cached(id, &cache).ok_or_else(|| {
            failed(format!(
                "no download ({}), and {} does not hold all its files; try again with a network, \
                 or name a folder with the model",
                root_cause(&error),
                cache.display()
            ))
        }),
    })
}

/// Whether `HF_HUB_OFFLINE` forbids the network.
fn is_offline() -> bool {
    let value = env::var("HF_HUB_OFFLINE").unwrap_or_default().to_ascii_lowercase();
    ["1", "on", "yes", "true"].contains(&value.as_str())
}

/// The folder of the cache with all files of the model, if it has them all. The client could tell
/// too, but it cannot be built where the system has no certificates, as in a bare container.
fn cached(id: &HubId, cache: &Path) -> Option<PathBuf> {
    let repository = cache.join(format!("models--{}--{}", id.owner, id.name));
    let revision = id.revision.as_deref().unwrap_or("main");
    let commit = fs::read_to_string(repository.join("refs").join(revision));
    let commit = commit.as_deref().map_or(revision, str::trim);
    let folder = repository.join("snapshots").join(commit);
    let is_there = |name: &str| folder.join(name).exists();
    [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE].into_iter().all(is_there).then_some(folder)
}

/// Asks the hub, and returns the folder with all files. The commit that the first one comes from
/// holds for the others, so that a push in between cannot mix two models.
fn resolve(id: &HubId, progress: &Progress) -> HFResult<PathBuf> {
    let client = HFClient::builder()
        .user_agent(concat!("fineprint/", env!("CARGO_PKG_VERSION")))
        .retry_max_attempts(RETRIES)
        .retry_base_delay(RETRY_DELAY)
        .build_sync()?;
    let model = client.model(&id.owner, &id.name);
    let get = |name: &str, revision: Option<String>| {
        model
            .download_file()
            .filename(name)
            .maybe_revision(revision)
            .progress(progress.clone())
            .send()
    };
    let mut folder = get(CONFIG_FILE, id.revision.clone())?;
    folder.pop();
    let commit = folder.file_name().map(|name| name.to_string_lossy().into_owned());
    for name in [WEIGHTS_FILE, TOKENIZER_FILE] {
        get(name, commit.clone())?;
    }
    Ok(folder)
}

/// What the thread that downloads tells.
enum Sign {
    Alive,
    Ended(HFResult<PathBuf>),
}

struct Heartbeat(Sender<Sign>);

impl ProgressHandler for Heartbeat {
    fn on_progress(&self, _: &ProgressEvent) {
        // Nobody listens any more once the download was given up.
        let _ = self.0.send(Sign::Alive);
    }
}

/// Downloads what the cache lacks. The client has no time-outs of its own, so a silent network
/// is noticed here; the thread that waits for it is left to end with the process.
fn download(id: &HubId) -> HFResult<PathBuf> {
    let (tell, signs) = mpsc::channel();
    let owned = id.clone();
    thread::spawn(move || {
        let progress = Progress::new(Heartbeat(tell.clone()));
        // As above.
        let _ = tell.send(Sign::Ended(resolve(&owned, &progress)));
    });
    let mut patience = FIRST_ANSWER;
    loop {
        match signs.recv_timeout(patience) {
            Ok(Sign::Alive) => patience = STANDSTILL,
            Ok(Sign::Ended(result)) => return result,
            Err(_) => {
                let seconds = patience.as_secs();
                return Err(HFError::Other(format!("no answer for {seconds} seconds")));
            }
        }
    }
}

/// The hub's "no", which no cached copy may hide; `None` for whatever else went wrong.
fn refusal(error: &HFError) -> Option<String> {
    match error {
        HFError::EntryNotFound { path, .. } => Some(format!(
            "the hub has no {path} of it; check the name and the revision, and the path if it is \
             a folder"
        )),
        HFError::RepoNotFound { .. } | HFError::RevisionNotFound { .. } => Some(
            "the hub does not have it; check the name and the revision, and the path if it is a \
             folder"
                .to_owned(),
        ),
        HFError::AuthRequired { .. } | HFError::Forbidden { .. } => Some(
            "the hub does not have it or does not show it to everyone; check the name, and the \
             path if it is a folder, or put a token that may read it into HF_TOKEN"
                .to_owned(),
        ),
        _ => None,
    }
}

/// The innermost cause: the outer ones only repeat the address.
fn root_cause(error: &HFError) -> String {
    let mut cause: &dyn Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    cause.to_string()
}

/// Large files of the cache are links to files named by their SHA-256.
fn verify(id: &HubId, path: &Path, bytes: &[u8]) -> Result<(), ModelError> {
    let Ok(blob) = fs::canonicalize(path) else { return Ok(()) };
    let stated = blob.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    if !is_sha256(&stated) || *stated == sha256(bytes) {
        return Ok(());
    }
    let name = path.file_name().map(|name| name.to_string_lossy()).unwrap_or_default();
    Err(ModelError::Hub {
        id: id.to_string(),
        message: format!(
            "{name} does not have the checksum that the hub states; remove {} and run the command \
             again",
            blob.display()
        ),
    })
}

fn is_sha256(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_an_owner_a_name_and_maybe_a_revision() {
        let id: HubId = "some-org/tiny_model-1.5".parse().unwrap();
        assert_eq!((id.owner.as_str(), id.name.as_str()), ("some-org", "tiny_model-1.5"));
        assert_eq!(id.revision, None);
        for text in ["org/tiny", "org/tiny@v1.0", "org/tiny@refs/pr/3", "o/t@feature_x+1"] {
            assert_eq!(text.parse::<HubId>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn paths_and_tricks_are_no_ids() {
        let wrong = "|/|tiny|org/|/tiny|./tiny|../tiny|org/..|org/a..b|a/b/c|org/tiny@|\
            org/tiny@..|org/tiny@a/../b|org/tiny@/a|org/tiny@a/|org/tiny@a@b|org/tiny@a\\b|\
            org/ti ny|org/tiny.|-org/tiny|org/a--b|örg/tiny|C:\\a/b|org/tiny?x|org/tiny#x|~/model";
        for text in wrong.split('|') {
            assert_eq!(text.parse::<HubId>(), Err(HubIdError), "{text}");
        }
        assert!(format!("org/{}", "x".repeat(97)).parse::<HubId>().is_err());
    }

    #[test]
    fn the_cache_must_hold_all_files() {
        let cache = tempfile::tempdir().unwrap();
        let id = "org/tiny@refs/pr/3".parse().unwrap();
        let repository = cache.path().join("models--org--tiny");
        let folder = repository.join("snapshots").join("c0ffee");
        fs::create_dir_all(&folder).unwrap();
        fs::create_dir_all(repository.join("refs/refs/pr")).unwrap();
        fs::write(repository.join("refs/refs/pr/3"), "c0ffee\n").unwrap();
        for name in [CONFIG_FILE, WEIGHTS_FILE, TOKENIZER_FILE] {
            assert_eq!(cached(&id, cache.path()), None);
            fs::write(folder.join(name), "").unwrap();
        }
        assert_eq!(cached(&id, cache.path()), Some(folder.clone()));
        assert_eq!(cached(&"org/tiny@c0ffee".parse().unwrap(), cache.path()), Some(folder));
        assert_eq!(cached(&"org/tiny".parse().unwrap(), cache.path()), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_another_content_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let id = "org/tiny".parse().unwrap();
        let path = folder.path().join(WEIGHTS_FILE);
        let blob = folder.path().join(sha256(b"weights"));
        fs::write(&blob, "").unwrap();
        std::os::unix::fs::symlink(&blob, &path).unwrap();
        assert!(verify(&id, &path, b"weights").is_ok());
        let told = verify(&id, &path, b"weight").unwrap_err().to_string();
        for part in ["org/tiny", WEIGHTS_FILE, "checksum", &blob.display().to_string()] {
            assert!(told.contains(part), "{part}: {told}");
        }
    }

    #[test]
    fn a_file_named_otherwise_has_no_checksum() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(WEIGHTS_FILE);
        fs::write(&path, "").unwrap();
        assert!(verify(&"org/tiny".parse().unwrap(), &path, b"anything").is_ok());
    }
}
