//! Goes on after a signal: a call that answers EINTR is made again, except close.

use super::calls::each_call;
use super::{
    Alignment, Caching, Child, Errno, Kind, Layout, Reserve, Ring, Space, Stat, Sys, SysResult,
    Time,
};
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

/// How often one call is repeated before its EINTR is believed to be for good: no signal storm of
/// a real system comes near it, and a test that interrupts for ever must end.
const PATIENCE: u32 = 1000;

/// A wrapper that repeats interrupted calls. Everything above it may forget that signals exist.
#[derive(Clone, Debug)]
pub struct Steady {
    inner: Arc<dyn Sys>,
}

impl Steady {
    /// Wraps `inner`.
    pub fn new(inner: Arc<dyn Sys>) -> Self {
        Self { inner }
    }
}

fn again<T>(mut call: impl FnMut() -> SysResult<T>) -> SysResult<T> {
    for _ in 0..PATIENCE {
        match call() {
            Err(Errno::INTR) => {}
            result => return result,
        }
    }
    Err(Errno::INTR)
}

macro_rules! repeat {
    ($($(#[$doc:meta])* $name:ident => $call:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {
        impl Sys for Steady {
            $(fn $name(&self, $($arg: $ty),*) -> SysResult<$ret> {
                again(|| self.inner.$name($($arg),*))
            })*

            fn list(
                &self,
                dir: BorrowedFd<'_>,
                buffer: &mut [MaybeUninit<u8>],
                each: &mut dyn FnMut(Child<'_>),
            ) -> SysResult<bool> {
                again(|| self.inner.list(dir, buffer, each))
            }

            fn read_at(
                &self,
                fd: BorrowedFd<'_>,
                buffer: &mut [u8],
                offset: u64,
                pages: Caching,
            ) -> SysResult<usize> {
                again(|| self.inner.read_at(fd, buffer, offset, pages))
            }

            fn close(&self, fd: OwnedFd) -> SysResult<()> {
                match self.inner.close(fd) {
                    // Linux has closed the descriptor already; an interrupted flush is the file
                    // system's to finish (close(2)). There is nothing to repeat.
                    Err(Errno::INTR) => Ok(()),
                    result => result,
                }
            }
        }
    };
}
each_call!(repeat);
