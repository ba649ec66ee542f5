//! The program as a process: built once, started, watched, ended.

use std::fmt::Display;
use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use libtest_mimic::Failed;
use tempfile::TempDir;

/// The result of a trial, or of a step of one.
pub(crate) type Outcome<T = ()> = Result<T, Failed>;

/// Ends the trial with a message unless the condition holds.
macro_rules! ensure {
    ($condition:expr, $($message:tt)+) => {
        let holds: bool = $condition;
        if !holds {
            return Err(format!($($message)+).into());
        }
    };
}
pub(crate) use ensure;

/// Far longer than anything takes; a program that hangs ends here.
pub(crate) const DEADLINE: Duration = Duration::from_secs(240);
const POLL: Duration = Duration::from_millis(5);
/// What asks servers takes more time than what asks a process.
const LOOK: Duration = Duration::from_millis(30);
/// Lines of a log that a failure shows.
const LAST_LINES: usize = 40;

/// The repository's root.
pub(crate) fn root() -> &'static Path {
    // Asked at run time: two checkouts that share a target folder share this program too.
    static ROOT: LazyLock<PathBuf> = LazyLock::new(|| {
        let tests = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
        Path::new(&tests).parent().expect("the tests are a folder of the repository").to_owned()
    });
    &ROOT
}

/// The program under test: cargo puts it beside the folder of the test programs.
pub(crate) fn path() -> PathBuf {
    let own = std::env::current_exe().expect("this program has a path");
    own.ancestors().nth(2).expect("cargo puts test programs into deps/").join("keyfold")
}

/// Builds the program in the profile of this one.
pub(crate) fn build() -> Result<(), String> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--locked", "--package", "keyfold"]).current_dir(root());
    let folder = path().parent().map(Path::to_owned).unwrap_or_default();
    match folder.file_name().and_then(|name| name.to_str()) {
        Some("debug") | None => {}
        Some(profile) => _ = command.args(["--profile", profile]),
    }
    if let Some(target) = folder.parent() {
        command.arg("--target-dir").arg(target);
    }
    // What cargo passes to its test programs would make some build scripts run again, and half of everything after them.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_", "CARGO_CRATE_"].iter().any(|prefix| text.starts_with(prefix))
            || ["CARGO_PRIMARY_PACKAGE", "LD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH"].contains(&&*text)
        {
            command.env_remove(&name);
        }
    }
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("keyfold cannot be built: cargo ended with {status}")),
        Err(error) => Err(format!("keyfold cannot be built: cargo cannot be started: {error}")),
    }
}

/// `keyfold` with arguments, and nothing of this machine's settings.
pub(crate) fn keyfold<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(path());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["KEYFOLD__", "KEYFOLD_CONFIG", "AWS_", "GOOGLE_", "AZURE_"].iter().any(|prefix| text.starts_with(prefix)) {
            command.env_remove(&name);
        }
    }
    command.args(arguments);
    command
}

/// Runs a command to its end.
pub(crate) fn run(command: &mut Command) -> Outcome<Ended> {
    Process::start(command)?.wait()
}

/// Runs a command that must succeed.
pub(crate) fn succeed(command: &mut Command) -> Outcome<Ended> {
    run(command)?.expect(0)
}

/// What a process has left.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) command: String,
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Ended {
    /// The same, if the process ended with this code.
    pub(crate) fn expect(self, code: i32) -> Outcome<Self> {
        ensure!(self.code == Some(code), "exit code {code} was expected, but {self}");
        Ok(self)
    }
}

impl Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { command, code, signal, stdout, stderr } = self;
        let how = match (code, signal) {
            (Some(code), _) => format!("exit code {code}"),
            (None, signal) => format!("signal {}", signal.unwrap_or_default()),
        };
        write!(
            f,
            "{command} ended with {how}\n{}\n{}",
            last_lines(&String::from_utf8_lossy(stdout)),
            last_lines(stderr)
        )
    }
}

/// A running process; it does not outlive this value.
pub(crate) struct Process {
    command: String,
    child: Child,
    output: TempDir,
}

