//! Deciding as windows come.

use super::decide::{judge_newest, without_breach};
use super::history::History;
use super::policy::Policy;
use super::verdict::{Breach, Decision};
use super::window::Window;

/// Takes windows in the order of time and remembers the first breach; memory is bounded by the policy's horizon.
pub struct Watch {
    policy: Policy,
    history: History,
    breach: Option<Breach>,
}

impl Watch {
    /// Nothing seen yet.
    pub fn new(policy: Policy) -> Self {
        Self { policy, history: History::new(&policy), breach: None }
    }

    /// Takes the next window, and gives the breach if this or an earlier one proved it.
    pub fn push(&mut self, window: &Window) -> Option<&Breach> {
        if self.breach.is_none() {
            self.take(window);
            self.breach = judge_newest(&self.policy, &self.history);
        }
        self.breach.as_ref()
    }

    /// Takes a window without judging it.
    pub(super) fn take(&mut self, window: &Window) {
        self.history.push(window);
        self.history.forget(self.history.since(self.history.len(), self.policy.horizon_s));
    }

    /// What the windows say so far.
    pub fn decision(&self) -> Decision {
        match &self.breach {
            Some(breach) => Decision::RollBack(breach.clone()),
            None => without_breach(&self.policy, &self.history),
        }
    }

    /// Forgets all windows and the breach: a person set the stage, and what was seen before says nothing of it.
    pub fn clear(&mut self) {
        self.history.clear();
        self.breach = None;
    }
}
