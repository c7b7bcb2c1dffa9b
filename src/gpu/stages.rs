//! What is before and after the network: the shaders' rows, and how each becomes a dispatch.
//!
//! The picture is reduced (`reduce_rows`, `reduce_columns`), the network answers, its answer becomes
//! the probability of the subject (`subject`), which a stream makes steady (`change`, `smooth`), affine
//! coefficients (`fit`, `mean`) and the matte at the picture's size (`upsample`), which `morphology` cleans and
//! the feather softens.
//!
//! A matte is four pixels a word, `[height, words]`, each row from a word's start; what is beyond a row
//! repeats its last pixel. After the last word is the proof: the frame's number, and one for each stage
//! since. Whoever reads a matte compares it, so that one of another frame, or of none, is never taken.

use super::device::Gpu;
use super::shader::Binding::{Read, Texture, Uniform, Write};
use super::shader::{Dispatch, Shader};
use super::source::Picture;
use crate::matte::{EPSILON, LEVELS};
use crate::model::{Activation, BACKGROUND, Contract, PERSON};
use crate::pixels::{Filter, Taps, block, sums};
use crate::plan::Shape;

/// A row of the table whose shader has no constants.
macro_rules! shader {
    ($name:literal, $bindings:expr, $workgroup:expr) => {
        Shader {
            name: $name,
            source: include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/src/gpu/shaders/", $name, ".wgsl")),
            bindings: $bindings,
            workgroup: $workgroup,
            constants: &[],
        }
    };
}

pub(super) use shader;

/// The stages' rows of the table.
#[cfg(test)]
pub(super) static ALL: [&Shader; 13] = [
    &REDUCE_ROWS,
    &REDUCE_COLUMNS,
    &SUBJECT,
    &CHANGE,
    &SMOOTH,
    &FIT,
    &MEAN,
    &UPSAMPLE,
    &MORPHOLOGY,
    &FEATHER_SIDES,
    &FEATHER_NEAR,
    &FEATHER_DOWN,
    &FEATHER_ACROSS,
];

static REDUCE_ROWS: Shader = shader!("reduce_rows", &[Uniform, Texture, Read, Write], [64, 1, 1]);
static REDUCE_COLUMNS: Shader = shader!("reduce_columns", &[Uniform, Read, Read, Write, Write], [8, 8, 1]);
static SUBJECT: Shader = shader!("subject", &[Uniform, Uniform, Read, Write], [64, 1, 1]);
static CHANGE: Shader = shader!("change", &[Uniform, Read, Read, Write], [256, 1, 1]);
static SMOOTH: Shader = shader!("smooth", &[Uniform, Read, Read, Write, Write], [8, 8, 1]);
static FIT: Shader = shader!("fit", &[Uniform, Read, Read, Write], [8, 8, 1]);
static MEAN: Shader = shader!("mean", &[Uniform, Read, Write], [8, 8, 1]);
static UPSAMPLE: Shader = shader!("upsample", &[Uniform, Uniform, Texture, Read, Write], [8, 8, 1]);
static MORPHOLOGY: Shader = shader!("morphology", &[Uniform, Read, Write], [8, 8, 1]);
static FEATHER_SIDES: Shader = shader!("feather_sides", &[Uniform, Read, Write], [8, 8, 1]);
static FEATHER_NEAR: Shader = shader!("feather_near", &[Uniform, Read, Write], [8, 8, 1]);
static FEATHER_DOWN: Shader = shader!("feather_down", &[Uniform, Read, Read, Write, Write], [8, 8, 1]);
static FEATHER_ACROSS: Shader = shader!("feather_across", &[Uniform, Read, Read, Read, Write], [8, 8, 1]);

/// A uniform of these words, for numbers by [`f32::to_bits`].
pub(super) fn uniform(gpu: &Gpu, label: &str, words: &[u32]) -> wgpu::Buffer {
    // Whole fours of words, as a struct's size is rounded if it holds vectors.
    let len = words.len().next_multiple_of(4) * 4;
    let buffer = gpu.buffer(label, len, wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST);
    gpu.queue.write_buffer(&buffer, 0, &bytes(words));
    buffer
}

