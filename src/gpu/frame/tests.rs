//! The stages against their CPU twins, on a map that is fed in.

use std::cell::RefCell;

use super::*;
use crate::error::Result;
use crate::gpu::tests::gpu;
use crate::matte::{self, Bands, Map, Morphology, Smooth};
use crate::model::registry;
use crate::pixels::{self, Rgba8};

/// How far a matte of the GPU is from the CPU's, in steps of a byte: the mean, the most, and what share of
/// the pixels is more than two steps away.
///
/// # Panics
/// If they are not of one size.
pub(in crate::gpu) fn distance(got: &Matte, want: &Matte) -> (f64, usize, f64) {
    assert_eq!((got.width, got.height), (want.width, want.height));
    let mut off = [0_usize; 256];
    got.alpha.iter().zip(&want.alpha).for_each(|(got, want)| off[usize::from(got.abs_diff(*want))] += 1);
    let pixels = got.alpha.len() as f64;
    let mean = (0..).zip(off).map(|(off, count)| off * count).sum::<usize>() as f64 / pixels;
    let most = off.iter().rposition(|&count| count > 0).unwrap_or(0);
    (mean, most, off[3..].iter().sum::<usize>() as f64 / pixels)
}

/// From one map both make the same matte but for rounding: less than a pixel in a hundred is a step away.
fn agree(what: &str, got: &Matte, want: &Matte) {
    let (mean, most, _) = distance(got, want);
    println!("{what}: mean {mean:.5}, most {most}, coverage {:.3}", want.coverage());
    assert!(mean <= 0.01 && most <= 1, "{what}: mean {mean}, most {most}");
}

/// A picture with soft areas, hard edges and some noise.
fn picture([width, height]: [usize; 2]) -> Vec<u8> {
    (0..width * height)
        .flat_map(|i| {
            let (x, y) = (i % width, i / width);
            let wave = ((x as f32 / 19.0).sin() * (y as f32 / 23.0).cos() * 60.0 + 100.0) as u8;
            let noise = ((i * 2_654_435_761) >> 11) as u8 % 24;
            let inside = inside(x as f32 / width as f32, y as f32 / height as f32);
            [wave + noise, if inside { 210 } else { 40 } + noise, (x * 200 / width) as u8, 255]
        })
        .collect()
}

fn inside(x: f32, y: f32) -> bool {
    (x - 0.45).hypot(y - 0.5) < 0.25 + 0.07 * (y * 40.0).sin()
}

/// A network's answer of `channels` for that picture: soft edges, and some doubt.
fn answer(shape: Shape) -> Vec<f32> {
    let (width, height) = (shape.width, shape.height);
    let mut answer = vec![7.0; shape.len()];
    for (i, pixel) in answer.chunks_exact_mut(shape.stride()).enumerate() {
        let (x, y) = ((i % width) as f32 / width as f32, (i / width) as f32 / height as f32);
        let near = [(0.0, 0.0), (0.01, 0.0), (-0.01, 0.0), (0.0, 0.01), (0.0, -0.01)];
        let share = near.iter().filter(|(dx, dy)| inside(x + dx, y + dy)).count() as f32 / 5.0;
        for (c, value) in pixel[..shape.channels].iter_mut().enumerate() {
            let doubt = ((i * 31 + c * 17) % 97) as f32 / 97.0;
            *value = match shape.channels {
                1 => (share * 0.96 + doubt * 0.04).clamp(0.0, 1.0),
                _ if c == 0 => 4.0 * (1.0 - share) + doubt,
                _ if c == 1 => 4.0 * share + doubt,
                _ => doubt,
            };
        }
    }
    answer
}

struct Setup {
    gpu: Gpu,
    frame: Frame,
    contract: Contract,
    shapes: [Shape; 2],
    answer: Vec<f32>,
    staging: Option<wgpu::Buffer>,
    stream: Option<u32>,
    /// What the CPU remembers.
    streams: RefCell<Streams<Smooth>>,
}

