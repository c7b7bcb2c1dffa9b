//! One GPU: what it is, whether it is still there, and how to wait for it.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use futures_channel::oneshot;
use serde::Serialize;

use super::shader::Pipeline;
use crate::error::{Error, ErrorKind, Result};

/// What is known of a GPU before it is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Adapter {
    /// Its name, as the system or browser gives it; may be empty.
    pub name: String,
    /// The interface that it is driven by: `vulkan`, `metal`, `dx12` or `webgpu`.
    pub backend: String,
    /// Whether it is a program on the CPU that only behaves like a GPU.
    pub software: bool,
    /// Whether weights are kept in half precision there.
    pub half: bool,
}

/// A GPU that is ready for work.
///
/// Dropping it frees its memory once nothing made with it is left.
pub struct Gpu {
    pub(super) device: wgpu::Device,
    pub(super) queue: wgpu::Queue,
    adapter: Adapter,
    timestamps: bool,
    lost: Arc<Mutex<Loss>>,
    #[cfg(target_arch = "wasm32")]
    pub(super) instance: wgpu::Instance,
    #[cfg(target_arch = "wasm32")]
    pub(super) handle: wgpu::Adapter,
    /// How many buffers were made so far.
    pub(super) made: Cell<usize>,
    pub(super) pipelines: RefCell<HashMap<String, Pipeline>>,
}

/// Why a GPU is gone, and who wants to hear it.
#[derive(Default)]
struct Loss {
    why: Option<String>,
    listeners: Vec<oneshot::Sender<String>>,
}

impl Loss {
    /// Notes the first reason there is.
    fn note(loss: &Mutex<Self>, why: String) {
        let mut loss = loss.lock().unwrap_or_else(PoisonError::into_inner);
        if loss.why.is_none() {
            for listener in loss.listeners.drain(..) {
                // Nobody may be left to hear it.
                let _ = listener.send(why.clone());
            }
            loss.why = Some(why);
        }
    }
}

/// How long one wait may take natively before the GPU counts as hung; a browser has a watch of its own.
#[cfg(not(target_arch = "wasm32"))]
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(60);

/// Names of adapters that are programs; browsers and drivers do not always say so otherwise.
const SOFTWARE: [&str; 5] = ["swiftshader", "llvmpipe", "lavapipe", "basic render", "warp"];

impl Gpu {
    /// Opens the system's preferred GPU, without half-precision weights if `half` is false.
    ///
    /// # Errors
    /// `GpuUnavailable` if there is none, or none that has WebGPU's default limits.
    pub async fn open(half: bool) -> Result<Self> {
        let unavailable = |why: String| Error::new(ErrorKind::GpuUnavailable, why);
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = instance
            .request_adapter(&options)
            .await
            .map_err(|error| unavailable(format!("no GPU adapter: {error}")))?;
        let wanted = wgpu::Features::TIMESTAMP_QUERY
            | if half { wgpu::Features::SHADER_F16 } else { wgpu::Features::empty() };
        let features = adapter.features() & wanted;
        let (device, queue) = adapter
            .request_device(&wgpu::DeviceDescriptor {
                required_features: features,
                required_limits: wgpu::Limits::default(),
                ..Default::default()
            })
            .await
            .map_err(|error| unavailable(format!("the GPU cannot be opened: {error}")))?;
        let lost = Arc::new(Mutex::new(Loss::default()));
        let seen = Arc::clone(&lost);
        device.set_device_lost_callback(move |reason, message| {
            Loss::note(&seen, format!("{reason:?}: {message}"));
        });
        // What goes wrong outside of `guarded` has no caller to tell, and must not end the program.
        device.on_uncaptured_error(Arc::new(|_| {}));
        let info = adapter.get_info();
        let name = info.name.to_lowercase();
        let software =
            info.device_type == wgpu::DeviceType::Cpu || SOFTWARE.iter().any(|word| name.contains(word));
        let backend = match info.backend {
            wgpu::Backend::BrowserWebGpu => "webgpu".to_owned(),
            other => other.to_str().to_owned(),
        };
        let half = features.contains(wgpu::Features::SHADER_F16);
        Ok(Self {
            device,
            queue,
            adapter: Adapter { name: info.name, backend, software, half },
            timestamps: features.contains(wgpu::Features::TIMESTAMP_QUERY),
            lost,
            #[cfg(target_arch = "wasm32")]
            instance,
            #[cfg(target_arch = "wasm32")]
            handle: adapter,
            made: Cell::new(0),
            pipelines: RefCell::default(),
        })
    }

    /// What it is.
    pub fn adapter(&self) -> &Adapter {
        &self.adapter
    }

