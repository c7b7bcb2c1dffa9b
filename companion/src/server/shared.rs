//! What replicas share, in Redis or Valkey: one state, and each one's windows.
//!
//! A replica writes its own sum of a window under its own name, so that writing it again changes nothing
//! and the sum over all is exact, whatever was lost or repeated on the way. The state is changed by a
//! script that takes a change only of the revision that it was made for; so of several replicas that decide
//! the same, one does it.

use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{RedisError, RedisResult, Script};

use super::control::Control;
use super::windows::empty;
use crate::decision::{WINDOW_SECONDS, Window};

/// How long windows are kept, in seconds: somewhat longer than decisions look back.
const KEPT_S: u64 = 2 * 3600;
/// No answer takes longer; a store that is slower is away.
const PATIENCE: Duration = Duration::from_millis(800);
/// The end of the audit log that is kept.
const AUDIT_LINES: usize = 1000;

/// Keys: state, audit. Arguments: the revision to be replaced, the new one, the new state, lines, line.
const SWAP: &str = r"
local now = redis.call('HGET', KEYS[1], 'revision') or '0'
if now ~= ARGV[1] then return 0 end
redis.call('HSET', KEYS[1], 'revision', ARGV[2], 'state', ARGV[3])
if ARGV[5] ~= '' then
  redis.call('RPUSH', KEYS[2], ARGV[5])
  redis.call('LTRIM', KEYS[2], -tonumber(ARGV[4]), -1)
end
return 1";

/// The connection, which mends itself, and the names of the keys.
pub(super) struct Shared {
    connection: ConnectionManager,
    swap: Script,
    /// Braces keep all keys of a flag on one node of a cluster.
    prefix: String,
    replica: String,
}

impl Shared {
    /// Connects when it is first needed.
    ///
    /// # Errors
    /// If the address cannot be one.
    pub(super) fn new(url: &str, flag: &str, replica: &str) -> Result<Self, RedisError> {
        let config = ConnectionManagerConfig::new()
            .set_number_of_retries(1)
            .set_connection_timeout(Some(PATIENCE))
            .set_response_timeout(Some(PATIENCE));
        let client = redis::Client::open(url)?;
        Ok(Self {
            connection: ConnectionManager::new_lazy_with_config(client, config)?,
            swap: Script::new(SWAP),
            prefix: format!("featheredge:{{{flag}}}"),
            replica: replica.into(),
        })
    }

    fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    fn window_key(&self, start_s: u64) -> String {
        format!("{}:window:{start_s}", self.prefix)
    }

    /// The state; `None` where nothing was ever set.
    pub(super) async fn fetch(&self) -> RedisResult<Option<Control>> {
        let text: Option<String> = redis::cmd("HGET")
            .arg(self.key("state"))
            .arg("state")
            .query_async(&mut self.connection.clone())
            .await?;
        text.map(|text| serde_json::from_str(&text).map_err(unreadable)).transpose()
    }

    /// Puts `next` in the place of the state of revision `of`; `false` if another is there by now.
    pub(super) async fn replace(&self, of: u64, next: &Control, audit: &str) -> RedisResult<bool> {
        let state = serde_json::to_string(next).map_err(unreadable)?;
        self.swap
            .key(self.key("state"))
            .key(self.key("audit"))
            .arg(of)
            .arg(next.revision)
            .arg(state)
            .arg(AUDIT_LINES)
            .arg(audit)
            .invoke_async(&mut self.connection.clone())
            .await
    }

    /// Writes this replica's part of windows: all of them, or none.
    pub(super) async fn deliver(&self, windows: &[Window]) -> RedisResult<()> {
        let mut pipe = redis::pipe();
        pipe.atomic();
        for window in windows {
            let key = self.window_key(window.start_s);
            let text = serde_json::to_string(window).map_err(unreadable)?;
            pipe.hset(&key, &self.replica, text).ignore().expire(&key, KEPT_S as i64).ignore();
        }
        pipe.query_async(&mut self.connection.clone()).await
    }

    /// The sums over all replicas of the windows that begin in a stretch of time, without the empty ones.
    pub(super) async fn sums(&self, from_s: u64, to_s: u64) -> RedisResult<Vec<Window>> {
        let starts: Vec<u64> = (from_s..to_s).step_by(WINDOW_SECONDS as usize).collect();
        let mut pipe = redis::pipe();
        for start_s in &starts {
            pipe.cmd("HVALS").arg(self.window_key(*start_s));
        }
        let parts: Vec<Vec<String>> = pipe.query_async(&mut self.connection.clone()).await?;
        let mut sums = Vec::new();
        for (start_s, parts) in starts.into_iter().zip(parts).filter(|(_, parts)| !parts.is_empty()) {
            let mut sum = empty(start_s);
            for part in parts {
                let part: Window = serde_json::from_str(&part).map_err(unreadable)?;
                sum.treatment.merge(&part.treatment);
                sum.control.merge(&part.control);
            }
            sums.push(sum);
        }
        Ok(sums)
    }

    /// The audit log of all replicas, the oldest line first.
    pub(super) async fn audit(&self) -> RedisResult<Vec<String>> {
        redis::cmd("LRANGE")
            .arg(self.key("audit"))
            .arg(0)
            .arg(-1)
            .query_async(&mut self.connection.clone())
            .await
    }
}

fn unreadable(error: serde_json::Error) -> RedisError {
    RedisError::from((redis::ErrorKind::UnexpectedReturnType, "a value that is not ours", error.to_string()))
}
