//! The shell: owns the terminal, the channels and the clock, and carries out effects.
//!
//! Lives on the main thread with a runtime of its own, so that nothing it does can slow a copy.
//! Messages are taken as they come and drawn at most so many times a second, only when something
//! changed and only when the terminal took the last frame.

use super::depth::Depth;
use super::effects::{Looks, Wanted};
use super::keeper::Keeper;
use super::look::Look;
use super::model::{Model, Phase};
use super::msg::{Effect, Msg};
use super::outside::Outside;
use super::places::Places;
use super::screen::Screen;
use super::settings::{Error, Outcome, Settings};
use super::theme::Theme;
use super::writer::Writer;
use super::{input, term, update, words};
use crate::clock;
use crate::exit::ENDING;
use crate::proto::Request;
use crate::session::Client;
use crate::sys::tty;
use crate::units;
use jiff::tz::TimeZone;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{PathBuf, absolute};
use std::sync::PoisonError;
use std::task::Poll;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{sleep_until, timeout};

/// Messages of keys and directories that may wait; their threads wait beyond that.
const MESSAGES: usize = 256;

/// Between two ticks while something on screen changes with time alone.
const TICK: Duration = Duration::from_millis(250);

/// Frames a second on a slow line: a full screen is some kilobytes.
const SLOW_FRAMES: u32 = 2;

/// Between two frames after a key, on any line.
const PROMPT: Duration = Duration::from_millis(50);

/// How long the engine may take for a request to be taken; it never waits for a screen.
const REQUEST: Duration = Duration::from_secs(2);

/// How long the engine may take to end after a signal: it has temporaries to remove, and to flush what
/// is whole.
const FAREWELL: Duration = Duration::from_secs(30);

/// Runs the interactive program until it is left; the terminal is as before when this returns.
///
/// # Errors
/// [`Error::NoTerminal`] before a single byte is written, or a terminal that refuses.
pub fn run(
    client: Client,
    settings: Settings,
    source: PathBuf,
    dest: PathBuf,
) -> Result<Outcome, Error> {
    if !tty::interactive() {
        return Err(Error::NoTerminal);
    }
    let requests = client.sender();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (panics, hook) = term::hook();
    let inner = &runtime;
    let ended = catch_unwind(AssertUnwindSafe(move || {
        inner.block_on(async move { Shell::start(client, &settings, source, dest)?.run().await })
    }));
    term::leave();
    term::unhook(hook);
    match ended {
        Ok(result) => {
            let mut outcome = result?;
            let mut panics = panics.lock().unwrap_or_else(PoisonError::into_inner);
            outcome.lines.append(&mut panics);
            for line in &mut outcome.lines {
                *line = line.replace(|c: char| c.is_control(), " ");
            }
            Ok(outcome)
        }
        Err(panic) => {
            // The screen is lost; the copies end in order all the same.
            runtime.block_on(async {
                if requests.send(Request::Shutdown).await.is_ok()
                    && timeout(FAREWELL, requests.closed()).await.is_err()
                {
                    tracing::warn!("the engine did not end in time");
                }
            });
            resume_unwind(panic)
        }
    }
}

struct Signals {
    ending: Vec<(u8, Signal)>,
    stop: Signal,
    resized: Signal,
}

impl Signals {
    fn new() -> std::io::Result<Self> {
        Ok(Self {
            ending: ENDING
                .into_iter()
                .map(|number| Ok((number, signal(SignalKind::from_raw(i32::from(number)))?)))
                .collect::<std::io::Result<_>>()?,
            stop: signal(SignalKind::from_raw(SIGTSTP))?,
            resized: signal(SignalKind::window_change())?,
        })
    }
}

const SIGTSTP: i32 = 20;

/// The next signal that asks haul to end.
async fn next_ending(handlers: &mut [(u8, Signal)]) -> u8 {
    std::future::poll_fn(|context| {
        for (number, handler) in handlers.iter_mut() {
            if handler.poll_recv(context).is_ready() {
                return Poll::Ready(*number);
            }
        }
        Poll::Pending
    })
    .await
}

