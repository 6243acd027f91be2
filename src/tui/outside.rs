//! What a terminal shows of haul outside of its cells: the window's title, the progress in the
//! taskbar, a notification when a long job has ended.
//!
//! Only for terminals known to take it: others print it as text or make noise of it. Nothing that
//! is sent holds a name: percents, counts and words of our own. Nothing is sent that was sent
//! already, but for the taskbar, which forgets after 15 s (Ghostty) and is told again every 10.

use super::model::Model;
use super::words;
use crate::proto::{JobState, Summary};
use crate::units;

/// The taskbar is told again so often.
const AGAIN_MS: u64 = 10_000;

/// A job that worked for so long is worth a notification.
const LONG_SECONDS: f64 = 10.0;

/// How a terminal takes a notification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Notify {
    /// `OSC 99` (kitty).
    Kitty,
    /// `OSC 777` (foot, Ghostty, rxvt-unicode).
    Desktop,
    /// `OSC 9` (`iTerm2`, `WezTerm`).
    Growl,
}

/// What this terminal takes, and what it was sent last.
#[derive(Debug, Default)]
pub struct Outside {
    title: bool,
    taskbar: bool,
    notify: Option<Notify>,
    last_title: String,
    last_bar: Option<(u8, u64)>,
    told_ms: u64,
    pending: Vec<u8>,
}

/// Takes the progress off the taskbar.
pub const CLEAR_BAR: &str = "\x1b]9;4;0\x1b\\";
/// Has the terminal tell when it gets the focus and when it loses it.
pub const TELL_FOCUS: &str = "\x1b[?1004h";
/// Has it tell no more.
pub const HIDE_FOCUS: &str = "\x1b[?1004l";
/// Keeps the window's title for later, and puts it back (xterm's stack of titles).
pub const KEEP_TITLE: &str = "\x1b[22;2t";
/// Puts the window's title back.
pub const PUT_TITLE_BACK: &str = "\x1b[23;2t";

impl Outside {
    /// By what the environment says of the terminal; `wanted` overrides it for the title.
    pub fn of(wanted: Option<bool>, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let is = |name: &str, value: &str| variable(name).is_some_and(|known| known == value);
        let term = variable("TERM").unwrap_or_default();
        let inside = variable("TMUX").is_some() || variable("STY").is_some();
        let titled = [
            "xterm",
            "rxvt",
            "screen",
            "tmux",
            "foot",
            "alacritty",
            "kitty",
            "st-",
            "wezterm",
        ];
        let title = wanted.unwrap_or_else(|| titled.iter().any(|name| term.starts_with(name)));
        let vte = variable("VTE_VERSION").and_then(|version| version.parse::<u32>().ok());
        // VTE since 0.80, iTerm2 since 3.6.6; older ones make a notification of each step.
        let taskbar = wanted != Some(false)
            && !inside
            && (variable("WT_SESSION").is_some()
                || is("ConEmuANSI", "ON")
                || is("TERM_PROGRAM", "ghostty")
                || is("TERM_PROGRAM", "WezTerm")
                || is("TERM_PROGRAM", "mintty")
                || variable("KONSOLE_VERSION").is_some()
                || vte.is_some_and(|version| version >= 8_000));
        let notify = if inside || wanted == Some(false) {
            None
        } else if term == "xterm-kitty" {
            Some(Notify::Kitty)
        } else if term.starts_with("foot")
            || term.starts_with("rxvt-unicode")
            || is("TERM_PROGRAM", "ghostty")
        {
            Some(Notify::Desktop)
        } else if is("TERM_PROGRAM", "iTerm.app") || is("TERM_PROGRAM", "WezTerm") {
            Some(Notify::Growl)
        } else {
            None
        };
        Self {
            title,
            taskbar,
            notify,
            ..Self::default()
        }
    }

    /// What the terminal is sent when it is taken.
    pub fn enter(&self) -> String {
        let title = if self.title { KEEP_TITLE } else { "" };
        let focus = if self.tells_focus() { TELL_FOCUS } else { "" };
        format!("{title}{focus}")
    }

