//! All that the server knows, and how it changes.

mod owed;

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};
use tracing::{error, info, warn};

use super::audit::Audit;
use super::beacons::Origins;
use super::control::{Change, Control, percent, stage_name};
use super::file::{Kept, StateFile, WindowLog};
use super::intake::Intake;
use super::shared::Shared;
use super::windows::Windows;
use crate::decision::{Policy, Window};
use crate::gate::{Override, Rollout, Share};
use owed::Owed;

/// The answer to `GET /rollout.json`.
pub(super) struct Served {
    pub(super) body: Bytes,
    pub(super) etag: String,
}

/// Why a change was not made.
pub(super) enum Obstacle {
    /// What is in the way.
    Conflict(&'static str),
    /// Where it could not be written.
    Store(String),
}

/// The server's one state; its fields are of one thread, so that no lock is ever waited for.
pub(super) struct App {
    pub(super) rollout: Rollout,
    document: Map<String, Value>,
    pub(super) policy: Policy,
    pub(super) override_: Override,
    replica: String,
    pub(super) intake: Mutex<Intake>,
    control: Mutex<Control>,
    served: Mutex<Arc<Served>>,
    /// Held while something is changed, so that changes and writes come one after the other.
    pub(super) changing: tokio::sync::Mutex<()>,
    file: Option<Arc<StateFile>>,
    audit: Arc<Mutex<Audit>>,
    owed: Mutex<Owed>,
    window_log: Option<Arc<WindowLog>>,
    pub(super) shared: Option<Shared>,
    /// All replicas' windows; where nothing is shared, the intake's are all there are.
    pub(super) sums: Mutex<Windows>,
    /// Whether the state is known: from the file, from the shared store, or because there is neither.
    pub(super) known: AtomicBool,
    pub(super) store_up: AtomicBool,
    /// The audit line of a rollback that a person made here while the shared store was away.
    pub(super) unshared: Mutex<Option<String>>,
    pub(super) write_failures: AtomicU64,
    /// Admin requests without the token.
    pub(super) denied: AtomicU64,
    /// 1, 2 or 3 where the last decision was to hold, inconclusive, or to roll back.
    pub(super) verdict: AtomicUsize,
    pub(super) stopping: AtomicBool,
    pub(super) origins: Origins,
    /// Trusted proxies before the server.
    pub(super) proxies: usize,
}

/// The parts that an [`App`] is made of.
pub(super) struct Parts {
    pub(super) rollout: Rollout,
    pub(super) document: Map<String, Value>,
    pub(super) policy: Policy,
    pub(super) override_: Override,
    pub(super) intake: Intake,
    pub(super) kept: Option<Kept>,
    pub(super) replica: String,
    pub(super) file: Option<StateFile>,
    pub(super) audit: Audit,
    pub(super) window_log: Option<WindowLog>,
    pub(super) shared: Option<Shared>,
    pub(super) origins: Origins,
    pub(super) proxies: usize,
}

impl App {
    pub(super) fn new(parts: Parts) -> Self {
        let (mut intake, mut control) = (parts.intake, Control::default());
        let alone = parts.shared.is_none();
        let known = alone || parts.kept.as_ref().is_some_and(|kept| kept.control.revision > 0);
        if let Some(kept) = parts.kept {
            intake.resume(kept.counters, &kept.windows);
            control = kept.control.clamped(now_s());
        }
        let app = Self {
            rollout: parts.rollout,
            document: parts.document,
            policy: parts.policy,
            override_: parts.override_,
            replica: parts.replica,
            intake: Mutex::new(intake),
            control: Mutex::new(control),
            served: Mutex::new(Arc::new(Served { body: Bytes::new(), etag: String::new() })),
            changing: tokio::sync::Mutex::new(()),
            file: parts.file.map(Arc::new),
            audit: Arc::new(Mutex::new(parts.audit)),
            owed: Mutex::default(),
            window_log: parts.window_log.map(Arc::new),
            store_up: AtomicBool::new(alone),
            shared: parts.shared,
            sums: Mutex::default(),
            known: AtomicBool::new(known),
            unshared: Mutex::default(),
            write_failures: AtomicU64::new(0),
            denied: AtomicU64::new(0),
            verdict: AtomicUsize::new(0),
            stopping: AtomicBool::new(false),
            origins: parts.origins,
            proxies: parts.proxies,
        };
        app.publish();
        app
    }