#[allow(
    clippy::struct_excessive_bools,
    reason = "facts of their own, none of which excludes another"
)]
struct Shell {
    client: Client,
    model: Model,
    looks: Looks,
    messages: mpsc::Receiver<Msg>,
    signals: Signals,
    writer: Writer,
    keeper: Keeper,
    outside: Outside,
    screen: Screen,
    // Given back first of all when the shell is dropped half way.
    guard: Option<term::Guard>,
    /// Whether the mouse is listened to.
    mouse: bool,
    started: Instant,
    frame_time: Duration,
    drawn: Option<Instant>,
    dirty: bool,
    /// A key was pressed: what it does is shown at once, on a slow line as well.
    urgent: bool,
    engine_gone: bool,
    farewell: Option<Instant>,
    leave: bool,
}

impl Shell {
    fn start(
        client: Client,
        settings: &Settings,
        source: PathBuf,
        dest: PathBuf,
    ) -> Result<Self, Error> {
        let look = look(settings);
        let home = std::env::home_dir();
        let mut model = Model::new(
            settings,
            absolute(source)?,
            absolute(dest)?,
            home,
            look,
            TimeZone::system(),
        );
        model.size = window_size();
        if let Some(notice) = &settings.notice {
            model.warn(look.words(notice).into_owned());
        }
        if let Some(dir) = &settings.state_dir {
            match Places::load(dir) {
                Ok(places) => model.places = places,
                Err(error) => model.warn(format!("bookmarks cannot be read: {error}")),
            }
        }
        let signals = Signals::new()?;
        let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let outside = Outside::of(settings.title, &set);
        let far = ["SSH_CONNECTION", "SSH_TTY"]
            .into_iter()
            .any(|name| set(name).is_some());
        let mouse = settings.mouse.unwrap_or(!far);
        let guard = take_terminal(&outside, mouse)?;
        let slow = settings.slow_line.unwrap_or(far);
        let (sender, messages) = mpsc::channel(MESSAGES);
        input::start(sender.clone())?;
        let keeper = Keeper::new(settings.state_dir.clone(), sender.clone());
        let most = if slow { SLOW_FRAMES } else { 20 };
        let frames = settings.frames_per_second.clamp(1, most);
        Ok(Self {
            screen: Screen::new(model.size)?,
            client,
            looks: Looks::new(sender, settings.frame_types.clone()),
            messages,
            signals,
            writer: Writer::start()?,
            keeper,
            outside,
            guard: Some(guard),
            mouse,
            started: clock::now(),
            frame_time: Duration::from_secs(1) / frames,
            drawn: None,
            dirty: true,
            urgent: true,
            engine_gone: false,
            farewell: None,
            leave: false,
            model,
        })
    }

    async fn run(mut self) -> Result<Outcome, Error> {
        let effects = update::begin(&mut self.model);
        self.carry_out(effects).await?;
        while !self.leave {
            self.step().await?;
        }
        self.writer.settle(Duration::from_millis(300));
        drop(self.guard.take());
        let lines = self.keeper.finish();
        let mut outcome = self.outcome()?;
        outcome.lines.extend(lines);
        Ok(outcome)
    }

    /// Waits for one thing to happen and takes it, or draws.
    async fn step(&mut self) -> Result<(), Error> {
        let now = clock::now();
        let frame_time = if self.urgent {
            self.frame_time.min(PROMPT)
        } else {
            self.frame_time
        };
        let next_frame = self.drawn.map_or(now, |drawn| drawn + frame_time);
        let draws = self.dirty;
        let ticks = self.model.needs_ticks();
        let farewell = self.farewell;
        let last = async {
            match farewell {
                Some(at) => sleep_until((at + FAREWELL).into()).await,
                None => std::future::pending().await,
            }
        };
        let writer = &self.writer;
        let frame = async {
            sleep_until(next_frame.into()).await;
            writer.freed().await;
        };
        let signals = &mut self.signals;
        let msg = tokio::select! {
            biased;
            number = next_ending(&mut signals.ending) => Msg::Signal(number),
            Some(()) = signals.stop.recv() => return self.suspend(),
            Some(()) = signals.resized.recv() => self.resized()?,
            () = last => {
                // A thread that is stuck in the kernel is not waited for.
                self.leave = true;
                return Ok(());
            }
            // Before the keys: a flood of them must not keep the screen from showing what they do.
            () = frame, if draws => return self.draw(),
            Some(msg) = self.messages.recv() => msg,
            update = self.client.next(), if !self.engine_gone => if let Some(update) = update {
                Msg::Engine(Box::new(update))
            } else {
                self.engine_gone = true;
                Msg::EngineEnded
            },
            () = tokio::time::sleep(TICK), if ticks => self.tick(),
        };
        self.take(msg).await
    }

