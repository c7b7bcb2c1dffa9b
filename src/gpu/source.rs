//! A picture on the GPU.

use super::device::Gpu;
use crate::error::{Error, ErrorKind, Result};
use crate::pixels::{self, Rgba8};

/// Where a picture comes from.
#[derive(Clone, Copy)]
pub enum Source<'a> {
    /// Bytes in memory.
    Bytes(Rgba8<'a>),
    /// What a browser holds: it copies that on the GPU, or as fast as it can, with straight colours.
    #[cfg(target_arch = "wasm32")]
    External {
        /// A bitmap, a video's frame, a canvas, and so on.
        image: &'a ExternalImage,
        /// Its size as it is shown, `[width, height]`.
        size: [usize; 2],
    },
}

/// A picture of a browser's.
#[cfg(target_arch = "wasm32")]
pub type ExternalImage = wgpu::ExternalImageSource;

/// The longest side of a picture on a GPU, in pixels: what every GPU's textures have.
pub const MAX_SIDE: usize = 8192;

impl Source<'_> {
    /// `[width, height]`.
    pub fn size(&self) -> [usize; 2] {
        match self {
            Self::Bytes(picture) => [picture.width(), picture.height()],
            #[cfg(target_arch = "wasm32")]
            Self::External { size, .. } => *size,
        }
    }

    /// Refuses what is no picture, and what no GPU need hold.
    ///
    /// # Errors
    /// As [`pixels::check_size`]; `GpuFailed` above [`MAX_SIDE`].
    pub(super) fn check(&self) -> Result<()> {
        let [width, height] = self.size();
        pixels::check_size(width, height, pixels::MAX_PIXELS)?;
        if width.max(height) > MAX_SIDE {
            return Err(Error::new(
                ErrorKind::GpuFailed,
                format!("picture is {width}x{height}, want sides of at most {MAX_SIDE} on a GPU"),
            ));
        }
        Ok(())
    }
}

/// A texture for pictures of one size: 8-bit sRGB, straight alpha, as stored.
pub(super) struct Picture {
    texture: wgpu::Texture,
    /// All of it.
    pub(super) view: wgpu::TextureView,
    /// `[width, height]`.
    pub(super) size: [usize; 2],
}

impl Picture {
    /// For pictures of `size`, which [`Source::check`] lets pass.
    pub(super) fn new(gpu: &Gpu, size: [usize; 2]) -> Self {
        let usage = wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST;
        // Browsers draw what they copy.
        let drawn = if cfg!(target_arch = "wasm32") {
            wgpu::TextureUsages::RENDER_ATTACHMENT
        } else {
            wgpu::TextureUsages::empty()
        };
        let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
            label: Some("picture"),
            size: extent(size),
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format: wgpu::TextureFormat::Rgba8Unorm,
            usage: usage | drawn,
            view_formats: &[],
        });
        Self { view: texture.create_view(&wgpu::TextureViewDescriptor::default()), texture, size }
    }

    /// Has `source`, of this size, copied in before the next submission.
    pub(super) fn take(&self, gpu: &Gpu, source: Source<'_>) {
        match source {
            Source::Bytes(picture) => gpu.queue.write_texture(
                self.texture.as_image_copy(),
                picture.bytes(),
                wgpu::TexelCopyBufferLayout {
                    offset: 0,
                    bytes_per_row: Some(self.size[0] as u32 * 4),
                    rows_per_image: None,
                },
                extent(self.size),
            ),
            #[cfg(target_arch = "wasm32")]
            Source::External { image, .. } => {
                let wgpu::TexelCopyTextureInfo { texture, mip_level, origin, aspect } =
                    self.texture.as_image_copy();
                gpu.queue.copy_external_image_to_texture(
                    &wgpu::CopyExternalImageSourceInfo {
                        source: image.clone(),
                        origin: wgpu::Origin2d::ZERO,
                        flip_y: false,
                    },
                    wgpu::CopyExternalImageDestInfo {
                        texture,
                        mip_level,
                        origin,
                        aspect,
                        color_space: wgpu::PredefinedColorSpace::Srgb,
                        premultiplied_alpha: false,
                    },
                    extent(self.size),
                );
            }
        }
    }
}

impl Drop for Picture {
    /// A browser would wait for its garbage collection, and a picture is large.
    fn drop(&mut self) {
        self.texture.destroy();
    }
}

pub(super) fn extent([width, height]: [usize; 2]) -> wgpu::Extent3d {
    wgpu::Extent3d { width: width as u32, height: height as u32, depth_or_array_layers: 1 }
}
