//! A file system that goes wrong on purpose, for tests of everything above.

use super::calls::each_call;
use super::{
    Alignment, Caching, Call, Child, Completion, Errno, Kind, Layout, Reserve, Ring, Space, Stat,
    Sys, SysResult, Time, Transfer, Way,
};
use std::collections::VecDeque;
use std::ffi::CStr;
use std::fmt::Debug;
use std::mem::MaybeUninit;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// The call is not made and answers this.
    Fail(Errno),
    /// Calls that move bytes move one; others are untouched.
    Short,
    /// The call is made after so long.
    Delay(Duration),
    /// The call is not made; the thread that makes it panics.
    Panic,
    /// Calls that move bytes move none and report no error, and the search for data finds none;
    /// others are untouched.
    Nothing,
    /// The call is made after somebody else was at work: what [`Faulty::meanwhile`] was given.
    Meanwhile,
}

/// When something goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Only calls of this kind count; `None` counts all.
    pub call: Option<Call>,
    /// Which of the counted calls, from 0.
    pub nth: u64,
    /// From then on for good, or that once.
    pub sticky: bool,
    /// What happens.
    pub kind: FaultKind,
}

#[derive(Debug, Default)]
struct Ledger {
    counted: u64,
    hit: Option<Call>,
    calls: Vec<Call>,
}

/// What somebody else does between two calls.
struct Meanwhile(Box<dyn Fn() + Send + Sync>);

impl Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

/// A fault, and what it was measured against; shared with the rings that were made under it.
#[derive(Debug)]
struct Plan {
    fault: Option<Fault>,
    meanwhile: Option<Meanwhile>,
    ledger: Mutex<Ledger>,
}

/// A wrapper that carries out one [`Fault`] and remembers what it saw.
#[derive(Debug)]
pub struct Faulty {
    inner: Arc<dyn Sys>,
    plan: Arc<Plan>,
}

impl Faulty {
    /// Wraps `inner`; without a fault it only counts.
    pub fn new(inner: Arc<dyn Sys>, fault: Option<Fault>) -> Self {
        Self {
            inner,
            plan: Arc::new(Plan {
                fault,
                meanwhile: None,
                ledger: Mutex::default(),
            }),
        }
    }

    /// Wraps `inner`; right before the `nth` call (from 0) of a kind, and before no other, `act` is
    /// done on the thread that makes it.
    pub fn meanwhile(
        inner: Arc<dyn Sys>,
        call: Call,
        nth: u64,
        act: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let fault = Fault {
            call: Some(call),
            nth,
            sticky: false,
            kind: FaultKind::Meanwhile,
        };
        Self {
            inner,
            plan: Arc::new(Plan {
                fault: Some(fault),
                meanwhile: Some(Meanwhile(Box::new(act))),
                ledger: Mutex::default(),
            }),
        }
    }

    /// The calls made so far, in order.
    pub fn calls(&self) -> Vec<Call> {
        self.plan.ledger().calls.clone()
    }

    /// The call that was hit, once one was.
    pub fn hit(&self) -> Option<Call> {
        self.plan.ledger().hit
    }

    fn allow(&self, call: Call, len: usize) -> SysResult<usize> {
        self.plan.allow(call, len)
    }
}

impl Plan {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a call; what should happen to it.
    fn strike(&self, call: Call) -> Option<FaultKind> {
        let mut ledger = self.ledger();
        ledger.calls.push(call);
        let fault = self.fault?;
        if fault.call.is_some_and(|only| only != call) {
            return None;
        }
        let at = ledger.counted;
        ledger.counted += 1;
        let due = at == fault.nth || (fault.sticky && at > fault.nth);
        if due {
            ledger.hit.get_or_insert(call);
        }
        due.then_some(fault.kind)
    }

    /// How many bytes a moving call may ask for, or its failure.
    fn allow(&self, call: Call, len: usize) -> SysResult<usize> {
        match self.strike(call) {
            None => Ok(len),
            Some(FaultKind::Fail(errno)) => Err(errno),
            Some(FaultKind::Short) => Ok(len.min(1)),
            Some(FaultKind::Delay(time)) => {
                std::thread::sleep(time);
                Ok(len)
            }
            Some(FaultKind::Panic) => panic!("asked for, at {call:?}"),
            Some(FaultKind::Nothing) => Ok(0),
            Some(FaultKind::Meanwhile) => {
                if let Some(Meanwhile(act)) = &self.meanwhile {
                    act();
                }
                Ok(len)
            }
        }
    }
}

/// A ring whose transfers are counted and struck like calls: when they are taken on, so that their
/// order is that of who asks. What is short is made so on completion, as the kernel does it.
#[derive(Debug)]
struct FaultyRing {
    inner: Box<dyn Ring>,
    plan: Arc<Plan>,
    /// Slots whose transfer is to end short.
    short: Vec<usize>,
    /// Transfers that were never begun, and their ends.
    failed: VecDeque<Completion>,
}

