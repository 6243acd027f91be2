//! Keeps receipts and lists of failures, away from the thread that draws.
//!
//! One thread, which may block on the state directory; the screen hands it work through a bounded
//! channel and never waits, but a little on the way out, so that the last receipts are kept.

use super::msg::Msg;
use crate::clock;
use crate::proto::{Failure, JobId, Summary};
use crate::records::{self, Export, Receipt};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;
use tokio::sync::mpsc;

/// Pieces of work that may wait; beyond it they are refused, and that is said.
const WAITING: usize = 256;

/// How long the way out waits for the last receipts.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
enum Task {
    Record(Box<Receipt>),
    Read,
    Export {
        job: JobId,
        failures: Vec<Failure>,
        begins: bool,
        ends: bool,
    },
}

/// The thread as seen by the one that draws.
#[derive(Debug)]
pub struct Keeper {
    dir: Option<PathBuf>,
    run: u64,
    answers: mpsc::Sender<Msg>,
    thread: Option<(SyncSender<Task>, Receiver<()>)>,
}

impl Keeper {
    /// No thread yet: it starts with the first piece of work. `None` keeps nothing.
    pub fn new(dir: Option<PathBuf>, answers: mpsc::Sender<Msg>) -> Self {
        let (seconds, nanos) = clock::unix_now();
        Self {
            dir,
            // Two programs that start within a nanosecond differ by their number.
            run: (seconds as u64)
                .wrapping_mul(1_000_000_000)
                .wrapping_add(u64::from(nanos))
                .wrapping_add(u64::from(std::process::id())),
            answers,
            thread: None,
        }
    }

    /// Keeps the receipt of a job that has ended.
    pub fn record(&mut self, summary: Summary) -> Result<(), String> {
        if self.dir.is_none() {
            return Ok(());
        }
        let receipt = Receipt {
            ended: clock::unix_now().0,
            run: self.run,
            summary,
        };
        self.hand_over(Task::Record(Box::new(receipt)))
    }

    /// Reads all receipts.
    pub fn read(&mut self) -> Result<(), String> {
        self.hand_over(Task::Read)
    }

    /// Writes a part of a list of failures.
    pub fn export(
        &mut self,
        job: JobId,
        failures: Vec<Failure>,
        begins: bool,
        ends: bool,
    ) -> Result<(), String> {
        self.hand_over(Task::Export {
            job,
            failures,
            begins,
            ends,
        })
    }

    fn hand_over(&mut self, task: Task) -> Result<(), String> {
        let dir = self
            .dir
            .clone()
            .ok_or("there is no home directory to keep records in")?;
        if self.thread.is_none() {
            self.thread = Some(start(dir, self.answers.clone())?);
        }
        let Some((tasks, _)) = &self.thread else {
            return Ok(());
        };
        match tasks.try_send(task) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => {
                Err("the state directory does not answer: a record was not kept".to_string())
            }
            Err(TrySendError::Disconnected(_)) => Err("records are not kept any more".to_string()),
        }
    }

    /// Waits a little for what was handed over; what there is to say if it was not kept.
    pub fn finish(&mut self) -> Option<String> {
        let (tasks, ended) = self.thread.take()?;
        drop(tasks);
        // The thread says nothing: its end closes the channel.
        match ended.recv_timeout(PATIENCE) {
            Err(std::sync::mpsc::RecvTimeoutError::Timeout) => Some(
                "note: the state directory does not answer; receipts may be missing".to_string(),
            ),
            _ => None,
        }
    }
}

fn start(
    dir: PathBuf,
    answers: mpsc::Sender<Msg>,
) -> Result<(SyncSender<Task>, Receiver<()>), String> {
    let (tasks, waiting) = sync_channel(WAITING);
    let (alive, ended) = sync_channel(0);
    thread::Builder::new()
        .name("haul-records".to_string())
        .spawn(move || {
            let _alive: SyncSender<()> = alive;
            keep(&dir, &waiting, &answers);
        })
        .map_err(|error| format!("no thread to keep records: {error}"))?;
    Ok((tasks, ended))
}

fn keep(dir: &Path, tasks: &Receiver<Task>, answers: &mpsc::Sender<Msg>) {
    let mut open: Option<Export> = None;
    while let Ok(task) = tasks.recv() {
        let answer = match task {
            Task::Record(receipt) => records::append(dir, &receipt)
                .err()
                .map(|error| Msg::Trouble(format!("the receipt of the job was not kept: {error}"))),
            Task::Read => Some(Msg::History(
                records::read(dir).map_err(|error| error.to_string()),
            )),
            Task::Export {
                job,
                failures,
                begins,
                ends,
            } => export(dir, &mut open, job, &failures, begins, ends).map(Msg::Exported),
        };
        // Without a screen to tell, what is left is kept all the same.
        if let Some(answer) = answer
            && answers.try_send(answer).is_err()
        {
            tracing::debug!("the screen does not hear of a record");
        }
    }
}

fn export(
    dir: &Path,
    open: &mut Option<Export>,
    job: JobId,
    failures: &[Failure],
    begins: bool,
    ends: bool,
) -> Option<Result<PathBuf, String>> {
    let mut step = || -> std::io::Result<Option<PathBuf>> {
        if begins {
            *open = Some(Export::begin(dir, &format!("errors-job-{job}"))?);
        }
        // One that could not be begun was answered then.
        let Some(export) = open.as_mut() else {
            return Ok(None);
        };
        export.write(failures)?;
        if !ends {
            return Ok(None);
        }
        open.take().map(Export::end).transpose()
    };
    match step() {
        Ok(path) => path.map(Ok),
        Err(error) => {
            *open = None;
            Some(Err(error.to_string()))
        }
    }
}
