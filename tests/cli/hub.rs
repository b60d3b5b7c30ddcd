//! Models of a hub, which a server on this machine stands in for.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::work::{Work, stderr, text};

const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
const FILES: [&str; 3] = ["config.json", "model.safetensors", "tokenizer.json"];
const SENTENCE: &str = "We share data with our bank.";

/// Serves `org/tiny` until it is dropped.
struct Hub {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

type Served = BTreeMap<String, Vec<u8>>;

impl Hub {
    /// With the files of the model in the folder.
    fn start(work: &Work) -> Self {
        let files: Served =
            FILES.map(|name| (name.to_owned(), work.read(&format!("model/{name}")))).into();
        let files = Arc::new(files);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || {
            for stream in listener.incoming() {
                if stopped.load(Ordering::SeqCst) {
                    break;
                }
                let files = files.clone();
                // A client that goes away early is none of the server's business.
                thread::spawn(move || stream.and_then(|stream| answer(stream, &files)));
            }
        });
        Self { address, stop, thread: Some(thread) }
    }
}

impl Drop for Hub {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for connections.
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Answers one request and closes the connection.
fn answer(mut stream: TcpStream, files: &Served) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = request.split_whitespace();
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let Some(bytes) = find(path, files) else {
        return stream.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    };
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nX-Repo-Commit: {COMMIT}\r\nX-Linked-Etag: \"{}\"\r\n\
         X-Linked-Size: {length}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n",
        sha256(bytes),
        length = bytes.len(),
    )?;
    if method == "GET" { stream.write_all(bytes) } else { Ok(()) }
}

fn find<'a>(path: &str, files: &'a Served) -> Option<&'a [u8]> {
    let (revision, file) = path.strip_prefix("/org/tiny/resolve/")?.split_once('/')?;
    (revision == "main" || revision == COMMIT).then(|| files.get(file).map(Vec::as_slice))?
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Where nobody listens.
fn nowhere() -> SocketAddr {
    (Ipv4Addr::LOCALHOST, 1).into()
}

/// Runs the program with this hub and the cache in `cache`.
fn run(work: &Work, hub: SocketAddr, arguments: &str, last: &str, code: i32) -> Output {
    run_with(work, hub, arguments, last, code, &[])
}

fn run_with(
    work: &Work,
    hub: SocketAddr,
    arguments: &str,
    last: &str,
    code: i32,
    variables: &[(&str, &str)],
) -> Output {
    let mut command = work.command(arguments);
    for name in ["HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HUB_OFFLINE", "HF_TOKEN"] {
        command.env_remove(name);
    }
    command
        .env("HF_ENDPOINT", format!("http://{hub}"))
        .env("HF_HOME", work.path("cache"))
        .env("NO_PROXY", "127.0.0.1")
        .envs(variables.iter().copied())
        .arg(last)
        .assert()
        .code(code)
        .get_output()
        .clone()
}

/// The files that the cache holds under their checksum.
fn blob(work: &Work, name: &str) -> PathBuf {
    let repository = work.path("cache/hub/models--org--tiny");
    repository.join("blobs").join(sha256(&work.read(&format!("model/{name}"))))
}

#[test]
fn a_hub_id_answers_like_the_folder_also_offline() {
    let work = Work::new();
    let folder = run(&work, nowhere(), "predict --model model", SENTENCE, 0).stdout;
    assert!(!folder.is_empty());
    let hub = Hub::start(&work);
    let address = hub.address;
    for id in ["org/tiny", "org/tiny@main", &format!("org/tiny@{COMMIT}")] {
        let arguments = format!("predict --model {id}");
        assert_eq!(run(&work, address, &arguments, SENTENCE, 0).stdout, folder, "{id}");
    }
    drop(hub);
    let cached = run(&work, address, "predict --model org/tiny@main", SENTENCE, 0);
    assert_eq!(cached.stdout, folder);
    let offline = [("HF_HUB_OFFLINE", "1")];
    let cached = run_with(&work, address, "predict --model org/tiny", SENTENCE, 0, &offline);
    assert_eq!(cached.stdout, folder);
}

