//! The table of shaders: what each binds, and how it is made a pipeline.
//!
//! A shader is `shaders/<name>.wgsl`, entry point `main`, all bindings in group 0. Binding 0 is its
//! parameters, a uniform; the others follow in the order of the table. A test has naga read each
//! shader and compares it with its row, so a slip is found without a GPU.

use super::device::Gpu;

/// What a shader's binding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Binding {
    /// Parameters.
    Uniform,
    /// A storage buffer that is read.
    Read,
    /// A storage buffer that is written.
    Write,
    /// A picture, loaded by pixel.
    Texture,
}

/// A row of the table.
pub(super) struct Shader {
    /// The stem of its file.
    pub(super) name: &'static str,
    /// Its text, without what [`text`] puts before it.
    pub(super) source: &'static str,
    /// Its bindings, in order.
    pub(super) bindings: &'static [Binding],
    /// Invocations of a workgroup.
    pub(super) workgroup: [u32; 3],
    /// Names of its overridable constants, which are set when a pipeline is made.
    pub(super) constants: &'static [&'static str],
}

/// A shader that is compiled.
#[derive(Clone)]
pub(super) struct Pipeline {
    pub(super) pipeline: wgpu::ComputePipeline,
    pub(super) layout: wgpu::BindGroupLayout,
}

/// A shader, and what lies before each: the type of a weight in memory, and functions that many share.
pub(super) fn text(shader: &Shader, half: bool) -> String {
    let weight = if half { "enable f16;\nalias Weight = f16;\n" } else { "alias Weight = f32;\n" };
    format!("{weight}{}\n{}", include_str!("shaders/common.wgsl"), shader.source)
}

impl Gpu {
    /// The pipeline of `shader` for weights in half precision or not, with these values of its constants,
    /// made once.
    pub(super) fn pipeline(&self, shader: &Shader, half: bool, constants: &[f64]) -> Pipeline {
        assert_eq!(constants.len(), shader.constants.len(), "a value for each constant of {}", shader.name);
        let precision = if half { "half" } else { "single" };
        let key = format!("{} {precision} {constants:?}", shader.name);
        if let Some(pipeline) = self.pipelines.borrow().get(&key) {
            return pipeline.clone();
        }
        let entries: Vec<_> = (0..).zip(shader.bindings).map(|(i, &binding)| entry(i, binding)).collect();
        let layout = self.device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
            label: Some(shader.name),
            entries: &entries,
        });
        let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
            label: Some(shader.name),
            source: wgpu::ShaderSource::Wgsl(text(shader, half).into()),
        });
        let values: Vec<(&str, f64)> =
            shader.constants.iter().copied().zip(constants.iter().copied()).collect();
        let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some(&key),
            layout: Some(&self.device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(shader.name),
                bind_group_layouts: &[Some(&layout)],
                immediate_size: 0,
            })),
            module: &module,
            entry_point: Some("main"),
            compilation_options: wgpu::PipelineCompilationOptions {
                constants: &values,
                ..Default::default()
            },
            cache: None,
        });
        let made = Pipeline { pipeline, layout };
        self.pipelines.borrow_mut().insert(key, made.clone());
        made
    }
}

pub(super) fn entry(binding: u32, kind: Binding) -> wgpu::BindGroupLayoutEntry {
    let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
    let ty = match kind {
        Binding::Uniform => buffer(wgpu::BufferBindingType::Uniform),
        Binding::Read => buffer(wgpu::BufferBindingType::Storage { read_only: true }),
        Binding::Write => buffer(wgpu::BufferBindingType::Storage { read_only: false }),
        Binding::Texture => wgpu::BindingType::Texture {
            sample_type: wgpu::TextureSampleType::Float { filterable: false },
            view_dimension: wgpu::TextureViewDimension::D2,
            multisampled: false,
        },
    };
    wgpu::BindGroupLayoutEntry { binding, visibility: wgpu::ShaderStages::COMPUTE, ty, count: None }
}

/// One pass over a shader's invocations, ready to be recorded.
pub(super) struct Dispatch {
    /// What it is, for timings: a step's name or a stage's.
    pub(super) label: String,
    pipeline: wgpu::ComputePipeline,
    bind_group: wgpu::BindGroup,
    groups: [u32; 3],
}

impl Dispatch {
    /// Covers `invocations` with workgroups. `resources` are those of the table's row, in order.
    ///
    /// # Panics
    /// If there is not one resource for each binding.
    pub(super) fn new(
        gpu: &Gpu,
        label: impl Into<String>,
        shader: &Shader,
        constants: &[f64],
        resources: &[wgpu::BindingResource<'_>],
        invocations: [usize; 3],
    ) -> Self {
        Self::with_weights(gpu, label, shader, false, constants, resources, invocations)
    }

    /// The same, with weights in half precision if `half`.
    ///
    /// # Panics
    /// As [`Dispatch::new`].
    pub(super) fn with_weights(
        gpu: &Gpu,
        label: impl Into<String>,
        shader: &Shader,
        half: bool,
        constants: &[f64],
        resources: &[wgpu::BindingResource<'_>],
        invocations: [usize; 3],
    ) -> Self {
        assert_eq!(resources.len(), shader.bindings.len(), "a resource for each binding of {}", shader.name);
        let Pipeline { pipeline, layout } = gpu.pipeline(shader, half, constants);
        let entries: Vec<_> = (0..)
            .zip(resources)
            .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource: resource.clone() })
            .collect();
        let bind_group = gpu.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: Some(shader.name),
            layout: &layout,
            entries: &entries,
        });
        let groups = std::array::from_fn(|axis| (invocations[axis] as u32).div_ceil(shader.workgroup[axis]));
        Self { label: label.into(), pipeline, bind_group, groups }
    }

    /// Records it.
    pub(super) fn record(&self, pass: &mut wgpu::ComputePass<'_>) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bind_group, &[]);
        let [x, y, z] = self.groups;
        pass.dispatch_workgroups(x, y, z);
    }
}