impl FaultyRing {
    fn has_failed(&self, slot: usize) -> bool {
        self.failed.iter().any(|failed| failed.slot == slot)
    }
}

impl Ring for FaultyRing {
    fn slots(&self) -> usize {
        self.inner.slots()
    }

    fn slot_size(&self) -> usize {
        self.inner.slot_size()
    }

    fn bytes(&mut self, slot: usize) -> &mut [u8] {
        assert!(!self.has_failed(slot), "slot {slot} is in flight");
        self.inner.bytes(slot)
    }

    fn push(&mut self, transfer: Transfer<'_>) {
        let (slot, way) = (transfer.slot, transfer.way);
        assert!(!self.has_failed(slot), "slot {slot} is in flight");
        let call = match way {
            Way::Read => Call::RingRead,
            Way::Write => Call::RingWrite,
        };
        match self.plan.allow(call, usize::MAX) {
            Ok(allowed) => {
                if allowed == 1 {
                    self.short.push(slot);
                }
                self.inner.push(transfer);
            }
            Err(errno) => self.failed.push_back(Completion {
                slot,
                way,
                result: Err(errno),
            }),
        }
    }

    fn wait(&mut self, least: usize) -> SysResult<()> {
        self.plan.allow(Call::RingWait, 0)?;
        self.inner.wait(least.saturating_sub(self.failed.len()))
    }

    fn take(&mut self) -> Option<Completion> {
        if let Some(failed) = self.failed.pop_front() {
            return Some(failed);
        }
        let mut completion = self.inner.take()?;
        if let Some(at) = self.short.iter().position(|slot| *slot == completion.slot) {
            self.short.swap_remove(at);
            completion.result = completion.result.map(|bytes| bytes.min(1));
        }
        Some(completion)
    }

    fn in_flight(&self) -> usize {
        self.inner.in_flight() + self.failed.len()
    }

    fn settle(&mut self) {
        self.failed.clear();
        self.short.clear();
        self.inner.settle();
    }
}

macro_rules! pass_on {
    ($($(#[$doc:meta])* $name:ident => $call:ident($($arg:ident: $ty:ty),*) -> $ret:ty;)*) => {
        impl Sys for Faulty {
            $(fn $name(&self, $($arg: $ty),*) -> SysResult<$ret> {
                pass_on!(@body self, $name, $call, $($arg),*)
            })*

            fn list(
                &self,
                dir: BorrowedFd<'_>,
                buffer: &mut [MaybeUninit<u8>],
                each: &mut dyn FnMut(Child<'_>),
            ) -> SysResult<bool> {
                self.allow(Call::List, 0)?;
                self.inner.list(dir, buffer, each)
            }

            fn read_at(
                &self,
                fd: BorrowedFd<'_>,
                buffer: &mut [u8],
                offset: u64,
                pages: Caching,
            ) -> SysResult<usize> {
                let len = self.allow(Call::ReadAt, buffer.len())?;
                self.inner.read_at(fd, &mut buffer[..len], offset, pages)
            }

            fn close(&self, fd: OwnedFd) -> SysResult<()> {
                // As in the kernel, the descriptor is gone even when close reports an error.
                let allowed = self.allow(Call::Close, 0);
                self.inner.close(fd)?;
                allowed.map(|_| ())
            }
        }
    };
    (@body $self:ident, write_at, $call:ident, $fd:ident, $bytes:ident, $offset:ident, $pages:ident) => {{
        let len = $self.allow(Call::$call, $bytes.len())?;
        $self.inner.write_at($fd, &$bytes[..len], $offset, $pages)
    }};
    (@body $self:ident, seek_data, $call:ident, $fd:ident, $offset:ident) => {{
        if $self.allow(Call::$call, 1)? == 0 {
            return Ok(None);
        }
        $self.inner.seek_data($fd, $offset)
    }};
    (@body $self:ident, ring, $call:ident, $layout:ident) => {{
        $self.allow(Call::$call, 0)?;
        Ok(Box::new(FaultyRing {
            inner: $self.inner.ring($layout)?,
            plan: $self.plan.clone(),
            short: Vec::new(),
            failed: VecDeque::new(),
        }))
    }};
    (@body $self:ident, $name:ident, CopyRange, $src:ident, $dst:ident, $offset:ident, $len:ident) => {{
        let len = $self.allow(Call::CopyRange, $len)?;
        $self.inner.$name($src, $dst, $offset, len)
    }};
    (@body $self:ident, $name:ident, SendFile, $src:ident, $dst:ident, $offset:ident, $len:ident) => {{
        let len = $self.allow(Call::SendFile, $len)?;
        $self.inner.$name($src, $dst, $offset, len)
    }};
    (@body $self:ident, $name:ident, $call:ident, $($arg:ident),*) => {{
        $self.allow(Call::$call, 0)?;
        $self.inner.$name($($arg),*)
    }};
}
each_call!(pass_on);