    /// Whether it can tell how long each pass took.
    pub fn has_timestamps(&self) -> bool {
        self.timestamps
    }

    /// Why it is gone, if it is.
    pub fn lost(&self) -> Option<String> {
        self.lost.lock().unwrap_or_else(PoisonError::into_inner).why.clone()
    }

    /// Waits until it is gone; gives the reason.
    pub fn gone(&self) -> impl Future<Output = String> + 'static {
        let (sender, receiver) = oneshot::channel();
        let mut loss = self.lost.lock().unwrap_or_else(PoisonError::into_inner);
        match &loss.why {
            // The other end lives in this function, so it hears it.
            Some(why) => drop(sender.send(why.clone())),
            None => loss.listeners.push(sender),
        }
        async { receiver.await.unwrap_or_else(|_| "it was closed".to_owned()) }
    }

    /// Takes it away, as a driver's crash would; for tests of what comes after.
    pub fn lose(&self) {
        self.device.destroy();
    }

    /// `GpuLost` if it is gone.
    pub(super) fn check(&self) -> Result<()> {
        self.lost()
            .map_or(Ok(()), |why| Err(Error::new(ErrorKind::GpuLost, format!("the GPU was lost: {why}"))))
    }

    /// Does `work` so that nothing that goes wrong in it goes unseen.
    ///
    /// # Errors
    /// `GpuFailed` with what the driver says, `GpuLost` if it is gone.
    pub(super) async fn guarded<T, F: Future<Output = Result<T>>>(
        &self,
        work: impl FnOnce() -> F,
    ) -> Result<T> {
        self.check()?;
        let scopes =
            [wgpu::ErrorFilter::Internal, wgpu::ErrorFilter::OutOfMemory, wgpu::ErrorFilter::Validation]
                .map(|filter| self.device.push_error_scope(filter));
        // Errors are told to the scopes when commands are recorded and submitted, which `work` does at once.
        let pending = work();
        let mut errors = Vec::new();
        // Reversed: a scope can only be popped while it is the innermost.
        for scope in scopes.into_iter().rev() {
            errors.push(scope.pop());
        }
        let done = pending.await;
        for error in errors {
            if let Some(error) = error.await {
                self.check()?;
                return Err(Error::new(ErrorKind::GpuFailed, format!("the GPU refused: {error}")));
            }
        }
        self.check()?;
        done
    }

    /// A buffer of `bytes` bytes, whole fours, for `usage`.
    pub(super) fn buffer(&self, label: &str, bytes: usize, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        self.made.set(self.made.get() + 1);
        let size = bytes.next_multiple_of(4).max(4) as u64;
        self.device.create_buffer(&wgpu::BufferDescriptor {
            label: Some(label),
            size,
            usage,
            mapped_at_creation: false,
        })
    }

    /// The first `bytes` bytes of `staging`, a buffer with `MAP_READ`, when what was submitted is done.
    ///
    /// # Errors
    /// `GpuFailed` if they cannot be read: zeros are never given instead. `GpuLost` if it is gone.
    pub(super) async fn read(&self, staging: &wgpu::Buffer, bytes: usize) -> Result<Vec<u8>> {
        let failed = |why: String| match self.check() {
            Err(lost) => lost,
            Ok(()) => Error::new(ErrorKind::GpuFailed, format!("the GPU's answer cannot be read: {why}")),
        };
        let range = 0..bytes.next_multiple_of(4) as u64;
        let (sender, receiver) = oneshot::channel();
        staging.map_async(wgpu::MapMode::Read, range.clone(), move |result| {
            // Nobody listens any more if the caller gave up.
            let _ = sender.send(result);
        });
        self.wait()?;
        match receiver.await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed("the device is gone".to_owned())),
        }
        self.check()?;
        let view = staging.get_mapped_range(range).map_err(|error| failed(error.to_string()))?;
        let copy = view[..bytes].to_vec();
        drop(view);
        staging.unmap();
        Ok(copy)
    }

    /// Natively, frees what was done with, which a browser does by itself.
    pub(super) fn clean(&self) {
        #[cfg(not(target_arch = "wasm32"))]
        // What is wrong with the device is told by the next call.
        let _ = self.device.poll(wgpu::PollType::Poll);
    }

    /// Natively, waits until what was submitted is done; in a browser its event loop does.
    pub(super) fn wait(&self) -> Result<()> {
        #[cfg(not(target_arch = "wasm32"))]
        self.device
            .poll(wgpu::PollType::Wait { submission_index: None, timeout: Some(PATIENCE) })
            .map_err(|error| Error::new(ErrorKind::GpuFailed, format!("the GPU hangs: {error}")))?;
        Ok(())
    }
}