    /// Whether the terminal is asked to tell when it is looked at: only where that decides about a
    /// notification. Every terminal that is notified tells it, but for older rxvt-unicode.
    fn tells_focus(&self) -> bool {
        self.notify.is_some()
    }

    /// What it is sent when it is given back: nothing of haul stays.
    pub fn leave(&self) -> String {
        let bar = if self.taskbar { CLEAR_BAR } else { "" };
        let title = if self.title { PUT_TITLE_BACK } else { "" };
        let focus = if self.tells_focus() { HIDE_FOCUS } else { "" };
        format!("{focus}{bar}{title}")
    }

    /// The terminal was given back and taken again: it knows nothing any more.
    pub fn forget(&mut self) {
        self.last_title.clear();
        self.last_bar = None;
    }

    /// A job has ended. Who looks at the terminal sees it there.
    pub fn ended(&mut self, summary: &Summary, looked_at: bool) {
        let Some(notify) = self.notify else { return };
        if summary.elapsed_seconds < LONG_SECONDS || looked_at {
            return;
        }
        let text = format!(
            "job {}: {}, {}, {}",
            summary.job,
            summary.state.word(),
            words::many(summary.files.copied, "file", "files"),
            units::size(summary.bytes_copied)
        );
        let sequence = match notify {
            Notify::Kitty => format!("\x1b]99;;haul: {text}\x1b\\"),
            Notify::Desktop => format!("\x1b]777;notify;haul;{text}\x1b\\"),
            Notify::Growl => format!("\x1b]9;haul: {text}\x1b\\"),
        };
        self.pending.extend_from_slice(sequence.as_bytes());
    }

    /// What has changed since the last frame, as bytes.
    pub fn frame(&mut self, model: &Model) -> Vec<u8> {
        let mut bytes = std::mem::take(&mut self.pending);
        let (percent, state) = standing(model);
        if self.title {
            let active = model.in_state(JobState::Running) + model.in_state(JobState::Scanning);
            let title = match percent {
                Some(percent) => format!("haul {percent}% {active} run"),
                None => "haul".to_string(),
            };
            if title != self.last_title {
                bytes.extend_from_slice(format!("\x1b]2;{title}\x1b\\").as_bytes());
                self.last_title = title;
            }
        }
        if self.taskbar {
            let now = (state, percent.unwrap_or(0));
            let changed = self.last_bar.unwrap_or((0, 0)) != now;
            let forgotten = state != 0 && model.now_ms >= self.told_ms + AGAIN_MS;
            if changed || forgotten {
                let sequence = match state {
                    0 => CLEAR_BAR.to_string(),
                    3 => "\x1b]9;4;3\x1b\\".to_string(),
                    _ => format!("\x1b]9;4;{};{}\x1b\\", now.0, now.1),
                };
                bytes.extend_from_slice(sequence.as_bytes());
                self.last_bar = Some(now);
                self.told_ms = model.now_ms;
            }
        }
        bytes
    }
}

