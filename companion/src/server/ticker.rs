//! What is done from time to time: windows end, decisions are made, state is written and shared.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use redis::RedisResult;
use tracing::{info, warn};

use super::app::{App, Obstacle, lock, now_s};
use super::connection::Connections;
use super::control::{Cause, Change, Control};
use super::windows::{MOST_WINDOWS, is_ahead, window_start};
use crate::decision::{Decision, Measure, WINDOW_SECONDS, decide};
use crate::gate::Share;

const TICK: Duration = Duration::from_millis(250);
/// So long after its end, in seconds, the replicas' parts of a window are in the shared store.
const GRACE_S: u64 = 1;
/// So far back, in seconds, sums are asked for anew each time, and all of them once in a while.
const RECENT_S: u64 = 60;
const ALL_EVERY_S: u64 = 30;
/// After a failure it is written again after a second, then after twice as long each time, up to this.
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// What the ticker remembers from one time to the next.
pub(super) struct Ticker {
    app: Arc<App>,
    /// The public's, and operators'.
    connections: [Arc<Connections>; 2],
    second: u64,
    /// Whether something came that is not written yet.
    unkept: bool,
    /// How long is waited after the last failure to write, and until when.
    wait: Duration,
    write_at: Instant,
    /// Beginnings of windows that are not in the shared store yet as they are; none where there is no store.
    unsent: BTreeSet<u64>,
    /// When all sums were asked for last.
    all_at_s: u64,
    /// The newest window that was decided on, and how often windows were changed since.
    decided: Option<(u64, usize, u64)>,
    /// Windows that began before are in the log that can be replayed.
    logged_s: u64,
}

impl Ticker {
    pub(super) fn new(app: Arc<App>, connections: [Arc<Connections>; 2]) -> Self {
        let mut ticker = Self {
            app,
            connections,
            second: 0,
            // A file that a former version wrote does not say whose it is.
            unkept: true,
            wait: Duration::ZERO,
            write_at: Instant::now(),
            unsent: BTreeSet::new(),
            all_at_s: 0,
            decided: None,
            logged_s: window_start(now_s()),
        };
        // What a former run kept may not have been sent.
        let kept = ticker.app.intake().windows.between(0, u64::MAX);
        kept.iter().for_each(|window| ticker.unsent(window.start_s));
        ticker
    }

    /// A window has changed. Without a shared store nobody would ever take it off the list.
    fn unsent(&mut self, start_s: u64) {
        if self.app.shared.is_some() {
            self.unsent.insert(start_s);
        }
    }

