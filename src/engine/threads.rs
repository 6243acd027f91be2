//! The engine's threads: named, told, never joined. What runs on them may block for ever in the
//! kernel.

use std::any::Any;
use std::io;
use std::thread::Builder;

/// Starts a thread; fails when the system has none left.
pub fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    #[cfg(test)]
    refusal::check(name)?;
    Builder::new().name(name.to_owned()).spawn(work).map(drop)
}

/// What a panic says.
pub fn panic_words(panic: &(dyn Any + Send)) -> String {
    let words = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "no message".to_owned());
    tracing::error!("internal error: {words}");
    format!("internal error: {words}")
}

/// Lets tests run out of threads.
#[cfg(test)]
pub mod refusal {
    use std::cell::Cell;
    use std::io;

    std::thread_local! {
        static REFUSED: Cell<Option<&'static str>> = const { Cell::new(None) };
    }

    /// Refuses threads whose names begin so, to the calling thread, until it is told otherwise.
    pub fn refuse(prefix: Option<&'static str>) {
        REFUSED.set(prefix);
    }

    pub(super) fn check(name: &str) -> io::Result<()> {
        match REFUSED.get() {
            Some(prefix) if name.starts_with(prefix) => {
                Err(io::Error::from(io::ErrorKind::WouldBlock))
            }
            _ => Ok(()),
        }
    }
}
