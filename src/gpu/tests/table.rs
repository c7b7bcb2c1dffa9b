//! Each shader, read by naga, against its row of the table: needs no GPU.

use std::collections::BTreeSet;
use std::path::Path;

use naga::valid::{Capabilities, ValidationFlags, Validator};
use naga::{AddressSpace, Module, StorageAccess, TypeInner};

use super::shader::{Binding, Shader, text};
use super::steps;
use crate::gpu::profile::peak;
use crate::gpu::schedule::schedule;
use crate::gpu::{colours, painting, stages};
use crate::plan::samples::samples;

/// Parts that other shaders include.
const SHARED: [&str; 6] = ["block", "common", "finish", "four", "product", "window"];

fn parsed(shader: &Shader, half: bool) -> Module {
    let text = text(shader, half);
    let module = naga::front::wgsl::parse_str(&text)
        .unwrap_or_else(|error| panic!("{}: {}", shader.name, error.emit_to_string(&text)));
    let capabilities = if half { Capabilities::SHADER_FLOAT16 } else { Capabilities::empty() };
    Validator::new(ValidationFlags::all(), capabilities)
        .validate(&module)
        .unwrap_or_else(|error| panic!("{}: {}", shader.name, error.emit_to_string(&text)));
    module
}

/// The bindings in their order, and bytes of the parameters.
fn bindings(module: &Module) -> (Vec<Binding>, u32) {
    let mut bytes = 0;
    let mut found: Vec<(u32, Binding)> = Vec::new();
    for (_, variable) in module.global_variables.iter() {
        let Some(place) = &variable.binding else { continue };
        assert_eq!(place.group, 0, "{:?}", variable.name);
        let ty = &module.types[variable.ty].inner;
        let kind = match variable.space {
            AddressSpace::Uniform => {
                bytes = ty.size(module.to_ctx());
                Binding::Uniform
            }
            AddressSpace::Storage { access } if access.contains(StorageAccess::STORE) => Binding::Write,
            AddressSpace::Storage { .. } => Binding::Read,
            AddressSpace::Handle => {
                assert!(matches!(ty, TypeInner::Image { .. }), "{:?}", variable.name);
                Binding::Texture
            }
            space => panic!("{:?} is in {space:?}", variable.name),
        };
        found.push((place.binding, kind));
    }
    found.sort_by_key(|&(binding, _)| binding);
    let numbers: Vec<u32> = found.iter().map(|&(binding, _)| binding).collect();
    assert!(numbers.iter().copied().eq(0..numbers.len() as u32), "bindings {numbers:?}");
    (found.into_iter().map(|(_, kind)| kind).collect(), bytes)
}

fn all() -> Vec<&'static Shader> {
    [&steps::ALL[..], &stages::ALL[..], &colours::ALL[..], &peak::ALL[..], &[&painting::PAINTING]].concat()
}

#[test]
fn shaders_are_what_the_table_says() {
    for shader in all() {
        for half in [false, true] {
            let module = parsed(shader, half);
            assert_eq!(bindings(&module).0, shader.bindings, "{}", shader.name);
            if shader.name == painting::PAINTING.name {
                let names: Vec<&str> = module.entry_points.iter().map(|entry| entry.name.as_str()).collect();
                assert_eq!(names, ["corner", "colour"]);
                continue;
            }
            let [entry] = &module.entry_points[..] else {
                panic!("{} entry points", module.entry_points.len())
            };
            assert_eq!(
                (entry.name.as_str(), entry.workgroup_size),
                ("main", shader.workgroup),
                "{}",
                shader.name
            );
            let constants: BTreeSet<&str> =
                module.overrides.iter().map(|(_, constant)| constant.name.as_deref().unwrap()).collect();
            assert_eq!(constants, shader.constants.iter().copied().collect(), "{}", shader.name);
        }
    }
}

#[test]
fn every_file_is_in_a_table() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/gpu/shaders");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let known = all().iter().map(|shader| shader.name).chain(SHARED).map(str::to_owned).collect();
    assert_eq!(files, known);
}

/// Dispatches of each model: what is fused stays so.
#[test]
fn dispatches_are_few() {
    for (id, most) in [("selfie", 42), ("selfie-landscape", 42), ("multiclass", 103)] {
        let count = schedule(&super::models::plan_of(id)).passes.len();
        assert_eq!(count, most, "{id}");
    }
}

#[test]
fn parameters_are_as_long_as_the_shader_says() {
    let mut seen = BTreeSet::new();
    // The samples have nothing to fuse.
    for plan in samples().into_iter().chain([super::models::plan_of("selfie")]) {
        for pass in schedule(&plan).passes {
            seen.insert(pass.shader.name);
            assert_eq!(pass.constants.len(), pass.shader.constants.len(), "{}", pass.shader.name);
            assert_eq!(pass.operands.len() + 1, pass.shader.bindings.len(), "{}", pass.shader.name);
            let bytes = 4 * pass.parameters.len() as u32;
            // The end may be padded to what the struct is aligned to.
            let (_, want) = bindings(&parsed(pass.shader, false));
            assert!(bytes <= want && want < bytes + 8, "{}: {bytes} of {want}", pass.shader.name);
        }
    }
    assert_eq!(seen, steps::ALL.iter().map(|shader| shader.name).collect());
}
