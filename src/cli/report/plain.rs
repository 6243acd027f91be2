//! Progress as lines, for logs and pipes: one every few seconds.

use super::{Progress, progress_line, say_on_stderr};
use crate::proto::JobView;
use std::time::{Duration, Instant};

/// Time between two lines.
pub const EVERY: Duration = Duration::from_secs(5);

/// Prints a line every `EVERY`.
pub struct Plain {
    from_start: bool,
    last: Option<Instant>,
    spoke: bool,
    out: Box<dyn FnMut(&str)>,
}

impl Plain {
    /// Lines from the start, or only once it has taken as long as one interval.
    pub fn new(from_start: bool) -> Self {
        Self::to(from_start, Box::new(say_on_stderr))
    }

    fn to(from_start: bool, out: Box<dyn FnMut(&str)>) -> Self {
        Self {
            from_start,
            last: None,
            spoke: false,
            out,
        }
    }
}

impl Progress for Plain {
    fn show(&mut self, view: &JobView, now: Instant) {
        let due = match self.last {
            None => {
                self.last = Some(now);
                self.from_start
            }
            Some(last) => now.duration_since(last) >= EVERY,
        };
        // The end is told by the summary.
        if due && !view.state.is_final() {
            self.last = Some(now);
            self.spoke = true;
            (self.out)(&progress_line(view));
        }
    }

    fn say(&mut self, line: &str) {
        (self.out)(line);
    }

    fn clear(&mut self) {}

    fn wants_summary(&self) -> bool {
        self.from_start || self.spoke
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::copy::tests::view;
    use crate::clock;
    use crate::proto::JobState;
    use std::cell::RefCell;
    use std::rc::Rc;

    fn lines(from_start: bool, seconds: &[u64]) -> (Vec<String>, bool) {
        let said = Rc::new(RefCell::new(Vec::new()));
        let sink = Rc::clone(&said);
        let out = move |line: &str| sink.borrow_mut().push(line.to_owned());
        let mut plain = Plain::to(from_start, Box::new(out));
        let start = clock::now();
        for second in seconds {
            plain.show(
                &view(JobState::Running),
                start + Duration::from_secs(*second),
            );
        }
        plain.show(&view(JobState::Done), start + Duration::from_secs(900));
        let lines = said.borrow().clone();
        (lines, plain.wants_summary())
    }

    #[test]
    fn a_short_copy_says_nothing_by_itself() {
        assert_eq!(lines(false, &[0, 1, 4]), (Vec::new(), false));
        let (said, summary) = lines(true, &[0, 1, 4]);
        assert_eq!((said.len(), summary), (1, true));
    }

    #[test]
    fn a_long_copy_says_a_line_every_five_seconds() {
        let (said, summary) = lines(false, &[0, 1, 5, 6, 9, 10, 11]);
        assert_eq!((said.len(), summary), (2, true), "{said:?}");
    }
}