impl Setup {
    fn new(gpu: Gpu, model: &str, output: [usize; 2]) -> Self {
        let contract = registry().get(model).unwrap().contract();
        let input = Shape { height: contract.input.height, width: contract.input.width, channels: 3 };
        let [width, height] = output;
        let shapes = [input, Shape { height, width, channels: contract.classes.len() }];
        let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC | wgpu::BufferUsages::COPY_DST;
        let buffers = shapes.map(|shape| gpu.buffer("end", shape.len() * 4, usage));
        let answer = answer(shapes[1]);
        let bytes: Vec<u8> = answer.iter().flat_map(|value| value.to_le_bytes()).collect();
        gpu.queue.write_buffer(&buffers[1], 0, &bytes);
        let [input, output] = buffers;
        let ends = Ends { input, output, shapes, stride: shapes[1].stride() };
        let frame = Frame::new(&gpu, contract.clone(), ends);
        let streams = RefCell::default();
        Self { frame, gpu, contract, shapes, answer, staging: None, stream: None, streams }
    }

    /// The matte, and what the network would have read.
    async fn run(&mut self, source: Source<'_>, of: &str, finish: Finish) -> Result<(Matte, Vec<u8>)> {
        let Self { gpu, frame, staging, shapes, stream, .. } = self;
        let input = shapes[0].len() * 4;
        let (staging, bytes) = gpu
            .guarded(|| {
                source.check().unwrap();
                frame.take(gpu, source);
                frame.set(gpu, of, finish);
                frame.follow(gpu, *stream, of);
                let (alpha, bytes) = frame.alpha();
                let usage = wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ;
                let staging = staging.insert(gpu.buffer("staging", bytes + input, usage)).clone();
                let mut encoder = gpu.device.create_command_encoder(&Default::default());
                {
                    let mut pass = encoder.begin_compute_pass(&Default::default());
                    frame.record_before(&mut pass);
                    frame.record_subject(&mut pass);
                    frame.record_matte(&mut pass);
                }
                encoder.copy_buffer_to_buffer(alpha, 0, &staging, 0, bytes as u64);
                encoder.copy_buffer_to_buffer(&frame.ends.input, 0, &staging, bytes as u64, input as u64);
                gpu.queue.submit([encoder.finish()]);
                async move { Ok((staging, bytes)) }
            })
            .await?;
        let all = gpu.read(&staging, bytes + input).await?;
        let matte = frame.matte(&all[..bytes]).expect("a matte of this frame");
        Ok((matte, all[bytes..].to_vec()))
    }

    /// The same by the CPU.
    fn want(&self, picture: Rgba8<'_>, of: &str, finish: Finish) -> (Matte, Vec<u8>) {
        let [input, output] = self.shapes;
        let filter = self.contract.input.filter;
        let reduced = pixels::to_size(picture, input.width, input.height, filter);
        let mut numbers = vec![0.0; input.len()];
        pixels::to_input(&reduced, false, self.contract.input.range, &mut numbers);
        let guide = pixels::to_size(picture, output.width, output.height, filter);
        let mut probability = matte::subject(&self.contract, &self.answer, output.stride(), of).unwrap();
        if let Some(stream) = self.stream {
            let mut streams = self.streams.borrow_mut();
            let smooth = streams.open(stream, of, Smooth::default);
            smooth.run([output.width, output.height], &guide, &mut probability);
        }
        let map =
            Map { width: output.width, height: output.height, probability: &probability, guide: &guide };
        let bands = Bands::new(map, picture.width(), picture.height(), finish).unwrap();
        (bands.run(picture), numbers.iter().flat_map(|value| value.to_le_bytes()).collect())
    }
}