#[test]
fn offline_asks_nobody() {
    let work = Work::new();
    let hub = Hub::start(&work);
    let offline = [("HF_HUB_OFFLINE", "1")];
    let output = run_with(&work, hub.address, "predict --model org/tiny", SENTENCE, 4, &offline);
    let told = stderr(&output);
    assert!(told.contains("HF_HUB_OFFLINE") && told.contains("org/tiny"), "{told}");
}

#[test]
fn a_changed_file_of_the_cache_is_refused() {
    let work = Work::new();
    let hub = Hub::start(&work);
    run(&work, hub.address, "model pull", "org/tiny", 0);
    for name in FILES {
        let path = blob(&work, name);
        let mut bytes = fs::read(&path).unwrap();
        let last = bytes.last_mut().unwrap();
        *last ^= 1;
        fs::write(&path, bytes).unwrap();
        let told = stderr(&run(&work, hub.address, "predict --model org/tiny", SENTENCE, 4));
        let blob = fs::canonicalize(&path).unwrap().display().to_string();
        assert!([name, "checksum", &blob].iter().all(|part| told.contains(part)), "{told}");
        // What the message says helps.
        fs::remove_file(&path).unwrap();
        run(&work, hub.address, "predict --model org/tiny", SENTENCE, 0);
    }
}

#[test]
fn a_missing_repository_is_named() {
    let work = Work::new();
    let hub = Hub::start(&work);
    for id in ["org/other", "org/tiny@v9"] {
        let arguments = format!("predict --model {id}");
        let told = stderr(&run(&work, hub.address, &arguments, SENTENCE, 4));
        assert!(told.contains(id) && told.contains("check the name"), "{told}");
    }
}

#[test]
fn neither_hub_nor_cache_is_told_soon() {
    let work = Work::new();
    let start = Instant::now();
    let told = stderr(&run(&work, nowhere(), "predict --model org/tiny", SENTENCE, 4));
    assert!(told.contains("org/tiny") && told.contains("network"), "{told}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn a_silent_hub_is_given_up() {
    let work = Work::new();
    // Connections are made, but nobody answers.
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let start = Instant::now();
    let hub = silent.local_addr().unwrap();
    let told = stderr(&run(&work, hub, "predict --model org/tiny", SENTENCE, 4));
    assert!(told.contains("no answer"), "{told}");
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn pull_tells_the_folder_and_copies() {
    let work = Work::new();
    let hub = Hub::start(&work);
    let shown = text(&run(&work, hub.address, "model pull", "org/tiny@main", 0).stdout);
    let folder = PathBuf::from(shown.trim_end());
    for name in FILES {
        assert_eq!(fs::read(folder.join(name)).unwrap(), work.read(&format!("model/{name}")));
    }
    let shown = text(&run(&work, hub.address, "model pull --out new/copy", "org/tiny", 0).stdout);
    assert_eq!(shown, "new/copy\n");
    for name in FILES {
        assert_eq!(work.read(&format!("new/copy/{name}")), work.read(&format!("model/{name}")));
    }
    let told = stderr(&run(&work, hub.address, "model pull", "../tiny", 2));
    assert!(told.contains("owner/name"), "{told}");
}

#[test]
fn verify_tells_the_checksum_or_what_is_wrong() {
    let work = Work::new();
    let expected =
        format!("{}  model.safetensors\n", sha256(&work.read("model/model.safetensors")));
    assert_eq!(text(&work.run("model verify --model model", 0).stdout), expected);
    let hub = Hub::start(&work);
    let output = run(&work, hub.address, "model verify --model", "org/tiny", 0);
    assert_eq!(text(&output.stdout), expected);
    work.write("model/config.json", "{}");
    let output = work.run("model verify --model model", 4);
    assert!(stderr(&output).contains("config.json") && output.stdout.is_empty());
}
