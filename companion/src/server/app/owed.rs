//! What is written, and what is owed to a disk that refused it.

use super::super::control::{Control, Entry};
use super::super::file::{Kept, VERSION};
use super::{App, Obstacle, lock};

/// What holds already, and is not on the disk yet.
#[derive(Default)]
pub(super) struct Owed {
    /// Lines of the audit log, the oldest first.
    entries: Vec<Entry>,
    /// Why the last try failed.
    why: Option<String>,
}

impl App {
    /// Writes a change: what is owed first, then its line, then the state, which waits for no line of what
    /// holds anyway.
    pub(super) async fn record(
        &self,
        entry: &Entry,
        next: &Control,
        holds_anyway: bool,
    ) -> Result<(), Obstacle> {
        let told = match self.append_owed().await {
            Ok(()) => self.append(entry.clone()).await,
            Err(why) => Err(why),
        };
        if told.is_err() && !holds_anyway {
            return told;
        }
        told.and(self.keep(next.clone()).await)
    }

    /// Writes what holds, and what is owed. The caller holds `changing`.
    pub(in crate::server) async fn settle(&self) -> Result<(), Obstacle> {
        let told = self.append_owed().await;
        let settled = told.and(self.keep(self.control()).await);
        if let (Err(why), true) = (&settled, self.owes()) {
            self.owe(None, why);
        }
        settled
    }

    /// Why what holds is not on the disk, if it is not.
    pub(super) fn owed_why(&self) -> Option<String> {
        lock(&self.owed).why.clone()
    }

    /// Whether something holds that is not on the disk.
    pub(in crate::server) fn owes(&self) -> bool {
        self.owed_why().is_some()
    }

    /// Remembers that what holds is not on the disk.
    pub(in crate::server) fn owe(&self, entry: Option<Entry>, why: &Obstacle) {
        let (Obstacle::Store(why), mut owed) = (why, lock(&self.owed)) else { return };
        owed.entries.extend(entry);
        owed.why = Some(why.clone());
    }

    async fn append_owed(&self) -> Result<(), Obstacle> {
        loop {
            let Some(entry) = lock(&self.owed).entries.first().cloned() else { return Ok(()) };
            self.append(entry).await?;
            lock(&self.owed).entries.remove(0);
        }
    }

    async fn append(&self, entry: Entry) -> Result<(), Obstacle> {
        let audit = self.audit.clone();
        self.write(move || lock(&audit).append(&entry)).await
    }

    /// Writes the state file, if there is one.
    pub(in crate::server) async fn keep(&self, control: Control) -> Result<(), Obstacle> {
        self.write_state(control).await?;
        let mut owed = lock(&self.owed);
        if owed.entries.is_empty() {
            owed.why = None;
        }
        Ok(())
    }

    async fn write_state(&self, control: Control) -> Result<(), Obstacle> {
        let Some(file) = self.file.clone() else { return Ok(()) };
        let kept = {
            let intake = self.intake();
            let windows = intake.all_windows().between(0, u64::MAX);
            let counters = intake.counters.clone();
            let (flag, salt) = (Some(self.rollout.flag.clone()), Some(self.rollout.salt.clone()));
            Kept { version: VERSION, flag, salt, replica: self.replica.clone(), control, counters, windows }
        };
        self.write(move || file.save(&kept)).await
    }
}
