//! What the kernel says of this process itself.

use std::fs::File;
use std::io::Read;
use std::sync::OnceLock;
use std::time::Duration;

/// The number the kernel knows the calling thread by (gettid(2)).
pub fn thread_id() -> u32 {
    rustix::thread::gettid().as_raw_nonzero().get() as u32
}

/// Time that a thread of this process has spent on a processor; `None` when it has ended.
pub fn thread_cpu(thread: u32) -> Option<Duration> {
    // What pthread_getcpuclockid(3) makes of a thread: its number upside down, three bits up, and
    // "scheduler's clock of one thread" below (CPUCLOCK_SCHED and CPUCLOCK_PERTHREAD_MASK of
    // Linux's `include/linux/posix-timers_types.h`). Only from a pthread_t can libc make it.
    let clock = (!thread).wrapping_shl(3) | 0b110;
    let mut spent = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the kernel writes the one timespec and keeps nothing; a number that names no thread
    // is EINVAL.
    let told = unsafe { libc::clock_gettime(clock as libc::clockid_t, &raw mut spent) };
    (told == 0).then(|| Duration::new(spent.tv_sec as u64, spent.tv_nsec as u32))
}

/// Time for which a thread of this process could have gone on and had no processor, to the last
/// time it got one; `None` when it has ended or the kernel keeps no such count.
pub fn thread_waited(thread: u32) -> Option<Duration> {
    let told = std::fs::read_to_string(format!("/proc/self/task/{thread}/schedstat")).ok()?;
    // "time spent waiting on a runqueue (in nanoseconds)" is the second of three
    // (Documentation/scheduler/sched-stats.rst).
    let nanoseconds = told.split_ascii_whitespace().nth(1)?.parse().ok()?;
    Some(Duration::from_nanos(nanoseconds))
}

/// What the user takes away from the mode of new files. Read from `/proc`, because umask(2)
/// can only be asked by changing it; 022 where that cannot be read.
pub fn umask() -> u32 {
    *UMASK.get_or_init(current_umask)
}

/// The user's mask, from when it was first asked for.
static UMASK: OnceLock<u32> = OnceLock::new();

/// From now on a mask that takes permissions from the owner does not keep haul itself out of what
/// it makes; [`umask`] still tells it.
pub fn keep_own_permissions() {
    const OWNER: u32 = 0o700;
    let mask = umask();
    if mask & OWNER != 0 {
        rustix::process::umask(rustix::fs::Mode::from_raw_mode(mask & !OWNER));
    }
}

/// Where the process may have only so many addresses (`ulimit -v`, as batch systems set it), all its
/// threads share one heap. glibc otherwise sets aside 64 MiB of addresses for each of the first
/// threads (128 MiB for an instant), of which hardly any is used, and under a limit of 150 to 220 MB
/// no thread could be begun after them. To be called before there is a second thread.
pub fn spare_addresses() {
    #[cfg(target_env = "gnu")]
    {
        use rustix::process::{Resource, getrlimit};
        if getrlimit(Resource::As).current.is_none() {
            return;
        }
        // SAFETY: it changes a number of the allocator's own, under the allocator's lock.
        let set = unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
        if set == 0 {
            tracing::debug!("the threads do not share one heap");
        }
    }
}

fn current_umask() -> u32 {
    status("Umask")
        .and_then(|mask| u32::from_str_radix(mask, 8).ok())
        .unwrap_or(0o022)
}

/// What the kernel says of this process under `field` (proc(5), `status`), as it was when this was
/// first asked; `None` without `/proc`.
pub fn status(field: &str) -> Option<&'static str> {
    static STATUS: OnceLock<String> = OnceLock::new();
    let status = STATUS.get_or_init(|| {
        // Its length is told as nothing, and to begin with little would be many reads.
        let mut status = String::with_capacity(4096);
        let read =
            File::open("/proc/self/status").and_then(|mut file| file.read_to_string(&mut status));
        if read.is_err() {
            status.clear();
        }
        status
    });
    let mut values = status.lines().filter_map(|line| line.split_once(':'));
    values.find_map(|(name, value)| (name == field).then(|| value.trim()))
}

#[cfg(test)]
mod tests {
    use super::{thread_cpu, thread_id, thread_waited};
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::time::{Duration, Instant};

    #[test]
    fn threads_that_share_a_processor_wait_for_it() {
        let Some(before) = thread_waited(thread_id()) else {
            let told = std::fs::exists("/proc/self/schedstat").expect("looked");
            assert!(!told, "the kernel keeps that count");
            return;
        };
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let (over, begun) = (AtomicBool::new(false), Instant::now());
        let waited = std::thread::scope(|scope| {
            for _ in 0..2 * cores {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        std::hint::spin_loop();
                    }
                });
            }
            let mut waited = Duration::ZERO;
            while waited < Duration::from_millis(10) && begun.elapsed() < Duration::from_secs(20) {
                let now = thread_waited(thread_id()).expect("it runs");
                waited = now.saturating_sub(before);
            }
            over.store(true, Ordering::Relaxed);
            waited
        });
        assert!(waited >= Duration::from_millis(10), "{waited:?}");
        assert!(thread_waited(u32::MAX).is_none(), "there is no such thread");
    }

    #[test]
    fn a_thread_s_work_is_its_own() {
        let (to_main, from_thread) = std::sync::mpsc::channel();
        let (end, ended) = std::sync::mpsc::channel::<()>();
        let idle = std::thread::spawn(move || {
            to_main.send(thread_id()).expect("heard");
            ended.recv().expect("told to end");
        });
        let id = from_thread.recv().expect("told");
        let own = thread_cpu(thread_id()).expect("this thread runs");
        let mut spent = own;
        while spent < own + Duration::from_millis(20) {
            spent = thread_cpu(thread_id()).expect("this thread runs");
        }
        assert!(thread_cpu(id).expect("it waits") < Duration::from_millis(20));
        end.send(()).expect("it waits");
        idle.join().expect("ended");
        // The kernel may take a moment to forget it.
        let gone = (0..100).any(|_| {
            std::thread::sleep(Duration::from_millis(10));
            thread_cpu(id).is_none()
        });
        assert!(gone);
    }
}