    /// Ticks until it is dropped.
    pub(super) async fn run(&mut self) {
        let mut interval = tokio::time::interval(TICK);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            interval.tick().await;
            self.tick(now_s()).await;
        }
    }

    async fn tick(&mut self, now_s: u64) {
        let ended = self.app.intake().tick(now_s);
        if let Some(start_s) = ended {
            self.unsent(start_s);
        }
        if now_s != self.second {
            self.second = now_s;
            self.drop_ahead(now_s);
            let slow: usize = self.connections.iter().map(|connections| connections.close_slow()).sum();
            (0..slow).for_each(|_| {
                self.app.intake().reject(super::counters::Rejection::Slow);
            });
            self.keep().await;
        }
        if self.app.shared.is_some() {
            self.share(now_s).await;
        }
        self.log(now_s).await;
        self.decide(now_s).await;
    }

    /// A clock that ran ahead and was set right must not hold anything up until its time comes again.
    fn drop_ahead(&mut self, now_s: u64) {
        self.app.drop_ahead(now_s);
        self.unsent.retain(|start_s| !is_ahead(*start_s, now_s));
        self.logged_s = if is_ahead(self.logged_s, now_s) { window_start(now_s) } else { self.logged_s };
        self.all_at_s = if is_ahead(self.all_at_s, now_s) { 0 } else { self.all_at_s };
    }

    /// Writes what came in the last second, and what could not be written before.
    async fn keep(&mut self) {
        if self.app.intake().take_dirty() {
            self.unsent(window_start(self.second));
            self.unkept = true;
        }
        self.unkept |= self.app.owes();
        if !self.unkept || Instant::now() < self.write_at {
            return;
        }
        let _changing = self.app.changing.lock().await;
        // A failure is logged and counted where it happens.
        self.unkept = self.app.settle().await.is_err();
        if self.unkept {
            self.wait = (self.wait * 2).clamp(Duration::from_secs(1), LONGEST_WAIT);
            // Ticks come a little late or early.
            self.write_at = Instant::now() + self.wait - TICK;
        } else {
            self.wait = Duration::ZERO;
        }
    }

    /// The end: everything is written and shared.
    pub(super) async fn finish(&mut self) {
        self.app.intake().take_dirty();
        self.unsent(window_start(now_s()));
        let changing = self.app.changing.lock().await;
        let kept = self.app.settle().await;
        drop(changing);
        if self.app.shared.is_some() {
            self.share(now_s()).await;
        }
        info!(written = kept.is_ok(), shared = self.unsent.is_empty(), "stopped");
    }

    async fn share(&mut self, now_s: u64) {
        let shared = self.share_or_fail(now_s).await;
        let (up, was_up) = (shared.is_ok(), self.app.store_up.swap(shared.is_ok(), Relaxed));
        if up && !was_up {
            self.all_at_s = 0;
            info!("the shared store is there");
        }
        if let Err(error) = shared {
            if was_up {
                warn!(error = %error, "the shared store is away: the last stage holds, and nothing new is decided");
            }
            while self.unsent.len() > MOST_WINDOWS {
                self.unsent.pop_first();
            }
        }
    }

    async fn share_or_fail(&mut self, now_s: u64) -> RedisResult<()> {
        let app = self.app.clone();
        let Some(shared) = &app.shared else { return Ok(()) };
        // Whoever changes something holds the lock, so that what is fetched is not older than what is known.
        let changing = app.changing.lock().await;
        let stored = shared.fetch().await?;
        self.reconcile(stored.unwrap_or_default(), now_s).await?;
        drop(changing);
        if !self.unsent.is_empty() {
            let windows = app.intake().all_windows().between(0, u64::MAX);
            let windows: Vec<_> =
                windows.into_iter().filter(|window| self.unsent.contains(&window.start_s)).collect();
            if !windows.is_empty() {
                shared.deliver(&windows).await?;
            }
            self.unsent.clear();
        }
        let all = now_s.saturating_sub(self.all_at_s) >= ALL_EVERY_S;
        let back_s = if all { MOST_WINDOWS as u64 * u64::from(WINDOW_SECONDS) } else { RECENT_S };
        let sums = shared.sums(window_start(now_s.saturating_sub(back_s)), now_s).await?;
        let mut known = lock(&app.sums);
        sums.into_iter().for_each(|window| known.put(window));
        if all {
            self.all_at_s = now_s;
        }
        Ok(())
    }

    /// Makes this replica's state and the shared one the same.
    async fn reconcile(&self, stored: Control, now_s: u64) -> RedisResult<()> {
        let app = &self.app;
        let Some(shared) = &app.shared else { return Ok(()) };
        let own = app.control();
        // Another's clock ran ahead: it was clamped when it was adopted, and need not be again.
        let is_own = Control { since_s: own.since_s, ..stored.clone() } == own
            && (stored.since_s == own.since_s || is_ahead(stored.since_s, now_s));
        if is_own {
            *lock(&app.unshared) = None;
            if !app.known.load(Relaxed) {
                app.adopt(stored);
            }
            return Ok(());
        }
        let unshared = lock(&app.unshared).clone();
        // The store forgot, or has not heard of a rollback that was made while it was away.
        let next = if own.revision > stored.revision {
            own.clone()
        } else if unshared.is_some() && own.latch.is_some() && stored.latch.is_none() {
            Control { revision: stored.revision + 1, latch: own.latch.clone(), ..stored.clone() }
        } else {
            stored.clone()
        };
        let line = unshared.unwrap_or_default();
        if next != stored && !shared.replace(stored.revision, &next, &line).await? {
            return Ok(());
        }
        *lock(&app.unshared) = None;
        info!(revision = next.revision, latched = next.latch.is_some(), "took over a shared state");
        if let Err(why) = app.keep(next.clone()).await {
            app.owe(None, &why);
        }
        app.adopt(next);
        Ok(())
    }

    /// Windows that ended before this are as they will be, but for replicas that cannot reach the store.
    fn settled_s(&self, now_s: u64) -> u64 {
        if self.app.shared.is_some() { now_s.saturating_sub(GRACE_S) } else { now_s }
    }

    /// Logs the windows that have ended.
    async fn log(&mut self, now_s: u64) {
        let windows = self.app.windows(self.logged_s, self.settled_s(now_s));
        let Some(last) = windows.last() else { return };
        self.logged_s = last.end_s();
        let line = |window| format!("{}\n", serde_json::json!({ "window": window }));
        // A failure is logged and counted where it happens.
        let _ = self.app.log(windows.iter().map(line).collect()).await;
    }

    /// Nothing is decided: what was said last is of another stage, or of evidence that is gone.
    fn say_nothing(&mut self) {
        self.decided = None;
        self.app.verdict.store(0, Relaxed);
    }

    /// Decides, if there is something new to decide on.
    async fn decide(&mut self, now_s: u64) {
        let app = self.app.clone();
        let before = app.control();
        if before.latch.is_some() || app.effective() == Share::NONE || !app.store_up.load(Relaxed) {
            self.say_nothing();
            return;
        }
        let windows = app.evidence(self.settled_s(now_s));
        let samples = windows.iter().map(|window| window.treatment.samples + window.control.samples).sum();
        let Some(mark) = windows.last().map(|window| (window.start_s, windows.len(), samples)) else {
            self.say_nothing();
            return;
        };
        if self.decided == Some(mark) {
            return;
        }
        self.decided = Some(mark);
        let decision = decide(&app.policy, &windows);
        let verdict = match &decision {
            Decision::Hold { .. } => 1,
            Decision::Inconclusive { .. } => 2,
            Decision::RollBack(_) => 3,
        };
        app.verdict.store(verdict, Relaxed);
        info!(verdict = decision.to_string(), "decided");
        let Decision::RollBack(breach) = &decision else { return };
        let cause = match breach.reason {
            Measure::ErrorRate => Cause::ErrorRate,
            Measure::Latency => Cause::Latency,
        };
        let numbers = serde_json::to_value(breach).unwrap_or_default();
        let change = Change::RollBack { cause, reason: decision.to_string(), numbers };
        let _changing = app.changing.lock().await;
        // A person may have been faster: what was seen then is no evidence any more.
        if app.control().revision != before.revision {
            self.decided = None;
            return;
        }
        if let Err(obstacle) = app.change_locked(change).await {
            self.decided = None;
            match obstacle {
                Obstacle::Conflict(why) => info!(why, "not rolled back"),
                Obstacle::Store(why) => warn!(why, "not rolled back"),
            }
        }
    }
}
