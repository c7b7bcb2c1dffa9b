//! A canvas of the browser's, drawn to without anything being read back.

use web_sys::OffscreenCanvas;

use super::device::Gpu;
use super::painting::{Format, Target, View};
use crate::error::{Error, ErrorKind, Result};

/// A canvas that this GPU draws to.
pub struct Canvas {
    surface: wgpu::Surface<'static>,
    format: Format,
    size: [usize; 2],
}

/// What a canvas shows next: the browser takes what is drawn there by itself.
pub struct Shown {
    _texture: wgpu::SurfaceTexture,
    view: View,
    format: Format,
    size: [usize; 2],
}

impl Canvas {
    /// Takes over `canvas`, which must not have been drawn to by other means.
    ///
    /// # Errors
    /// `GpuFailed` if the browser refuses.
    pub fn new(gpu: &Gpu, canvas: OffscreenCanvas) -> Result<Self> {
        let surface = gpu
            .instance
            .create_surface(wgpu::SurfaceTarget::OffscreenCanvas(canvas))
            .map_err(|error| failed(&error.to_string()))?;
        // The first one is what the browser shows without converting it.
        let format = surface.get_capabilities(&gpu.handle).formats[0];
        Ok(Self { surface, format, size: [0; 2] })
    }

    /// The next picture to draw, of `[width, height]`.
    ///
    /// # Errors
    /// `GpuLost` if the GPU is gone, `GpuFailed` if the browser gives none.
    pub fn frame(&mut self, gpu: &Gpu, [width, height]: [usize; 2]) -> Result<Shown> {
        gpu.check()?;
        if self.size != [width, height] {
            self.surface.configure(
                &gpu.device,
                &wgpu::SurfaceConfiguration {
                    usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
                    format: self.format,
                    color_space: wgpu::SurfaceColorSpace::Auto,
                    width: width as u32,
                    height: height as u32,
                    present_mode: wgpu::PresentMode::Fifo,
                    desired_maximum_frame_latency: 2,
                    alpha_mode: wgpu::CompositeAlphaMode::PreMultiplied,
                    view_formats: Vec::new(),
                },
            );
            self.size = [width, height];
        }
        match self.surface.get_current_texture() {
            wgpu::CurrentSurfaceTexture::Success(texture)
            | wgpu::CurrentSurfaceTexture::Suboptimal(texture) => {
                let view = texture.texture.create_view(&wgpu::TextureViewDescriptor::default());
                Ok(Shown { _texture: texture, view, format: self.format, size: self.size })
            }
            other => Err(failed(&format!("{other:?}"))),
        }
    }
}

impl Shown {
    /// Where to draw.
    pub fn target(&self) -> Target<'_> {
        Target { view: &self.view, format: self.format, size: self.size, premultiplied: true }
    }
}

fn failed(why: &str) -> Error {
    Error::new(ErrorKind::GpuFailed, format!("the canvas cannot be drawn to: {why}"))
}
