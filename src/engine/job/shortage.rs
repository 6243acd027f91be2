//! A destination without room: the job says so, pauses by itself where it is to wait, and goes on
//! by itself.

use super::Job;
use crate::engine::room::Admitted;
use crate::proto::{Event, JobState, Shortage};

impl Job {
    /// The destination has no room.
    pub(super) fn run_short(&mut self, shortage: Shortage) {
        if self.shortage.is_none() {
            let free = shortage.free.unwrap_or(0);
            tracing::warn!(job = self.id.0, free, "{}", shortage.lack.words());
        }
        self.shortage = Some(shortage);
        self.ran_short = true;
    }

    /// It seems to have some again: what waits goes on, or one of it, unless the job was paused by
    /// somebody.
    pub(super) fn find_room(&mut self, who: Admitted, events: &mut Vec<Event>) {
        let Some(crew) = &self.crew else { return };
        crew.shared.room.admit(who);
        self.shortage = None;
        if self.waits_for_room {
            self.go_on(events);
        }
    }

    /// Lets whoever waits for room find out whether there is some.
    pub fn look_for_room(&mut self, events: &mut Vec<Event>) {
        if self.waits_for_room() {
            self.find_room(Admitted::All, events);
        }
    }

    /// True while it copies what it once had no room for.
    pub fn goes_on_after_shortage(&self) -> bool {
        let copies = matches!(self.state, JobState::Scanning | JobState::Running);
        copies && self.ran_short && self.shortage.is_none()
    }

    /// Pauses once what was in flight has ended.
    pub(super) fn pause_for_room(&mut self, events: &mut Vec<Event>) {
        let quiet = self.crew.as_ref().is_some_and(|crew| {
            let shared = &crew.shared;
            shared.room.waits() && shared.room.is_full() && shared.gate.is_quiet()
        });
        // What is whole gets its name first.
        let named = self.naming.is_empty() && !self.flushing;
        let stands = quiet && named && self.shortage.is_some();
        // What the last one did before it waits is on its way here: it is seen by the next time.
        if stands && self.stands_still {
            self.pause(events);
            self.waits_for_room = self.state == JobState::Pausing;
        }
        self.stands_still = stands;
    }

    /// True while it is paused by itself.
    pub fn waits_for_room(&self) -> bool {
        self.waits_for_room && matches!(self.state, JobState::Pausing | JobState::Paused)
    }
}
