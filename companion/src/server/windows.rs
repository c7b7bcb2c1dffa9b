//! The windows that are decided on.

use std::collections::BTreeMap;

use crate::decision::{WINDOW_SECONDS, Window};

/// So many windows are kept: an hour's.
pub(super) const MOST_WINDOWS: usize = 720;

/// A time that lies further ahead than so many seconds is a wrong clock's.
const AHEAD_S: u64 = 10;

/// Windows by their beginning, the oldest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Windows(BTreeMap<u64, Window>);

impl Windows {
    /// Adds to the window of the same beginning.
    pub(super) fn add(&mut self, window: &Window) {
        let sum = self.0.entry(window.start_s).or_insert_with(|| empty(window.start_s));
        sum.treatment.merge(&window.treatment);
        sum.control.merge(&window.control);
        self.trim();
    }

    /// Puts in the place of the window of the same beginning.
    pub(super) fn put(&mut self, window: Window) {
        self.0.insert(window.start_s, window);
        self.trim();
    }

    /// All that have not begun before and have ended.
    pub(super) fn between(&self, since_s: u64, now_s: u64) -> Vec<Window> {
        let ended = |window: &&Window| window.end_s() <= now_s;
        self.0.range(since_s..).map(|(_, window)| window).filter(ended).copied().collect()
    }

    /// Drops what a clock that ran ahead has left: it would be the newest for as long as the clock was wrong.
    pub(super) fn drop_ahead(&mut self, now_s: u64) {
        self.0.retain(|start_s, _| !is_ahead(*start_s, now_s));
    }

    pub(super) fn last(&self) -> Option<&Window> {
        self.0.values().next_back()
    }

    fn trim(&mut self) {
        while self.0.len() > MOST_WINDOWS {
            self.0.pop_first();
        }
    }
}

/// Whether a time lies further ahead than clocks of one fleet differ and windows last.
pub(super) fn is_ahead(time_s: u64, now_s: u64) -> bool {
    time_s > now_s.saturating_add(AHEAD_S)
}

/// When the window began that a time, in seconds since 1970, is in. All replicas' windows begin together.
pub(super) fn window_start(now_s: u64) -> u64 {
    now_s - now_s % u64::from(WINDOW_SECONDS)
}

/// A window without runs.
pub(super) fn empty(start_s: u64) -> Window {
    Window { start_s, seconds: WINDOW_SECONDS, ..Window::default() }
}

/// Whether nothing was seen in a window.
pub(super) fn is_empty(window: &Window) -> bool {
    window.treatment.samples == 0 && window.control.samples == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_that_lie_ahead_are_dropped() {
        let mut windows = Windows::default();
        for start_s in [995, 1000, 1010, 1015, 4600] {
            windows.put(empty(start_s));
        }
        windows.drop_ahead(1000);
        assert_eq!(windows.last().map(|window| window.start_s), Some(1010));
        assert_eq!(windows.between(0, u64::MAX).len(), 3);
    }
}