#[test]
fn stages_do_what_the_cpu_does() {
    let Some(gpu) = gpu(true) else { return };
    let mut setup = Setup::new(gpu, "selfie", [256, 256]);
    let radii = [0.0, 0.4, 0.7, 3.0, 7.0, 30.5, 64.0];
    for size in [[1, 1], [1, 301], [301, 1], [37, 53], [256, 256], [641, 479], [1281, 719], [2100, 4100]] {
        let bytes = picture(size);
        let picture = Rgba8::new(size[0], size[1], &bytes).unwrap();
        for feather in radii {
            if size[0] > 2000 && feather != 7.0 {
                continue;
            }
            let finish = Finish { morphology: None, feather };
            let (got, input) =
                pollster::block_on(setup.run(Source::Bytes(picture), "person", finish)).unwrap();
            let (want, numbers) = setup.want(picture, "person", finish);
            agree(&format!("{size:?} feather {feather}"), &got, &want);
            let off =
                |(got, want): (&[u8; 4], &[u8; 4])| f32::from_le_bytes(*got) - f32::from_le_bytes(*want);
            let pairs = input.as_chunks().0.iter().zip(numbers.as_chunks().0);
            let worst = pairs.map(off).fold(0.0, |worst: f32, off| worst.max(off.abs()));
            assert!(worst < 1e-6, "{size:?}: the network's input is off by {worst}");
        }
    }
}

#[test]
fn subjects_sizes_and_morphology_do_what_the_cpu_does() {
    let Some(gpu) = gpu(true) else { return };
    let mut setup = Setup::new(gpu, "multiclass", [96, 128]);
    let size = [611, 403];
    let bytes = picture(size);
    let picture = Rgba8::new(size[0], size[1], &bytes).unwrap();
    let operations = [Operation::Open, Operation::Close, Operation::Erode, Operation::Dilate];
    let cleaned = operations.into_iter().zip([1, 2, 9, 64]);
    let cleaned = cleaned.map(|(operation, radius)| Some(Morphology { operation, radius }));
    for (i, morphology) in std::iter::once(None).chain(cleaned).enumerate() {
        for of in ["person", "hair", "clothes"] {
            let finish = Finish { morphology, feather: i as f32 * 2.5 };
            let (got, _) = pollster::block_on(setup.run(Source::Bytes(picture), of, finish)).unwrap();
            let (want, _) = setup.want(picture, of, finish);
            agree(&format!("{of} {morphology:?}"), &got, &want);
        }
    }
}

/// Noise, a lamp that flickers, doubt, and then movement and a cut, in two streams and in none.
#[test]
fn frames_of_streams_do_what_the_cpu_does() {
    let Some(gpu) = gpu(true) else { return };
    let mut setup = Setup::new(gpu, "selfie", [256, 256]);
    let size = [320, 240];
    let base = picture(size);
    let sure = setup.answer.clone();
    for frame in 0..24 {
        setup.stream = [Some(1), Some(2), Some(1), None][frame % 4];
        let moved = frame.saturating_sub(10) * 3 * 4;
        let change = |i: usize| {
            let value = base[(i + moved) % base.len()];
            let noise = (((i + frame * 91) * 2_654_435_761) >> 13) as u8 % 5;
            let value = value.saturating_add(noise + [0, 5, 2][frame % 3]);
            if frame > 18 { 255 - value } else { value }
        };
        let bytes: Vec<u8> = (0..base.len()).map(change).collect();
        for (i, (value, sure)) in setup.answer.iter_mut().zip(&sure).enumerate() {
            let doubt = (((i + frame * 37) * 40_503) >> 7) as f32 % 64.0 / 64.0;
            *value = sure * 0.7 + doubt * 0.3;
        }
        let words: Vec<u8> = setup.answer.iter().flat_map(|value| value.to_le_bytes()).collect();
        setup.gpu.queue.write_buffer(&setup.frame.ends.output, 0, &words);
        let picture = Rgba8::new(size[0], size[1], &bytes).unwrap();
        let finish = Finish { morphology: None, feather: 0.0 };
        let (got, _) = pollster::block_on(setup.run(Source::Bytes(picture), "person", finish)).unwrap();
        let (want, _) = setup.want(picture, "person", finish);
        agree(&format!("frame {frame} of {:?}", setup.stream), &got, &want);
        if frame % 4 == 2 {
            setup.stream = None;
            assert!(setup.want(picture, "person", finish).0 != want, "frame {frame} was made steady");
        }
    }
}
