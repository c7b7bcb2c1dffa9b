//! How long a whole frame takes: a picture in memory becomes a drawing.

use std::rc::Rc;
use std::time::Instant;

use serde::Serialize;

use super::{Gpu, Result, WARM_UP, median};
use crate::effects::Effect;
use crate::gpu::source::{Source, extent};
use crate::gpu::{Engine, Format, Target};
use crate::matte::{self, Finish};
use crate::model::Contract;
use crate::pixels::Rgba8;
use crate::plan::Plan;

/// Times of whole frames.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct FrameProfile {
    /// The picture's width, and the drawing's.
    pub width: usize,
    /// The picture's height, and the drawing's.
    pub height: usize,
    /// Milliseconds from the picture's upload until it is drawn: the median of all.
    pub median_ms: f64,
    /// The least of them.
    pub min_ms: f64,
    /// How often work was handed to the GPU for one frame.
    pub submissions: u64,
}

/// Times `runs` frames: `picture` is uploaded and reduced, `plan` run, and the first subject of `contract` drawn
/// as a cut-out to a texture of the picture's size, with the default feather. Nothing is read back.
///
/// # Errors
/// As [`Engine::new`] and [`Engine::draw`].
///
/// # Panics
/// If `runs` is 0.
pub async fn profile_frame(
    gpu: &Rc<Gpu>,
    plan: &Plan,
    contract: &Contract,
    picture: Rgba8<'_>,
    runs: usize,
) -> Result<FrameProfile> {
    assert!(runs > 0, "runs is 0, want 1 or more");
    let size = [picture.width(), picture.height()];
    let of = contract.subjects()[0].to_owned();
    let finish = Finish { morphology: None, feather: matte::feather_radius(0.0)? };
    let mut engine = Engine::new(Rc::clone(gpu), plan, contract.clone()).await?;
    let format = Format::Rgba8Unorm;
    let texture = gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: Some("drawing"),
        size: extent(size),
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT,
        view_formats: &[],
    });
    let view = texture.create_view(&wgpu::TextureViewDescriptor::default());
    let mut times = Vec::new();
    for run in 0..WARM_UP + runs {
        let target = Target { view: &view, format, size, premultiplied: true };
        let start = Instant::now();
        engine.draw(Source::Bytes(picture), &of, finish, Effect::Cutout, None, target).await?;
        gpu.wait()?;
        if run >= WARM_UP {
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }
    let submissions = engine.submissions() / (WARM_UP + runs) as u64;
    Ok(FrameProfile {
        width: size[0],
        height: size[1],
        median_ms: median(&mut times),
        min_ms: times[0],
        submissions,
    })
}
