//! Running the real program against the server.

use super::Server;
use super::trace::Trace;
use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// No run may take longer, on a real clock.
const DEADLINE: Duration = Duration::from_mins(1);

/// Timers of the device run this much faster.
pub(crate) const HURRY: u64 = 600;

/// Where the device is sent, and with what.
#[derive(Debug, Clone)]
pub(crate) struct Order {
    /// Discovery URL.
    pub(crate) url: String,
    /// User.
    pub(crate) user: String,
    /// Password.
    pub(crate) password: String,
    /// Trusted root, PEM.
    pub(crate) root: String,
    /// The program ends the run after so many seconds on the clock.
    pub(crate) limit: u32,
}

impl Order {
    /// What the server expects.
    pub(crate) fn for_server(server: &Server) -> Self {
        let (user, password) = (server.plan().user.clone(), server.plan().password.clone());
        Self { url: server.discovery_url(), user, password, root: server.root_pem(), limit: 40 }
    }
}

/// A run of `oobe enroll` that came to its end.
#[derive(Debug)]
pub(crate) struct Run {
    /// Exit code.
    pub(crate) code: Option<i32>,
    /// What the device told.
    pub(crate) trace: Trace,
    /// Both outputs.
    pub(crate) output: String,
}

/// Enrols. The program has to end by itself, and neither its output nor the trace may hold the password or the user's name.
pub(crate) fn enroll(order: &Order) -> Run {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (root, trace) = (folder.path().join("root.pem"), folder.path().join("trace.jsonl"));
    std::fs::write(&root, &order.root).expect("the root can be written");
    let mut child = Command::new(env!("CARGO_BIN_EXE_oobe"))
        .args(["enroll", "--discovery-url", &order.url, "--user", &order.user])
        .args(["--hurry", &HURRY.to_string(), "--limit", &format!("{}s", order.limit), "--ca"])
        .arg(&root)
        .arg("--trace")
        .arg(&trace)
        .env("OOBE_PASSWORD", &order.password)
        .current_dir(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    let outputs = [
        read(child.stdout.take().expect("stdout is piped")),
        read(child.stderr.take().expect("stderr is piped")),
    ];
    let status = wait(&mut child);
    let output = outputs.map(|output| output.join().expect("a reader ends with the child")).concat();
    let status = status.unwrap_or_else(|| panic!("still running after {DEADLINE:?}\n{output}"));
    assert!(status.code().is_some(), "{status}\n{output}");
    let trace = std::fs::read_to_string(&trace).unwrap_or_else(|e| panic!("no trace: {e}\n{output}"));
    for text in [&output, &trace] {
        assert!(!text.contains(&order.password), "the password is told\n{text}");
        assert!(!text.contains(&order.user), "the user's name is told\n{text}");
    }
    Run { code: status.code(), trace: Trace::read(&trace), output }
}

/// Waits for the end; `None` when it does not come in time.
fn wait(child: &mut Child) -> Option<ExitStatus> {
    let deadline = now() + DEADLINE;
    while now() < deadline {
        if let Some(status) = child.try_wait().expect("a child can be asked") {
            return Some(status);
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    // Only the child that was started here.
    child.kill().expect("a child can be killed");
    child.wait().expect("a killed child ends");
    None
}

fn read(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = Vec::new();
        // What came before an error is still worth showing.
        let _ = stream.read_to_end(&mut text);
        String::from_utf8_lossy(&text).into_owned()
    })
}

#[expect(clippy::disallowed_methods, reason = "a real deadline for a real process")]
fn now() -> Instant {
    Instant::now()
}
