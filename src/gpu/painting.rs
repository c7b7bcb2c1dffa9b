//! What one does with a matte, drawn by the GPU. The twin of `effects::painting`.

use super::colours::Colours;
use super::device::Gpu;
use super::frame::Frame;
use super::shader::{self, Binding, Shader};
use super::source::{Picture, Source};
use super::stages::uniform;
use crate::effects::{Effect, recolor};

/// Where it is drawn.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// All of a texture that can be drawn to.
    pub view: &'a View,
    /// Its format: numbers as they are, without sRGB's curve.
    pub format: Format,
    /// `[width, height]`; if it is not the picture's, the picture is stretched to it.
    pub size: [usize; 2],
    /// Whether colours are to be times alpha, as most canvases show them.
    pub premultiplied: bool,
}

/// A view of a texture.
pub type View = wgpu::TextureView;

/// What a texture's pixels are.
pub type Format = wgpu::TextureFormat;

/// What a pipeline is made for: effect, format, size, premultiplied.
pub(super) type Looks = (Effect, Format, [usize; 2], bool);

/// Its row in the table; it has two entry points, `corner` and `colour`, instead of one.
pub(super) static PAINTING: Shader = Shader {
    name: "painting",
    source: include_str!("shaders/painting.wgsl"),
    bindings: &[
        Binding::Uniform,
        Binding::Texture,
        Binding::Read,
        Binding::Read,
        Binding::Read,
        Binding::Texture,
    ],
    workgroup: [0; 3],
    constants: &[],
};

/// A drawing that is ready.
pub(super) struct Painting {
    looks: Looks,
    /// What it draws.
    alpha: wgpu::Buffer,
    /// What is found first, where colours are drawn, and what is blurred.
    colours: Option<Colours>,
    blurred: Option<Colours>,
    /// Another picture, for its effect.
    ground: Option<Picture>,
    pipeline: Pipeline,
    bind_group: wgpu::BindGroup,
}

/// A compiled drawing, for any effect.
type Pipeline = (wgpu::RenderPipeline, wgpu::BindGroupLayout);

impl Painting {
    /// `before` is what was drawn last; what can be used again is.
    pub(super) fn new(gpu: &Gpu, looks: Looks, frame: &Frame, before: Option<Self>) -> Self {
        let (effect, format, target, premultiplied) = looks;
        let before = before.filter(|before| before.looks.1 == format).map(|before| before.pipeline);
        let pipeline = before.unwrap_or_else(|| pipeline(gpu, format));
        let picture = frame.picture();
        let layout = frame.layout();
        let scale: [f32; 2] = std::array::from_fn(|i| picture.size[i] as f32 / target[i] as f32);
        let sizes = [picture.size[0], picture.size[1], layout.words].map(|value| value as u32);
        let colours = (effect != Effect::Matte).then(|| Colours::new(gpu, frame));
        let (mut blurred, mut table, mut ground, mut colour) = (None, None, None, [0; 3]);
        let kind = match effect {
            Effect::Cutout => 0,
            Effect::Matte => 1,
            Effect::Recolor(recolor) => {
                table = Some(upload(gpu, &recolor::table(&recolor)));
                2
            }
            Effect::Color(color) => {
                colour = color;
                3
            }
            Effect::Blur(deviation) => {
                blurred = Some(Colours::blurred(gpu, frame, deviation));
                4
            }
            Effect::Picture => {
                ground = Some(Picture::new(gpu, picture.size));
                5
            }
        };
        let grid = |colours: &Option<Colours>| {
            colours.as_ref().map_or([1; 3], |Colours { grid, .. }| {
                [grid.cell, grid.columns, grid.rows].map(|value| value as u32)
            })
        };
        let rest = [kind, scale[0].to_bits(), scale[1].to_bits(), u32::from(premultiplied)];
        let colour = colour.map(|value| (f32::from(value) / 255.0).to_bits());
        let words = [&sizes[..], &rest, &grid(&colours), &grid(&blurred), &colour].concat();
        let params = uniform(gpu, PAINTING.name, &words);
        let (alpha, _) = frame.alpha();
        // What an effect does not read is bound to anything.
        let buffer = |colours: &Option<Colours>| colours.as_ref().map(|colours| colours.buffer.clone());
        let (found, more) = (buffer(&colours), buffer(&blurred).or(table));
        let resources = [
            params.as_entire_binding(),
            wgpu::BindingResource::TextureView(&picture.view),
            alpha.as_entire_binding(),
            found.as_ref().unwrap_or(alpha).as_entire_binding(),
            more.as_ref().unwrap_or(alpha).as_entire_binding(),
            wgpu::BindingResource::TextureView(&ground.as_ref().unwrap_or(picture).view),
        ];
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let bind_group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(PAINTING.name),
            layout: &pipeline.1,
            entries: &entries,
        });
        Self { looks, alpha: alpha.clone(), colours, blurred, ground, pipeline, bind_group }
    }

    /// Whether it draws so, and what `frame` makes.
    pub(super) fn fits(&self, looks: Looks, frame: &Frame) -> bool {
        self.looks == looks && self.alpha == *frame.alpha().0
    }

    /// Has the other picture, of the same size, copied in before the next submission.
    pub(super) fn take(&self, gpu: &Gpu, source: Source<'_>) {
        if let Some(ground) = &self.ground {
            ground.take(gpu, source);
        }
    }

    pub(super) fn record(&self, encoder: &mut wgpu::CommandEncoder, view: &View) {
        for colours in [&self.colours, &self.blurred].into_iter().flatten() {
            colours.record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
        }
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some(PAINTING.name),
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations {
                    load: wgpu::LoadOp::Clear(wgpu::Color::TRANSPARENT),
                    store: wgpu::StoreOp::Store,
                },
            })],
            ..Default::default()
        });
        pass.set_pipeline(&self.pipeline.0);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}

fn pipeline(gpu: &Gpu, format: Format) -> Pipeline {
    let entries: Vec<_> = (0..)
        .zip(PAINTING.bindings)
        .map(|(i, &binding)| wgpu::BindGroupLayoutEntry {
            visibility: wgpu::ShaderStages::FRAGMENT,
            ..shader::entry(i, binding)
        })
        .collect();
    let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(PAINTING.name),
        entries: &entries,
    });
    let module = gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(PAINTING.name),
        source: wgpu::ShaderSource::Wgsl(shader::text(&PAINTING, false).into()),
    });
    let pipeline = gpu.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(PAINTING.name),
        layout: Some(&gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(PAINTING.name),
            bind_group_layouts: &[Some(&layout)],
            immediate_size: 0,
        })),
        vertex: wgpu::VertexState {
            module: &module,
            entry_point: Some("corner"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            buffers: &[],
        },
        fragment: Some(wgpu::FragmentState {
            module: &module,
            entry_point: Some("colour"),
            compilation_options: wgpu::PipelineCompilationOptions::default(),
            targets: &[Some(format.into())],
        }),
        primitive: wgpu::PrimitiveState::default(),
        depth_stencil: None,
        multisample: wgpu::MultisampleState::default(),
        multiview_mask: None,
        cache: None,
    });
    (pipeline, layout)
}

/// A table of colours, four numbers each.
fn upload(gpu: &Gpu, table: &[[f32; 3]]) -> wgpu::Buffer {
    let bytes: Vec<u8> = table
        .iter()
        .flat_map(|&[red, green, blue]| [red, green, blue, 0.0])
        .flat_map(f32::to_le_bytes)
        .collect();
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_DST;
    let buffer = gpu.buffer("table", bytes.len(), usage);
    gpu.queue.write_buffer(&buffer, 0, &bytes);
    buffer
}
