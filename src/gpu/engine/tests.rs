//! Whole frames against the CPU.

use super::*;
use crate::cpu::Arithmetic;
use crate::effects::{self, Recolor};
use crate::gpu::frame::tests::distance;
use crate::gpu::source::{MAX_SIDE, extent};
use crate::gpu::tests::gpu;
use crate::matte::{self, Morphology, Operation};
use crate::model::registry;
use crate::pixels::{self, Decoded, Filter, Rgba8};
use crate::plan::{Activation, Constant, Epilogue, Op, Step};
use crate::{Quality, SegmentOptions, Segmenter};

/// How far a matte of the GPU may be from the CPU's, in steps of a byte: the mean, and the share of pixels
/// that may be more than two steps away.
///
/// From one map both make the same matte but for rounding. Maps differ by some 1e-5; the levels make that
/// twice as much, and where a pixel is at the half, it decides on which side of the edge the feather sees it.
const TOLERANCE: (f64, f64) = (0.05, 0.001);

/// The same for probabilities, and the least intersection over union at the half.
const PROBABILITY: (f32, f64) = (2e-3, 0.998);

const PORTRAITS: [&str; 2] = ["luispedro.jpg", "astronaut.png"];

fn portrait(file: &str) -> Decoded {
    let path = format!("{}/fixtures/images/{file}", env!("CARGO_MANIFEST_DIR"));
    pixels::decode(&std::fs::read(path).unwrap()).unwrap()
}