fn bytes(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// A dispatch of a stage: its parameters, and then what it reads and writes.
pub(super) fn dispatch(
    gpu: &Gpu,
    shader: &Shader,
    params: &[u32],
    resources: &[wgpu::BindingResource<'_>],
    invocations: [usize; 3],
) -> Dispatch {
    let params = uniform(gpu, shader.name, params);
    let all: Vec<_> = std::iter::once(params.as_entire_binding()).chain(resources.iter().cloned()).collect();
    Dispatch::new(gpu, shader.name, shader, &[], &all, invocations)
}

/// Where a reduced picture goes.
pub(super) struct Reduced<'a> {
    /// `[width, height]`.
    pub(super) size: [usize; 2],
    /// A word a pixel.
    pub(super) guide: &'a wgpu::Buffer,
    /// Four numbers a pixel.
    pub(super) input: &'a wgpu::Buffer,
}

/// Bits after the point of a mean down the picture, as in `pixels::resize`.
const MIXED_BITS: u32 = 7;

/// Reduces `picture`; a channel's 0 and 255 become the ends of `range`.
pub(super) fn reduce(
    gpu: &Gpu,
    picture: &Picture,
    to: &Reduced<'_>,
    filter: Filter,
    range: [f32; 2],
) -> [Dispatch; 2] {
    let ([width, height], [out_w, out_h]) = (picture.size, to.size);
    let block = [block(width, out_w), block(height, out_h)];
    let [across, down] = [sums(width, block[0]), sums(height, block[1])];
    let columns = Taps::new([width, out_w], block[0], filter, 1, 16);
    let rows = Taps::new([height, out_h], block[1], filter, 1, 18);
    let mixed = gpu.buffer("mixed", out_h * across * 8, wgpu::BufferUsages::STORAGE);
    let shift = block[0].ilog2();
    let params = [across, out_h, block[0], block[1], width / block[0], height / block[1], down, rows.count];
    let params: Vec<u32> =
        params.iter().map(|&value| value as u32).chain([rows.bits + shift - MIXED_BITS]).collect();
    let taps = [&rows, &columns].map(|taps| table(gpu, taps));
    let by_rows = dispatch(
        gpu,
        &REDUCE_ROWS,
        &params,
        &[
            wgpu::BindingResource::TextureView(&picture.view),
            taps[0].as_entire_binding(),
            mixed.as_entire_binding(),
        ],
        [across, out_h, 1],
    );
    let [black, white] = range;
    let params = [out_w, out_h, across, columns.count].map(|value| value as u32);
    let scale = ((white - black) / 255.0).to_bits();
    let params = [&params[..], &[columns.bits + MIXED_BITS - shift, scale, black.to_bits()]].concat();
    let by_columns = dispatch(
        gpu,
        &REDUCE_COLUMNS,
        &params,
        &[&mixed, &taps[1], to.guide, to.input].map(wgpu::Buffer::as_entire_binding),
        [out_w, out_h, 1],
    );
    [by_rows, by_columns]
}

/// `[out, 1 + count]`: the first place of each output pixel, and the weights from there.
fn table(gpu: &Gpu, taps: &Taps) -> wgpu::Buffer {
    let weights = taps.weights.chunks_exact(taps.count);
    let words: Vec<u32> = taps
        .first
        .iter()
        .zip(weights)
        .flat_map(|(&first, weights)| {
            std::iter::once(first as u32).chain(weights.iter().map(|&weight| weight as u32))
        })
        .collect();
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
    let buffer = gpu.buffer("taps", words.len() * 4, usage);
    gpu.queue.write_buffer(&buffer, 0, &bytes(&words));
    buffer
}

/// The probability of `of`, which the contract knows; `stride` is that of `answer`.
pub(super) fn subject(
    gpu: &Gpu,
    contract: &Contract,
    of: &str,
    frame: &wgpu::Buffer,
    (answer, shape, stride): (&wgpu::Buffer, Shape, usize),
    probability: &wgpu::Buffer,
) -> Dispatch {
    let index = |name: &str| contract.classes.iter().position(|class| class == name);
    let (class, inverse) = match (index(of), index(BACKGROUND)) {
        (None, Some(background)) if of == PERSON => (background, true),
        (class, _) => (class.expect("a subject that was checked"), false),
    };
    let activation = match contract.activation {
        Activation::None => 0,
        Activation::Sigmoid => 1,
        Activation::Softmax => 2,
    };
    let sizes = [shape.pixels(), stride, shape.channels, class].map(|value| value as u32);
    let params = [&sizes[..], &[u32::from(inverse), activation, contract.temperature.to_bits()]].concat();
    let resources = [frame, answer, probability].map(wgpu::Buffer::as_entire_binding);
    dispatch(gpu, &SUBJECT, &params, &resources, [shape.pixels(), 1, 1])
}

/// Makes the probabilities of a stream's frames steady, which is remembered by what these hold: 20 bytes a cell.
pub(super) fn smooth(
    gpu: &Gpu,
    [width, height]: [usize; 2],
    guide: &wgpu::Buffer,
    probability: &wgpu::Buffer,
) -> [Dispatch; 2] {
    let cells = width * height;
    let buffer = |label: &str, words: usize| gpu.buffer(label, words * 4, wgpu::BufferUsages::STORAGE);
    let (kept, changes) = (buffer("kept", cells * 4), buffer("changes", cells + 2));
    let resources = [guide, &kept, &changes].map(wgpu::Buffer::as_entire_binding);
    let change = dispatch(gpu, &CHANGE, &[cells as u32], &resources, [1, 1, 1]);
    let resources = [guide, &changes, &kept, probability].map(wgpu::Buffer::as_entire_binding);
    [change, dispatch(gpu, &SMOOTH, &[width as u32, height as u32], &resources, [width, height, 1])]
}

/// The coefficients of each cell of a grid of `[width, height]`, by way of `fitted`.
pub(super) fn coefficients(
    gpu: &Gpu,
    [width, height]: [usize; 2],
    [guide, probability, fitted, coefficients]: [&wgpu::Buffer; 4],
) -> [Dispatch; 2] {
    let [low, high] = LEVELS;
    let size = [width as u32, height as u32];
    let params = [size[0], size[1], EPSILON.to_bits()];
    let resources = [guide, probability, fitted].map(wgpu::Buffer::as_entire_binding);
    let fit = dispatch(gpu, &FIT, &params, &resources, [width, height, 1]);
    let params = [size[0], size[1], low.to_bits(), (1.0 / (high - low)).to_bits()];
    let resources = [fitted, coefficients].map(wgpu::Buffer::as_entire_binding);
    [fit, dispatch(gpu, &MEAN, &params, &resources, [width, height, 1])]
}

/// A matte on the GPU.
pub(super) struct Layout {
    /// `[width, height]`.
    pub(super) size: [usize; 2],
    /// Words of a row.
    pub(super) words: usize,
}

impl Layout {
    pub(super) fn new(size: [usize; 2]) -> Self {
        Self { size, words: size[0].div_ceil(4) }
    }

    /// Bytes, with the proof.
    pub(super) fn bytes(&self) -> usize {
        self.proof() + 4
    }

    /// Where the proof lies, in bytes.
    pub(super) fn proof(&self) -> usize {
        self.words * self.size[1] * 4
    }

    fn params(&self) -> [u32; 3] {
        [self.size[0] as u32, self.size[1] as u32, self.words as u32]
    }

    fn invocations(&self) -> [usize; 3] {
        [self.words, self.size[1], 1]
    }
}

/// The matte by the coefficients of `cells` columns and rows.
pub(super) fn upsample(
    gpu: &Gpu,
    layout: &Layout,
    picture: &Picture,
    cells: [usize; 2],
    frame: &wgpu::Buffer,
    [coefficients, alpha]: [&wgpu::Buffer; 2],
) -> Dispatch {
    let [width, height, words] = layout.params();
    let scale: [f32; 2] = std::array::from_fn(|i| cells[i] as f32 / layout.size[i] as f32);
    let [columns, rows] = cells.map(|cells| cells as u32);
    // The vectors begin at a multiple of their size.
    let params = [width, height, words, 0, columns, rows, scale[0].to_bits(), scale[1].to_bits()];
    let resources = [
        frame.as_entire_binding(),
        wgpu::BindingResource::TextureView(&picture.view),
        coefficients.as_entire_binding(),
        alpha.as_entire_binding(),
    ];
    dispatch(gpu, &UPSAMPLE, &params, &resources, layout.invocations())
}

/// One sweep of a window of `radius`, along the rows or `down` the columns, for the least value or to `grow`.
pub(super) fn sweep(
    gpu: &Gpu,
    layout: &Layout,
    radius: usize,
    [down, grow]: [bool; 2],
    [from, to]: [&wgpu::Buffer; 2],
) -> Dispatch {
    let [width, height, words] = layout.params();
    let params = [width, height, words, radius as u32, u32::from(down), u32::from(grow)];
    let resources = [from, to].map(wgpu::Buffer::as_entire_binding);
    dispatch(gpu, &MORPHOLOGY, &params, &resources, layout.invocations())
}

/// Words and rows of a tile.
const TILE: [usize; 2] = [8, 8];

/// Softens `alpha` by `radius`, as `matte::feather` does; it needs memory of three more bytes a pixel.
pub(super) fn feather(gpu: &Gpu, layout: &Layout, radius: f32, alpha: &wgpu::Buffer) -> [Dispatch; 4] {
    let [_, height, words] = layout.params();
    let tiles: [usize; 2] = std::array::from_fn(|i| layout.invocations()[i].div_ceil(TILE[i]));
    let [across, down] = tiles.map(|tiles| tiles as u32);
    // Pixels whose centre is less than the radius and half a pixel away.
    let margin = (radius + 0.5).ceil() as usize - 1;
    let reach = [margin.div_ceil(TILE[0] * 4), margin.div_ceil(TILE[1])].map(|tiles| tiles as u32);
    let sum: f32 = (1..=margin).map(|k| 2.0 * (radius - k as f32).max(0.0)).sum::<f32>() + radius;
    let buffer = |label: &str, words: usize| gpu.buffer(label, words * 4, wgpu::BufferUsages::STORAGE);
    let (sides, near) = (buffer("sides", tiles[0] * tiles[1]), buffer("near", tiles[0] * tiles[1]));
    let pixels = layout.words * layout.size[1];
    let (rows, means) = (buffer("rows", pixels), buffer("means", pixels * 2));
    let make = |shader, params: &[u32], resources: &[&wgpu::Buffer], invocations| {
        let resources: Vec<_> = resources.iter().map(|buffer| buffer.as_entire_binding()).collect();
        dispatch(gpu, shader, params, &resources, invocations)
    };
    let over_tiles = [tiles[0], tiles[1], 1];
    let ends = [radius.to_bits(), (1.0 / sum).to_bits()];
    let sizes = [words, height, across];
    let down_params = [&sizes[..], &[margin as u32], &ends].concat();
    let across_params = [&sizes[..], &[margin.div_ceil(4) as u32], &ends].concat();
    [
        make(&FEATHER_SIDES, &[words, height, across, down], &[alpha, &sides], over_tiles),
        make(&FEATHER_NEAR, &[across, down, reach[0], reach[1]], &[&sides, &near], over_tiles),
        make(&FEATHER_DOWN, &down_params, &[&near, alpha, &rows, &means], layout.invocations()),
        make(&FEATHER_ACROSS, &across_params, &[&near, &rows, &means, alpha], layout.invocations()),
    ]
}
