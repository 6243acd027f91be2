//! Whether a file that failed is begun again: after trouble that may pass, so often as was asked
//! for; after a failed flush, once.

use super::Worker;
use crate::engine::failure::Trouble;
use crate::engine::report::Notable;
use crate::engine::tree::Slice;
use crate::proto::{ErrorClass, Op, Side};
use std::sync::{Arc, PoisonError};

impl Worker {
    /// True when a file whose flush failed is to be copied from the source again, which is done
    /// once: a second flush of the same bytes would say that all is well (fsync(2)).
    pub(super) fn is_copied_again(
        &mut self,
        trouble: &Trouble,
        slice: &Arc<Slice>,
        index: usize,
    ) -> bool {
        let copied_again = &self.shared.copied_again;
        let again = trouble.op == Op::Flush
            && !trouble.left_behind
            && trouble.class != ErrorClass::Space
            && copied_again
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(slice.id(index));
        if again {
            let (_, _, name) = slice.entry(index);
            let path = || slice.dir.full_path(Side::Dest, Some(name));
            self.batch.notables.add_at(Notable::CopiedAgain, path);
        }
        again
    }

    /// The number of the attempt that may follow; `None` when there were enough.
    pub(super) fn late_attempt(
        &mut self,
        trouble: &Trouble,
        slice: &Arc<Slice>,
        index: usize,
    ) -> Option<u8> {
        if self.is_copied_again(trouble, slice, index) {
            return Some(0);
        }
        if !may_pass(trouble) {
            return None;
        }
        let id = slice.id(index);
        let mut late = self
            .shared
            .late
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let made = late.entry(id).or_default();
        if *made >= self.shared.retries {
            return None;
        }
        *made += 1;
        Some(*made)
    }
}

/// Trouble that another attempt may not meet.
pub(super) fn may_pass(trouble: &Trouble) -> bool {
    matches!(trouble.class, ErrorClass::Transient | ErrorClass::Changed) && !trouble.left_behind
}