fn file(model: &str) -> Vec<u8> {
    let plan = &registry().get(model).unwrap().plan.file;
    std::fs::read(format!("{}/models/{plan}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn engine(gpu: Gpu, model: &str) -> Engine {
    let plan = crate::plan::decode(&file(model)).unwrap();
    let contract = registry().get(model).unwrap().contract();
    pollster::block_on(Engine::new(Rc::new(gpu), &plan, contract)).unwrap()
}

fn by_cpu(model: &str) -> Segmenter {
    let single = || (Arithmetic::F32, "the GPU does so, too".to_owned());
    Segmenter::from_registry_with(model, &file(model), None, single).unwrap()
}

fn finish(options: &SegmentOptions) -> Finish {
    Finish { morphology: options.morphology, feather: options.feather.unwrap() }
}

/// `picture` at another size.
fn resized(picture: &Decoded, [width, height]: [usize; 2]) -> Decoded {
    Decoded { width, height, rgba: pixels::to_size(picture.view().unwrap(), width, height, Filter::Box) }
}

fn options(of: &str, feather: f32) -> SegmentOptions {
    SegmentOptions {
        of: of.to_owned(),
        feather: Some(feather),
        quality: Quality::Fast,
        ..SegmentOptions::default()
    }
}

/// A matte by both.
fn compare(
    engine: &mut Engine,
    cpu: &mut Segmenter,
    what: &str,
    picture: Rgba8<'_>,
    options: &SegmentOptions,
) {
    let work = engine.segment(Source::Bytes(picture), &options.of, finish(options));
    let (got, timings) = pollster::block_on(work).unwrap_or_else(|error| panic!("{what}: {error}"));
    let (want, _) = cpu.segment(picture, options).unwrap();
    let (mean, most, beyond) = distance(&got, &want);
    println!(
        "{what} {options:?}: mean {mean:.4}, most {most}, {:.3} % beyond 2, {:.0} + {:.0} ms",
        beyond * 100.0,
        timings.pre_ms,
        timings.infer_ms
    );
    let (mean_most, beyond_most) = TOLERANCE;
    assert!(mean <= mean_most && beyond <= beyond_most, "{what}: mean {mean}, {beyond} beyond 2");
}

#[test]
fn mattes_are_the_cpu_s() {
    let Some(gpu) = gpu(true) else { return };
    println!("{:?}", gpu.adapter());
    let (mut engine, mut cpu) = (engine(gpu, "selfie"), by_cpu("selfie"));
    for name in PORTRAITS {
        let picture = portrait(name);
        let view = picture.view().unwrap();
        for feather in [0.0, 3.0, 7.0, 64.0] {
            compare(&mut engine, &mut cpu, name, view, &options("person", feather));
        }
        for size in [[1, 333], [257, 129], [1280, 720], [3001, 4001]] {
            let picture = resized(&picture, size);
            compare(
                &mut engine,
                &mut cpu,
                &format!("{name} {size:?}"),
                picture.view().unwrap(),
                &options("person", 3.0),
            );
        }
        let morphology = Some(Morphology { operation: Operation::Open, radius: 5 });
        compare(&mut engine, &mut cpu, name, view, &SegmentOptions { morphology, ..options("person", 3.0) });
    }
}

#[test]
fn every_model_and_class_is_the_cpu_s() {
    for model in ["selfie-landscape", "multiclass"] {
        let Some(gpu) = gpu(true) else { return };
        let (mut engine, mut cpu) = (engine(gpu, model), by_cpu(model));
        let picture = portrait("luispedro.jpg");
        for of in ["person", "hair", "clothes"] {
            if cpu.contract().check_subject(of).is_err() {
                continue;
            }
            compare(&mut engine, &mut cpu, model, picture.view().unwrap(), &options(of, 3.0));
        }
    }
}

#[test]
fn probabilities_are_the_cpu_s() {
    for model in ["selfie", "selfie-landscape", "multiclass"] {
        for half in [false, true] {
            let Some(_) = gpu(true) else { return };
            let gpu = pollster::block_on(Gpu::open(half)).unwrap();
            let half = gpu.adapter().half;
            let (mut engine, mut cpu) = (engine(gpu, model), by_cpu(model));
            for name in PORTRAITS {
                let picture = portrait(name);
                let view = picture.view().unwrap();
                let (answer, stride, _) = pollster::block_on(engine.predict(Source::Bytes(view))).unwrap();
                let got = matte::activate(engine.contract(), &answer, stride);
                let want = cpu.predict(view).unwrap().0.data;
                let worst = got.iter().zip(&want).fold(0.0_f32, |worst, (a, b)| worst.max((a - b).abs()));
                let sides = got.iter().zip(&want).map(|(&a, &b)| (a >= 0.5, b >= 0.5));
                let (both, any) = sides.fold((0_usize, 0_usize), |(both, any), (a, b)| {
                    (both + usize::from(a & b), any + usize::from(a | b))
                });
                let iou = both as f64 / any as f64;
                println!("{model} half {half} {name}: at most {worst:.6}, IoU {iou:.5}");
                let (most, least) = PROBABILITY;
                assert!(worst <= most && iou >= least, "{model} half {half} {name}: {worst}, IoU {iou}");
            }
        }
    }
}

/// A network that is small, so that many frames are quick: how red a pixel is.
fn small(gpu: Gpu) -> Engine {
    let side = 16;
    let shape = |channels| Shape { height: side, width: side, channels };
    let plan = Plan {
        buffers: vec![shape(3), shape(1)],
        constants: vec![Constant::f32([3, 1], vec![8.0, 0.0, 0.0]), Constant::f32([1], vec![-4.0])],
        steps: vec![Step {
            x: 0,
            y: 1,
            op: Op::Pointwise { weights: 0, bias: 1, gate: None },
            epilogue: Epilogue { activation: Activation::Sigmoid, residual: None },
        }],
        input: 0,
        output: 1,
    };
    let mut contract = registry().get("selfie").unwrap().contract();
    (contract.input.width, contract.input.height) = (side, side);
    pollster::block_on(Engine::new(Rc::new(gpu), &plan, contract)).unwrap()
}

/// Half of it red, the rest blue, and more so with each one.
fn halves([width, height]: [usize; 2], at: usize) -> Vec<u8> {
    let pixel =
        |i: usize| if i % width < (width / 2 + at) % width { [255, 0, 0, 255] } else { [0, 0, 255, 200] };
    (0..width * height).flat_map(pixel).collect()
}

const FINISH: Finish = Finish { morphology: None, feather: 3.0 };

/// A texture to draw to, and to copy from.
fn texture(gpu: &Gpu, size: [usize; 2], format: wgpu::TextureFormat) -> wgpu::Texture {
    gpu.device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: extent(size),
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
        view_formats: &[],
    })
}

