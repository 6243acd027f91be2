//! Another program: waiting for it, what it used, and ending it.
//!
//! A process that has ended keeps its number until it is reaped. [`ended`] waits without reaping,
//! so that whoever may want to end the process can be told first; only then is it [`reap`]ed.

use rustix::process::{
    Pid, Signal, WaitId, WaitIdOptions, kill_process_group, set_parent_process_death_signal, waitid,
};
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

/// What a process and those it waited for used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Used {
    /// Time on processors in its own code.
    pub user: Duration,
    /// Time on processors in the kernel's code.
    pub system: Duration,
    /// Bytes of memory resident at the peak, of the largest of these processes. The kernel counts
    /// what the process held before it became this program: never less than its parent had.
    pub peak: u64,
}

/// How a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The exit code; 128 and the number of the signal that ended it.
    pub code: i32,
    /// What it used.
    pub used: Used,
}

fn pid(number: u32) -> io::Result<Pid> {
    i32::try_from(number)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
}

/// Waits until a child has ended, and leaves it unreaped.
///
/// # Errors
/// It is no child of this process.
pub fn ended(number: u32) -> io::Result<()> {
    let pid = pid(number)?;
    loop {
        match waitid(
            WaitId::Pid(pid),
            WaitIdOptions::EXITED | WaitIdOptions::NOWAIT,
        ) {
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Waits until a child has ended and takes what is known of it. Its number may then be another's.
///
/// # Errors
/// It is no child of this process.
pub fn reap(number: u32) -> io::Result<Ended> {
    let pid = pid(number)?.as_raw_nonzero().get();
    let mut status = 0;
    // SAFETY: a rusage is plain numbers, for which all zeros are valid.
    let mut used: libc::rusage = unsafe { std::mem::zeroed() };
    loop {
        // SAFETY: both pointers are to live values of the types that wait4(2) fills.
        let result = unsafe { libc::wait4(pid, &raw mut status, 0, &raw mut used) };
        if result == pid {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let time = |time: libc::timeval| {
        Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64)
    };
    Ok(Ended {
        code: if libc::WIFEXITED(status) {
            libc::WEXITSTATUS(status)
        } else {
            128 + libc::WTERMSIG(status)
        },
        used: Used {
            user: time(used.ru_utime),
            system: time(used.ru_stime),
            // The kernel says kibibytes (getrusage(2)).
            peak: used.ru_maxrss as u64 * 1024,
        },
    })
}

/// Ends every process of the group that `number` leads. The leader must not have been reaped.
///
/// # Errors
/// There is no such group, or it may not be ended.
pub fn end_group(number: u32) -> io::Result<()> {
    Ok(kill_process_group(pid(number)?, Signal::KILL)?)
}

/// Has the kernel end what this command starts when the thread that starts it is gone, however it
/// went. What that starts in turn is not included.
pub fn end_with_parent(command: &mut Command) -> &mut Command {
    let bind = || Ok(set_parent_process_death_signal(Some(Signal::KILL))?);
    // SAFETY: between fork and exec only one system call is made; it takes no lock and no memory.
    unsafe { command.pre_exec(bind) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_process_used_and_how_it_ended_is_known() {
        let busy = "i=0; while [ $i -lt 20000 ]; do i=$((i+1)); done; exit 7";
        let child = Command::new("/bin/sh").args(["-c", busy]).spawn();
        let number = child.expect("a shell").id();
        ended(number).expect("a child");
        ended(number).expect("not reaped by looking");
        let end = reap(number).expect("a child");
        assert_eq!(end.code, 7);
        assert!(end.used.user + end.used.system > Duration::ZERO, "{end:?}");
        assert!(end.used.peak > 100 << 10, "{end:?}");
        assert!(ended(number).is_err(), "reaped");
    }

    #[test]
    fn what_is_bound_ends_with_the_thread_that_started_it() {
        let started = std::thread::spawn(|| {
            let mut command = Command::new("/bin/sleep");
            end_with_parent(command.arg("100"))
                .spawn()
                .expect("sleeps")
                .id()
        });
        let number = started.join().expect("the thread ends");
        assert_eq!(reap(number).expect("a child").code, 128 + 9);
    }

    #[test]
    fn a_group_is_ended_whole() {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "sleep 100 & wait"]).process_group(0);
        let number = command.spawn().expect("a shell").id();
        end_group(number).expect("a group");
        assert_eq!(reap(number).expect("a child").code, 128 + 9);
    }
}