    /// The terminal has another size, or had one for a moment: what it still shows is not known
    /// even when the size is the same again, so everything is painted anew.
    fn resized(&mut self) -> Result<Msg, Error> {
        let (width, height) = window_size();
        self.screen = Screen::new((width, height))?;
        Ok(Msg::Resize(width, height))
    }

    fn tick(&self) -> Msg {
        Msg::Tick(self.started.elapsed().as_millis() as u64)
    }

    async fn take(&mut self, msg: Msg) -> Result<(), Error> {
        self.dirty = true;
        self.urgent |= matches!(
            msg,
            Msg::Key(_) | Msg::Mouse(_) | Msg::Paste(_) | Msg::Resize(..)
        );
        // Every message meets a model that knows what time it is.
        let mut queue = VecDeque::from([self.tick(), msg]);
        while let Some(msg) = queue.pop_front() {
            let effects = update::update(&mut self.model, msg);
            queue.extend(self.carry_out(effects).await?);
        }
        Ok(())
    }

    async fn carry_out(&mut self, effects: Vec<Effect>) -> Result<Vec<Msg>, Error> {
        let mut answers = Vec::new();
        for effect in effects {
            let done = match effect {
                Effect::Send(request) => self.send(request).await,
                Effect::List {
                    side,
                    generation,
                    path,
                    sort,
                    folding,
                } => {
                    let listed = self.looks.list(side, generation, path, sort, folding);
                    if let Err(reason) = listed {
                        answers.push(Msg::Listing {
                            side,
                            generation,
                            result: Err(reason),
                        });
                    }
                    Ok(())
                }
                Effect::Stat {
                    side,
                    generation,
                    path,
                    entries,
                    rows,
                    folds,
                    all,
                } => {
                    let wanted = Wanted {
                        path,
                        entries,
                        rows,
                        folds,
                        all,
                    };
                    self.looks.stat(side, generation, wanted)
                }
                Effect::Edit {
                    side,
                    path,
                    from,
                    name,
                } => self.looks.edit(side, path, from, name),
                Effect::Mounts { side } => self.looks.mounts(side),
                Effect::KeepPlaces(places) => self.keeper.places(places),
                Effect::Arrange { side, task } => self.looks.arrange(side, task),
                Effect::Count {
                    side,
                    generation,
                    path,
                    names,
                } => self.looks.count(side, generation, path, names),
                Effect::StopCount { side } => {
                    self.looks.stop_count(side);
                    Ok(())
                }
                Effect::Space {
                    side,
                    generation,
                    path,
                } => self.looks.space(side, generation, path),
                Effect::Inspect {
                    side,
                    ticket,
                    path,
                    entries,
                    item,
                } => self.looks.inspect(side, ticket, path, entries, item),
                Effect::StopInspect => {
                    self.looks.stop_inspect();
                    Ok(())
                }
                Effect::Record(summary) => {
                    self.outside.ended(&summary, self.model.looked_at);
                    self.keeper.record(*summary)
                }
                Effect::ReadHistory => self.keeper.read(),
                Effect::Export {
                    job,
                    failures,
                    begins,
                    ends,
                } => self.keeper.export(job, failures, begins, ends),
                Effect::Repaint => {
                    self.model.size = window_size();
                    self.screen = Screen::new(self.model.size)?;
                    Ok(())
                }
                Effect::Suspend => {
                    self.suspend()?;
                    Ok(())
                }
                Effect::Shutdown => {
                    self.farewell = Some(clock::now());
                    if self.engine_gone || self.send(Request::Shutdown).await.is_err() {
                        self.leave = true;
                    }
                    Ok(())
                }
                Effect::Exit => {
                    self.leave = true;
                    Ok(())
                }
            };
            if let Err(reason) = done {
                answers.push(Msg::Trouble(reason));
            }
        }
        Ok(answers)
    }