    pub(super) fn intake(&self) -> MutexGuard<'_, Intake> {
        lock(&self.intake)
    }

    pub(super) fn control(&self) -> Control {
        lock(&self.control).clone()
    }

    pub(super) fn served(&self) -> Arc<Served> {
        lock(&self.served).clone()
    }

    /// The share that holds now: nobody's until the state is known.
    pub(super) fn effective(&self) -> Share {
        self.effective_of(&lock(&self.control))
    }

    fn effective_of(&self, control: &Control) -> Share {
        if !self.known.load(Relaxed) {
            return Share::NONE;
        }
        control.effective(self.rollout.share, self.override_)
    }

    /// Serves what holds now.
    pub(super) fn publish(&self) {
        let mut document = self.document.clone();
        let share = self.effective();
        document.remove("stage");
        document.remove("percentage");
        match stage_name(share) {
            Some(name) => document.insert("stage".into(), name.into()),
            None => document.insert("percentage".into(), percent(share).into()),
        };
        let body = Bytes::from(Value::Object(document).to_string());
        let hash = Sha256::digest(&body);
        let etag = format!("\"{}\"", hash[..8].iter().map(|byte| format!("{byte:02x}")).collect::<String>());
        *lock(&self.served) = Arc::new(Served { body, etag });
    }

    /// Takes over a state, and serves it.
    pub(super) fn adopt(&self, control: Control) {
        *lock(&self.control) = control.clamped(now_s());
        self.known.store(true, Relaxed);
        self.publish();
    }

    /// Makes a change: when this returns it is on the disk, in the shared store, and served.
    ///
    /// A rollback, and what the shared store has taken, holds also if the disk refuses it: it is written when
    /// that is possible, and until then [`App::view`] says so.
    ///
    /// # Errors
    /// If something is in the way, or it could not be written. Then the same holds as before; the audit log
    /// may have a line of what was tried.
    pub(super) async fn change(&self, change: Change) -> Result<(), Obstacle> {
        let _changing = self.changing.lock().await;
        self.change_locked(change).await
    }

    /// The same, for who holds `changing`.
    pub(super) async fn change_locked(&self, change: Change) -> Result<(), Obstacle> {
        if !self.known.load(Relaxed) {
            return Err(Obstacle::Store("the shared state is not known yet".into()));
        }
        let before = self.control();
        let now_s = now_s();
        let next = before.apply(&change, now_s).map_err(Obstacle::Conflict)?;
        let entry = change.entry(now_s, next.revision, self.effective_of(&before), self.effective_of(&next));
        let line = serde_json::to_string(&entry).map_err(|error| Obstacle::Store(error.to_string()))?;
        // A disk that is full must not keep open what is to be closed.
        let mut holds_anyway = matches!(change, Change::RollBack { .. });
        if let Some(shared) = &self.shared {
            match shared.replace(before.revision, &next, &line).await {
                Ok(true) => {
                    *lock(&self.unshared) = None;
                    holds_anyway = true;
                }
                Ok(false) => {
                    return Err(Obstacle::Conflict("another replica changed it just now; try again"));
                }
                // Only what closes may go its own way, and only where a person says so.
                Err(error) if matches!(&change, Change::RollBack { numbers: Value::Null, .. }) => {
                    warn!(error = %error, "rolled back on this replica only, until the shared store is there");
                    *lock(&self.unshared) = Some(line.clone());
                }
                Err(error) => return Err(Obstacle::Store(format!("the shared store: {error}"))),
            }
        }
        if let Err(why) = self.record(&entry, &next, holds_anyway).await {
            if !holds_anyway {
                return Err(why);
            }
            self.owe(Some(entry), &why);
        }
        let action = if matches!(change, Change::RollBack { .. }) { "roll-back" } else { "reset" };
        let told = json!({ "change": { "action": action, "at_s": now_s, "revision": next.revision } });
        // Whoever looks back misses a line then; the change is made all the same.
        let _ = self.log(format!("{told}\n")).await;
        if let Change::RollBack { cause, .. } = &change {
            self.intake().counters.rollbacks[*cause as usize] += 1;
        }
        self.adopt(next);
        info!(audit = line, "changed");
        Ok(())
    }