/// What a texture holds that an effect was drawn to.
fn drawn(
    engine: &mut Engine,
    source: Source<'_>,
    size: [usize; 2],
    (effect, ground): (Effect, Option<Source<'_>>),
    premultiplied: bool,
) -> Vec<u8> {
    let gpu = Rc::clone(engine.gpu());
    let format = wgpu::TextureFormat::Rgba8Unorm;
    let texture = texture(&gpu, size, format);
    let view = texture.create_view(&Default::default());
    let target = Target { view: &view, format, size, premultiplied };
    pollster::block_on(engine.draw(source, "person", FINISH, effect, ground, target)).unwrap();
    let row = (size[0] * 4).next_multiple_of(256);
    let staging =
        gpu.buffer("drawn", row * size[1], wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ);
    let mut encoder = gpu.device.create_command_encoder(&Default::default());
    let layout =
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(row as u32), rows_per_image: None };
    let to = wgpu::TexelCopyBufferInfo { buffer: &staging, layout };
    encoder.copy_texture_to_buffer(texture.as_image_copy(), to, extent(size));
    gpu.queue.submit([encoder.finish()]);
    let bytes = pollster::block_on(gpu.read(&staging, row * size[1])).unwrap();
    bytes.chunks_exact(row).flat_map(|row| &row[..size[0] * 4]).copied().collect()
}

#[test]
fn what_is_drawn_is_the_cpu_s_effect() {
    let Some(gpu) = gpu(true) else { return };
    let mut engine = small(gpu);
    let size = [83, 61];
    let bytes = halves(size, 3);
    let source = Source::Bytes(Rgba8::new(size[0], size[1], &bytes).unwrap());
    let (matte, _) = pollster::block_on(engine.segment(source, "person", FINISH)).unwrap();
    assert!((0.3..0.7).contains(&matte.coverage()));
    let want =
        effects::paint(Rgba8::new(size[0], size[1], &bytes).unwrap(), &matte, Effect::Cutout, &[]).unwrap();
    let near = |got: &[u8], want: &[u8], most: u8| {
        assert_eq!(got.len(), want.len());
        got.iter().zip(want).all(|(got, want)| got.abs_diff(*want) <= most)
    };
    assert!(near(&drawn(&mut engine, source, size, (Effect::Cutout, None), false), &want, 1));
    let grey: Vec<u8> = matte.alpha.iter().flat_map(|&alpha| [alpha, alpha, alpha, 255]).collect();
    assert!(near(&drawn(&mut engine, source, size, (Effect::Matte, None), false), &grey, 0));
    let times = |pixel: &[u8]| {
        let times = |value: u8| ((u32::from(value) * u32::from(pixel[3]) + 127) / 255) as u8;
        [times(pixel[0]), times(pixel[1]), times(pixel[2]), pixel[3]]
    };
    let want: Vec<u8> = want.chunks_exact(4).flat_map(times).collect();
    assert!(near(&drawn(&mut engine, source, size, (Effect::Cutout, None), true), &want, 1));
    // Of another size it is the same picture: a corner of it, and the middle.
    let large = drawn(&mut engine, source, [size[0] * 3, size[1] * 3], (Effect::Cutout, None), true);
    for [x, y] in [[0, 0], [41, 30], [82, 60]] {
        let (at, middle) = ((y * size[0] + x) * 4, ((y * 3 + 1) * size[0] * 3 + x * 3 + 1) * 4);
        assert!(near(&large[middle..middle + 4], &want[at..at + 4], 1), "at {x},{y}");
    }
}

#[test]
fn every_effect_is_the_cpu_s() {
    let Some(gpu) = gpu(true) else { return };
    let mut engine = small(gpu);
    // All of a flat one is half subject, or rather more: then nothing is surely the one, or surely the other.
    let flat = |red: u8| [red, 90, 60, 255].repeat(90 * 70);
    let pictures = [[83, 61], [1, 7], [700, 300]].map(|size| (size, halves(size, 3)));
    for (size, bytes) in pictures.into_iter().chain([128, 155].map(|red| ([90, 70], flat(red)))) {
        let ground = halves(size, 20);
        let [view, ground] = [&bytes, &ground].map(|bytes| Rgba8::new(size[0], size[1], bytes).unwrap());
        let source = Source::Bytes(view);
        let (matte, _) = pollster::block_on(engine.segment(source, "person", FINISH)).unwrap();
        let recolor =
            |lightening| Effect::Recolor(Recolor { color: [138, 43, 226], intensity: 0.7, lightening });
        for effect in [
            Effect::Cutout,
            recolor(0.0),
            recolor(1.0),
            Effect::Color([10, 200, 100]),
            Effect::Blur(1.0),
            Effect::Blur(3.7),
            Effect::Blur(25.0),
            Effect::Blur(256.0),
            Effect::Picture,
        ] {
            let ground = (effect == Effect::Picture).then_some(ground);
            let want =
                effects::paint(view, &matte, effect, ground.map_or(&[], |ground| ground.bytes())).unwrap();
            let got = drawn(&mut engine, source, size, (effect, ground.map(Source::Bytes)), false);
            let worst = got.iter().zip(&want).map(|(got, want)| got.abs_diff(*want)).max().unwrap();
            assert!(worst <= 1, "{size:?} {effect:?}: {worst}");
        }
    }
}