    async fn send(&self, request: Request) -> Result<(), String> {
        match timeout(REQUEST, self.client.send(request)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(ended)) => Err(ended.to_string()),
            Err(_) => Err("the copy engine does not answer; try again".to_string()),
        }
    }

    fn draw(&mut self) -> Result<(), Error> {
        self.dirty = false;
        self.urgent = false;
        if self.model.alone {
            return Ok(());
        }
        let beside = self.outside.frame(&self.model);
        if let Some(frame) = self.screen.frame(&self.model, &beside)? {
            self.drawn = Some(clock::now());
            // The writer was free a moment ago and nobody else feeds it.
            if !self.writer.offer(frame) {
                self.screen = Screen::new(self.model.size)?;
                self.outside.forget();
                self.dirty = true;
            }
        }
        Ok(())
    }

    /// Gives the terminal back, stops the process, and takes the terminal again when continued.
    fn suspend(&mut self) -> Result<(), Error> {
        self.writer.settle(Duration::from_millis(300));
        drop(self.guard.take());
        tty::stop_self()?;
        self.outside.forget();
        self.guard = Some(take_terminal(&self.outside, self.mouse)?);
        self.model.size = window_size();
        self.screen = Screen::new(self.model.size)?;
        self.dirty = true;
        Ok(())
    }

    fn outcome(&self) -> Result<Outcome, Error> {
        if self.engine_gone && self.farewell.is_none() {
            return Err(Error::EngineEnded);
        }
        let mut lines = Vec::new();
        if !self.engine_gone && self.model.phase != Phase::Closed {
            lines.push(
                "haul left before the copy engine had ended: temporaries may be left, the next run removes them"
                    .to_string(),
            );
        }
        let snapshot = self.client.snapshot();
        for job in &snapshot.jobs {
            let mut line = format!(
                "job {}: {}: {}, {} copied in {}",
                job.id,
                words::title(job, self.model.look),
                words::standing(job),
                units::size(job.bytes_copied),
                words::many(job.copied, "file", "files"),
            );
            let conflicts = if job.conflicts == 1 {
                "conflict"
            } else {
                "conflicts"
            };
            for (number, word) in [
                (job.skipped, "skipped"),
                (job.failed, "failed"),
                (job.conflicts, conflicts),
                (job.cancelled, "cancelled"),
            ] {
                if number > 0 {
                    line = format!("{line}, {number} {word}");
                }
            }
            lines.push(line);
        }
        Ok(Outcome {
            signal: self.model.signal,
            lines,
            engine_stuck: !self.engine_gone
                && self.farewell.is_some_and(|at| at.elapsed() >= FAREWELL),
        })
    }
}

/// Takes the terminal in the modes of this run.
fn take_terminal(outside: &Outside, mouse: bool) -> std::io::Result<term::Guard> {
    let (take, leave) = if mouse {
        (term::TAKE_MOUSE, term::LEAVE_MOUSE)
    } else {
        ("", "")
    };
    let greeting = format!("{}{take}", outside.enter());
    term::enter(&greeting, format!("{leave}{}", outside.leave()))
}

/// The terminal's size; what does not tell one is taken for a terminal of old.
fn window_size() -> (u16, u16) {
    match tty::window_size() {
        None | Some((0, 0)) => (80, 24),
        Some(size) => size,
    }
}

/// Glyphs and colours by the settings, else by the environment.
fn look(settings: &Settings) -> Look {
    let set = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    Look {
        ascii: settings.ascii.unwrap_or_else(|| Look::needs_ascii(&set)),
        theme: Theme::of(&settings.theme, Depth::of(settings.colour, &set), &set),
    }
}
