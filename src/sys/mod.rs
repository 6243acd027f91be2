//! Every file-system call haul makes, behind one trait.
//!
//! Owns: the seam [`Sys`], its real implementation ([`Real`]), the wrapper that goes on after a
//! signal ([`Steady`]) and the one that fails, shortens or delays the n-th call ([`Faulty`]), so
//! that every error path above can be tested. Below the roots everything is one component relative
//! to a held directory descriptor and never follows a link.
//!
//! Never: decides policy, keeps state of a copy, prints. The only layer that may hold `unsafe`.
//! Called from worker, scanner and listing threads; no call is made on a door's or the
//! coordinator's thread.

mod calls;
mod fault;
mod real;
mod stat;
mod steady;

pub use calls::{Call, Child, Sys, SysResult};
pub use fault::{Fault, FaultKind, Faulty};
pub use real::Real;
pub use rustix::io::Errno;
pub use stat::{FsKind, Kind, Space, Stat, Time};
pub use steady::Steady;