/// Percent of what is active together, and the taskbar's word for it: 0 nothing, 1 at work, 2 with
/// errors, 3 nobody knows how long, 4 paused.
fn standing(model: &Model) -> (Option<u64>, u8) {
    let jobs = &model.snapshot.jobs;
    let at_work = || jobs.iter().filter(|job| job.state.is_active());
    let paused = || jobs.iter().filter(|job| job.state == JobState::Paused);
    let percent =
        |done: u128, total: u128| (done * 100).checked_div(total).map(|p| p.min(99) as u64);
    let of = |jobs: &mut dyn Iterator<Item = &crate::proto::JobView>| {
        let (mut done, mut total) = (0, 0);
        for job in jobs {
            done += u128::from(job.bytes_copied);
            total += u128::from(job.bytes_total());
        }
        percent(done, total)
    };
    if at_work().next().is_some() {
        let percent = of(&mut at_work());
        let counts = at_work().all(|job| job.found_is_final);
        let state = match percent {
            _ if at_work().any(|job| job.failed > 0) => 2,
            Some(_) if counts => 1,
            _ => 3,
        };
        (Some(percent.unwrap_or(0)), state)
    } else if paused().next().is_some() {
        (Some(of(&mut paused()).unwrap_or(0)), 4)
    } else {
        (None, 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::update::tests_model;

    fn outside(variables: &[(&str, &str)]) -> Outside {
        Outside::of(None, &|name| {
            let found = variables.iter().find(|(known, _)| *known == name);
            found.map(|(_, value)| (*value).to_string())
        })
    }

    #[test]
    fn only_terminals_that_take_it_are_sent_anything() {
        for (variables, title, taskbar, notify) in [
            (&[("TERM", "linux")][..], false, false, None),
            (&[("TERM", "vt100")], false, false, None),
            (&[("TERM", "xterm-256color")], true, false, None),
            (&[("TERM", "xterm-kitty")], true, false, Some(Notify::Kitty)),
            (
                &[("TERM", "xterm-ghostty"), ("TERM_PROGRAM", "ghostty")],
                true,
                true,
                Some(Notify::Desktop),
            ),
            (
                &[
                    ("TERM", "xterm-256color"),
                    ("TERM_PROGRAM", "WezTerm"),
                    ("TMUX", "x"),
                ],
                true,
                false,
                None,
            ),
            (
                &[("TERM", "xterm-256color"), ("VTE_VERSION", "7603")],
                true,
                false,
                None,
            ),
            (
                &[("TERM", "xterm-256color"), ("VTE_VERSION", "8000")],
                true,
                true,
                None,
            ),
            (
                &[("TERM", "xterm-256color"), ("TERM_PROGRAM", "iTerm.app")],
                true,
                false,
                Some(Notify::Growl),
            ),
        ] {
            let found = outside(variables);
            assert_eq!(
                (found.title, found.taskbar, found.notify),
                (title, taskbar, notify),
                "{variables:?}"
            );
        }
    }

    #[test]
    fn nothing_is_sent_twice_and_everything_is_taken_back() {
        let mut out = outside(&[("TERM", "xterm"), ("TERM_PROGRAM", "ghostty")]);
        let mut model = tests_model();
        let first = String::from_utf8(out.frame(&model)).expect("text");
        assert_eq!(first, "\x1b]2;haul\x1b\\");
        model.now_ms = 60_000;
        assert!(out.frame(&model).is_empty(), "idle is silent, however long");
        let all = format!("{HIDE_FOCUS}{CLEAR_BAR}{PUT_TITLE_BACK}");
        assert_eq!(out.leave(), all);
        assert_eq!(out.enter(), format!("{KEEP_TITLE}{TELL_FOCUS}"));
        assert_eq!(outside(&[("TERM", "linux")]).leave(), "");
        assert_eq!(outside(&[("TERM", "linux")]).enter(), "");
    }

    #[test]
    fn nobody_is_told_of_what_is_being_looked_at() {
        let summary = |seconds| Summary {
            job: crate::proto::JobId(1),
            source: "/a".into(),
            sources: 1,
            dest: "/b".into(),
            state: JobState::Done,
            dry_run: false,
            files: crate::proto::SummaryFiles::default(),
            dirs: 0,
            bytes_copied: 0,
            bytes_cloned: 0,
            elapsed_seconds: seconds,
            bytes_per_second: 0,
            strategies: Vec::new(),
            notices: Vec::new(),
        };
        let mut model = tests_model();
        for (term, program, begins) in [
            ("xterm-kitty", "", "\x1b]99;"),
            ("foot", "", "\x1b]777;notify;"),
            ("xterm-256color", "WezTerm", "\x1b]9;haul"),
            ("xterm-256color", "", "none"),
        ] {
            let mut out = outside(&[("TERM", term), ("TERM_PROGRAM", program)]);
            drop(out.frame(&model));
            for (seconds, looked_at, told) in [
                (60.0, true, false),
                (2.0, false, false),
                (60.0, false, begins != "none"),
            ] {
                model.looked_at = looked_at;
                out.ended(&summary(seconds), model.looked_at);
                let sent = String::from_utf8(out.frame(&model)).expect("text");
                assert_eq!(sent.contains(begins), told, "{term} {seconds} {looked_at}");
                assert_eq!(sent.is_empty(), !told, "{term}: {sent:?}");
            }
        }
    }
}