    /// Does what waits for the disk on a thread of its own.
    async fn write(
        &self,
        work: impl FnOnce() -> std::io::Result<()> + Send + 'static,
    ) -> Result<(), Obstacle> {
        let done = tokio::task::spawn_blocking(work).await.map_err(std::io::Error::other).flatten();
        done.map_err(|error| {
            self.write_failures.fetch_add(1, Relaxed);
            error!(error = %error, "could not be written");
            Obstacle::Store(error.to_string())
        })
    }

    /// The audit log's end: the shared one, where it can be had.
    pub(super) async fn audit(&self) -> std::io::Result<String> {
        if let Some(shared) = &self.shared
            && let Ok(lines) = shared.audit().await
        {
            return Ok(lines.into_iter().map(|line| line + "\n").collect());
        }
        lock(&self.audit).read()
    }

    /// What an operator wants to know.
    pub(super) fn view(&self) -> Value {
        let control = self.control();
        let share = self.effective();
        let windows = self.evidence(u64::MAX);
        let sum = |arm: fn(&Window) -> u64| windows.iter().map(arm).sum::<u64>();
        json!({
            "flag": self.rollout.flag,
            "revision": control.revision,
            "stage": stage_name(share),
            "percentage": percent(share),
            "set": control.share.and_then(Share::new).map(percent),
            "configured": percent(self.rollout.share),
            "override": match self.override_ {
                Override::Absent => Value::Null,
                Override::Stage(stage) => stage.name().into(),
                Override::Invalid => "invalid".into(),
            },
            "latch": control.latch,
            "unwritten": self.owed_why().map(|why| {
                format!("what is said here holds, but is not on the disk: {why}; it is tried again")
            }),
            "evidence": {
                "windows": windows.len(),
                "treatment": sum(|window| window.treatment.samples),
                "control": sum(|window| window.control.samples),
            },
            "store": if self.shared.is_none() { "none" } else if self.store_up.load(Relaxed) { "up" } else { "away" },
        })
    }

    /// What a clock that ran ahead has left is of no time that will come soon.
    pub(super) fn drop_ahead(&self, now_s: u64) {
        let mut control = lock(&self.control);
        *control = std::mem::take(&mut *control).clamped(now_s);
        lock(&self.sums).drop_ahead(now_s);
    }

    /// The windows to decide on: those that ended before a time and that the last change left as evidence.
    pub(super) fn evidence(&self, now_s: u64) -> Vec<Window> {
        let since_s = lock(&self.control).since_s;
        self.windows(since_s, now_s)
    }

    /// All replicas' windows that did not begin before a time and ended before another.
    pub(super) fn windows(&self, since_s: u64, now_s: u64) -> Vec<Window> {
        match &self.shared {
            Some(_) => lock(&self.sums).between(since_s, now_s),
            None => self.intake().windows.between(since_s, now_s),
        }
    }

    /// Appends to the log that can be replayed, if there is one.
    pub(super) async fn log(&self, lines: String) -> Result<(), Obstacle> {
        let Some(log) = self.window_log.clone() else { return Ok(()) };
        self.write(move || log.append(&lines)).await
    }
}

/// Locks; what panicked while it held the lock has left nothing half done that matters more than going on.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Seconds since 1970.
pub(super) fn now_s() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs())
}