impl Process {
    pub(crate) fn start(command: &mut Command) -> Outcome<Self> {
        let output = TempDir::new()?;
        let file = |name: &str| File::create(output.path().join(name));
        command.stdin(Stdio::null()).stdout(file("stdout")?).stderr(file("stderr")?);
        let program = Path::new(command.get_program()).file_name().unwrap_or_default().to_string_lossy().into_owned();
        let words: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let name = format!("`{program} {}`", words.join(" "));
        let child = command.spawn().map_err(|error| format!("{name} cannot be started: {error}"))?;
        Ok(Self { command: name, child, output })
    }

    /// What the process has written to standard error so far.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(self.output.path().join("stderr")).unwrap_or_default()).into_owned()
    }

    /// How the process ended, if it did.
    pub(crate) fn poll(&mut self) -> Outcome<Option<Ended>> {
        let Some(status) = self.child.try_wait()? else { return Ok(None) };
        let stdout = fs::read(self.output.path().join("stdout"))?;
        Ok(Some(Ended {
            command: self.command.clone(),
            code: status.code(),
            signal: status.signal(),
            stdout,
            stderr: self.log(),
        }))
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(mut self) -> Outcome<Ended> {
        let start = Instant::now();
        loop {
            if let Some(ended) = self.poll()? {
                return Ok(ended);
            }
            ensure!(
                start.elapsed() < DEADLINE,
                "{} still runs after {DEADLINE:?}:\n{}",
                self.command,
                last_lines(&self.log())
            );
            std::thread::sleep(POLL);
        }
    }

    /// Waits until the log of the running process holds a text.
    pub(crate) fn wait_for(&mut self, text: &str) -> Outcome {
        let start = Instant::now();
        while !self.log().contains(text) {
            if let Some(ended) = self.poll()? {
                ensure!(self.log().contains(text), "`{text}` was expected in the log, but {ended}");
                return Ok(());
            }
            ensure!(
                start.elapsed() < DEADLINE,
                "{} does not log `{text}` within {DEADLINE:?}:\n{}",
                self.command,
                last_lines(&self.log())
            );
            std::thread::sleep(POLL);
        }
        Ok(())
    }

    /// Waits until something shows while the process runs; nothing if it ended before.
    pub(crate) fn catch<T>(
        &mut self,
        limit: Duration,
        mut look: impl FnMut() -> Outcome<Option<T>>,
    ) -> Outcome<Option<T>> {
        let start = Instant::now();
        loop {
            if let Some(found) = look()? {
                // What was seen may be over by now.
                return Ok(self.poll()?.is_none().then_some(found));
            }
            if self.poll()?.is_some() {
                return Ok(None);
            }
            ensure!(start.elapsed() < limit, "what was to come in a run did not within {limit:?}:\n{}", self.log());
            std::thread::sleep(POLL);
        }
    }

    /// Waits until the run has begun a step.
    pub(crate) fn wait_for_step(&mut self, step: &str) -> Outcome {
        self.wait_for(&format!("\"step\":\"{step}\""))
    }

    /// Sends a signal, such as `STOP`.
    pub(crate) fn signal(&self, name: &str) -> Outcome {
        let status =
            Command::new("kill").args(["-s", name, &self.child.id().to_string()]).stderr(Stdio::null()).status()?;
        ensure!(status.success(), "{} cannot be sent SIG{name}:\n{}", self.command, last_lines(&self.log()));
        Ok(())
    }

    /// The system's number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process as `kill -9` does, unless it has ended before.
    pub(crate) fn kill(mut self) -> Outcome<Ended> {
        self.child.kill()?;
        self.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A stopped process is killed as well; one that has ended is not there to be killed.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

/// Waits for what must come; whether it did within so much time.
pub(crate) fn comes(limit: Duration, mut holds: impl FnMut() -> Outcome<bool>) -> Outcome<bool> {
    let start = Instant::now();
    while !holds()? {
        if start.elapsed() >= limit {
            return Ok(false);
        }
        std::thread::sleep(LOOK);
    }
    Ok(true)
}

/// The end of a log.
pub(crate) fn last_lines(text: &str) -> String {
    let lines: Vec<_> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

/// Whether what cannot be set up is a failure: under CI, where nobody reads a reason for skipping.
pub(crate) fn skip_or_fail(reason: &str) -> Outcome<libtest_mimic::Completion> {
    ensure!(std::env::var_os("CI").is_none_or(|value| value != "true"), "{reason}");
    Ok(libtest_mimic::Completion::ignored_with(reason))
}
