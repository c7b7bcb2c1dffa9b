//! What one does with a matte, drawn by the GPU. The twin of `effects::cutout`.

use super::colours::Colours;
use super::device::Gpu;
use super::frame::Frame;
use super::shader::{self, Binding, Shader};
use super::stages::uniform;

/// What is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// The subject on a transparent ground.
    Cutout,
    /// The matte itself, as opaque grey.
    Matte,
}

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
pub(super) static CUTOUT: Shader = Shader {
    name: "cutout",
    source: include_str!("shaders/cutout.wgsl"),
    bindings: &[Binding::Uniform, Binding::Texture, Binding::Read, Binding::Read],
    workgroup: [0; 3],
    constants: &[],
};

/// A drawing that is ready.
pub(super) struct Cutout {
    looks: Looks,
    /// What it draws.
    alpha: wgpu::Buffer,
    /// What is found first, where colours are drawn.
    colours: Option<Colours>,
    pipeline: wgpu::RenderPipeline,
    bind_group: wgpu::BindGroup,
}

impl Cutout {
    pub(super) fn new(gpu: &Gpu, looks: Looks, frame: &Frame) -> Self {
        let (effect, format, target, premultiplied) = looks;
        let picture = frame.picture();
        let layout = frame.layout();
        let scale: [f32; 2] = std::array::from_fn(|i| picture.size[i] as f32 / target[i] as f32);
        let sizes = [picture.size[0], picture.size[1], layout.words].map(|value| value as u32);
        let colours = (effect == Effect::Cutout).then(|| Colours::new(gpu, frame));
        let grid = colours.as_ref().map_or([1; 3], |Colours { grid, .. }| {
            [grid.cell, grid.columns, grid.rows].map(|value| value as u32)
        });
        let kind = match effect {
            Effect::Cutout => 0,
            Effect::Matte => 1,
        };
        let rest = [kind, scale[0].to_bits(), scale[1].to_bits(), u32::from(premultiplied)];
        let params = uniform(gpu, "cutout", &[&sizes[..], &rest, &grid].concat());
        let (pipeline, layout) = pipeline(gpu, format);
        let (alpha, _) = frame.alpha();
        // A matte is drawn without colours, and binds anything.
        let bound = colours.as_ref().map_or(alpha, |colours| &colours.buffer);
        let resources = [
            params.as_entire_binding(),
            wgpu::BindingResource::TextureView(&picture.view),
            alpha.as_entire_binding(),
            bound.as_entire_binding(),
        ];
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource })
            .collect();
        let bind_group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some("cutout"),
            layout: &layout,
            entries: &entries,
        });
        Self { looks, alpha: alpha.clone(), colours, pipeline, bind_group }
    }

    /// Whether it draws so, and what `frame` makes.
    pub(super) fn fits(&self, looks: Looks, frame: &Frame) -> bool {
        self.looks == looks && self.alpha == *frame.alpha().0
    }

    pub(super) fn record(&self, encoder: &mut wgpu::CommandEncoder, view: &View) {
        if let Some(colours) = &self.colours {
            colours.record(&mut encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default()));
        }
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: Some("cutout"),
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
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        pass.draw(0..3, 0..1);
    }
}

fn pipeline(gpu: &Gpu, format: Format) -> (wgpu::RenderPipeline, wgpu::BindGroupLayout) {
    let entries: Vec<_> = (0..)
        .zip(CUTOUT.bindings)
        .map(|(i, &binding)| wgpu::BindGroupLayoutEntry {
            visibility: wgpu::ShaderStages::FRAGMENT,
            ..shader::entry(i, binding)
        })
        .collect();
    let layout = gpu.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
        label: Some(CUTOUT.name),
        entries: &entries,
    });
    let module = gpu.device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(CUTOUT.name),
        source: wgpu::ShaderSource::Wgsl(shader::text(&CUTOUT, false).into()),
    });
    let pipeline = gpu.device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
        label: Some(CUTOUT.name),
        layout: Some(&gpu.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(CUTOUT.name),
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