#[test]
fn a_frame_is_one_submission_and_makes_nothing() {
    let Some(gpu) = gpu(true) else { return };
    let mut engine = small(gpu);
    let size = [41, 30];
    let gpu = Rc::clone(engine.gpu());
    let format = wgpu::TextureFormat::Rgba8Unorm;
    let texture = texture(&gpu, size, format);
    let view = texture.create_view(&Default::default());
    let mut made = 0;
    for frame in 0..1000 {
        let bytes = halves(size, frame);
        let source = Source::Bytes(Rgba8::new(size[0], size[1], &bytes).unwrap());
        let before = engine.submissions();
        if frame % 2 == 0 {
            let (matte, _) = pollster::block_on(engine.segment(source, "person", FINISH)).unwrap();
            let red = (size[0] / 2 + frame) % size[0];
            assert!((matte.coverage() - red as f64 / size[0] as f64).abs() < 0.05, "frame {frame}");
        } else {
            let target = Target { view: &view, format, size, premultiplied: true };
            let drawn = engine.draw(source, "person", FINISH, Effect::Blur(9.0), None, target);
            pollster::block_on(drawn).unwrap();
        }
        assert_eq!(engine.submissions(), before + 1);
        match frame {
            0..10 => made = gpu.made.get(),
            _ => assert_eq!(gpu.made.get(), made, "frame {frame} made a buffer"),
        }
    }
}

#[test]
fn an_answer_of_another_frame_is_not_taken() {
    let Some(gpu) = gpu(true) else { return };
    let mut engine = small(gpu);
    let size = [41, 30];
    let bytes = halves(size, 0);
    let source = Source::Bytes(Rgba8::new(size[0], size[1], &bytes).unwrap());
    let gpu = Rc::clone(engine.gpu());
    let wanted = Wanted::Matte { of: "person", finish: FINISH };
    let (buffer, len) = engine.start(source, &wanted);
    let answer = pollster::block_on(gpu.read(&buffer, len)).unwrap();
    assert!(engine.frame.matte(&answer).is_some());
    assert!(engine.frame.matte(&vec![0; len]).is_none(), "zeros");
    engine.frame.take(&gpu, source);
    assert!(engine.frame.matte(&answer).is_none(), "the frame before");
}

#[test]
fn what_a_gpu_cannot_hold_is_refused() {
    let Some(gpu) = gpu(true) else { return };
    let mut engine = small(gpu);
    let bytes = vec![0; (MAX_SIDE + 1) * 4];
    let source = Source::Bytes(Rgba8::new(1, MAX_SIDE + 1, &bytes).unwrap());
    let error = pollster::block_on(engine.segment(source, "person", FINISH)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::GpuFailed);
    let bytes = halves([9, 9], 0);
    let source = Source::Bytes(Rgba8::new(9, 9, &bytes).unwrap());
    let error = pollster::block_on(engine.segment(source, "hat", FINISH)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(pollster::block_on(engine.segment(source, "person", FINISH)).is_ok());
}

#[test]
fn a_gpu_that_goes_away_gives_no_answer() {
    let Some(gpu) = gpu(true) else { return };
    let mut engine = small(gpu);
    let bytes = halves([41, 30], 0);
    let source = Source::Bytes(Rgba8::new(41, 30, &bytes).unwrap());
    let gpu = Rc::clone(engine.gpu());
    // Between handing over and reading.
    let (buffer, len) = engine.start(source, &Wanted::Matte { of: "person", finish: FINISH });
    gpu.lose();
    assert_eq!(pollster::block_on(gpu.read(&buffer, len)).unwrap_err().kind(), ErrorKind::GpuLost);
    for _ in 0..2 {
        let error = pollster::block_on(engine.segment(source, "person", FINISH)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::GpuLost);
    }
}
