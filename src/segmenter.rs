//! Picture -> matte: the whole run.
//!
//! The picture is stretched to the network's input, the network gives probabilities, and the
//! matte stage lays them over the picture at its own size.

#[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
mod on_gpu;

use serde::Deserialize;

use crate::cpu::Arithmetic;
use crate::error::{Error, ErrorKind, Result};
use crate::executor::{Executor, ExecutorKind};
use crate::matte::{self, Bands, Finish, Map, Morphology, Smooth, Streams};
use crate::model::{self, Contract, Input};
#[cfg(feature = "onnx")]
use crate::model::{Activation, Layout};
#[cfg(feature = "onnx")]
use crate::onnx;
#[cfg(feature = "onnx")]
use crate::pixels::Filter;
use crate::pixels::{self, Matte, Reducer, Rgba8};
use crate::plan::{self, Constant, Shape};
use crate::telemetry::{Stopwatch, Timings};

/// A network that is ready, and what it wants and gives.
pub struct Segmenter {
    executor: Executor,
    reason: String,
    contract: Contract,
    /// Those of the last call: its weights serve the next picture of that size.
    reducers: Option<Reducers>,
    streams: Streams<Smooth>,
    /// Comes first, and the executor does what it fails.
    #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
    gpu: Option<Box<on_gpu::OnGpu>>,
}

/// What to cut out, and how soft.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SegmentOptions {
    /// `person`, or one of the network's classes.
    pub of: String,
    /// Strength of the effect, 0 to 1; sets the feather's radius.
    pub intensity: f32,
    /// The feather's radius in pixels of the picture; overrides `intensity`.
    pub feather: Option<f32>,
    /// Cleans the matte before the feather.
    pub morphology: Option<Morphology>,
    /// The stream that the picture is the next frame of, by a number of the caller's: its matte is made steady by those
    /// before it. A stream that begins anew, or elsewhere, takes another number.
    pub stream: Option<u32>,
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self { of: "person".to_owned(), intensity: 0.0, feather: None, morphology: None, stream: None }
    }
}

/// What a network that is not in the registry wants and gives; its sizes are read from its file.
#[cfg(feature = "onnx")]
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CustomContract {
    /// What the channel values 0 and 255 become; `[0, 1]` if absent.
    pub range: Option<[f32; 2]>,
    /// What makes the output probabilities.
    pub activation: Activation,
    /// Factor on the output before `activation`; 1 if absent.
    pub temperature: Option<f32>,
    /// A name per channel; if absent `person`, or `background` and `person` for two channels.
    pub classes: Option<Vec<String>>,
}

/// The network's answer at its own size.
#[derive(Clone, Debug)]
pub struct Prediction {
    /// Columns.
    pub width: usize,
    /// Rows.
    pub height: usize,
    /// A name per channel.
    pub classes: Vec<String>,
    /// Probabilities, `[height, width, classes]`, row-major.
    pub data: Vec<f32>,
}

impl Segmenter {
    /// The registry's model `id` from the bytes of its plan.
    ///
    /// It multiplies in whole numbers where its weights are whole numbers, so that the same file gives
    /// the same matte everywhere.
    ///
    /// # Errors
    /// `InvalidInput` for an unknown id, `ChecksumMismatch` if the bytes are another file's.
    pub fn from_registry(id: &str, file: &[u8]) -> Result<Self> {
        Self::from_registry_with(id, file, None, || (Arithmetic::I16, "they are kept so".to_owned()))
    }

    /// The same, where the caller may have computed the SHA-256 of `file`, in lower-case hexadecimal,
    /// and says in what to multiply, and why; that is asked only if the weights are whole numbers.
    ///
    /// # Errors
    /// As [`Segmenter::from_registry`].
    pub fn from_registry_with(
        id: &str,
        file: &[u8],
        sha256: Option<&str>,
        choose: impl FnOnce() -> (Arithmetic, String),
    ) -> Result<Self> {
        let entry = model::registry().get(id)?;
        match sha256 {
            Some(sha256) => entry.verify_sum(file, sha256)?,
            None => entry.verify(file)?,
        }
        let plan = plan::decode(file)?;
        let (arithmetic, why) = if plan.constants.iter().any(Constant::is_fixed) {
            let (arithmetic, why) = choose();
            (arithmetic, format!("its weights are whole numbers, and {why}"))
        } else {
            (Arithmetic::F32, "its weights are no whole numbers".to_owned())
        };
        let reason =
            format!("the model ships as a plan; it multiplies in {}, because {why}", arithmetic.name());
        Self::new(Executor::cpu(plan, arithmetic)?, reason, entry.contract())
    }

    /// The registry's model `id` from the bytes of its ONNX file, run by tract.
    ///
    /// # Errors
    /// `InvalidInput` for an unknown id, `ChecksumMismatch` if the bytes are another file's.
    #[cfg(feature = "onnx")]
    pub fn from_registry_onnx(id: &str, file: &[u8]) -> Result<Self> {
        let entry = model::registry().get(id)?;
        entry.verify_onnx(file)?;
        Self::new(Executor::tract(onnx::Network::load(file)?), "as asked for".to_owned(), entry.contract())
    }

    /// Any ONNX segmentation network: one picture in, one map out.
    ///
    /// Without `wanted` it is lowered to a plan for the CPU executor or, if it has a step that a
    /// plan has not, run by tract; [`Segmenter::reason`] says which step. `Gpu` is for what becomes a
    /// plan, and leaves to the CPU what it cannot do.
    ///
    /// # Errors
    /// `UnsupportedModel` if it is no such network, or cannot be lowered and `wanted` is `Cpu` or `Gpu`;
    /// `InvalidInput` if `contract` does not fit it.
    #[cfg(feature = "onnx")]
    pub fn from_onnx(file: &[u8], contract: CustomContract, wanted: Option<ExecutorKind>) -> Result<Self> {
        let lowered = || onnx::lower(file).and_then(|plan| Executor::cpu(plan, Arithmetic::F32));
        let by_tract = || onnx::Network::load(file).map(Executor::tract);
        let (executor, reason) = match wanted {
            Some(ExecutorKind::Cpu) => (lowered()?, "as asked for".to_owned()),
            // Where one is, it comes before the CPU.
            Some(ExecutorKind::Gpu) => (lowered()?, "this build runs nothing on a GPU".to_owned()),
            Some(ExecutorKind::Tract) => (by_tract()?, "as asked for".to_owned()),
            None => match lowered() {
                Ok(executor) => (executor, "every operator of the ONNX file has a step".to_owned()),
                Err(why) => (by_tract()?, format!("the ONNX file does not become a plan: {why}")),
            },
        };
        let [input, output] = executor.shapes();
        let named = match (contract.classes, output.channels) {
            (Some(classes), _) => classes,
            (None, 1) => vec![model::PERSON.to_owned()],
            (None, 2) => vec![model::BACKGROUND.to_owned(), model::PERSON.to_owned()],
            (None, channels) => {
                return Err(Error::invalid(format!(
                    "network gives {channels} channels, want a contract that names its classes"
                )));
            }
        };
        let input = Input {
            width: input.width,
            height: input.height,
            layout: Layout::Nhwc,
            range: contract.range.unwrap_or([0.0, 1.0]),
            filter: Filter::default(),
        };
        let temperature = contract.temperature.unwrap_or(1.0);
        let contract = Contract { input, activation: contract.activation, temperature, classes: named };
        let this = Self::new(executor, reason, contract)?;
        #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
        if wanted == Some(ExecutorKind::Gpu) {
            return Ok(this.with_gpu(onnx::lower(file)?));
        }
        Ok(this)
    }

    fn new(executor: Executor, reason: String, contract: Contract) -> Result<Self> {
        contract.check()?;
        let [input, output] = executor.shapes();
        let Input { width, height, .. } = contract.input;
        if (input.height, input.width, input.channels) != (height, width, 3) {
            return Err(Error::new(
                ErrorKind::UnsupportedModel,
                format!("network takes {input:?}, want {height} rows and {width} columns of 3 channels"),
            ));
        }
        if contract.classes.len() != output.channels {
            return Err(Error::invalid(format!(
                "contract names {} classes, want the network's {}",
                contract.classes.len(),
                output.channels
            )));
        }
        Ok(Self {
            executor,
            reason,
            contract,
            reducers: None,
            streams: Streams::default(),
            #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
            gpu: None,
        })
    }

    /// What runs the network; what ran it last, where there is a choice.
    pub fn executor(&self) -> ExecutorKind {
        #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
        if self.gpu_failed() == Some(None) {
            return ExecutorKind::Gpu;
        }
        self.executor.kind()
    }

    /// In what it multiplies.
    pub fn arithmetic(&self) -> Arithmetic {
        self.executor.arithmetic()
    }

    /// Why that runs it, in words for a person.
    pub fn reason(&self) -> &str {
        #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
        if let Some(failed) = self.gpu_failed() {
            return failed.unwrap_or("as asked for");
        }
        &self.reason
    }

    /// What the network wants and gives.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The network's probabilities for `picture`.
    pub fn predict(&mut self, picture: Rgba8<'_>) -> Result<(Prediction, Timings)> {
        #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
        if let Some(done) = self.predict_on_gpu(picture) {
            return Ok(done);
        }
        let intake = self.take(picture);
        self.prediction(intake)
    }

    /// The matte of `picture`, at its size.
    ///
    /// # Errors
    /// `InvalidInput` if an option is out of range or `of` is nothing this network knows.
    pub fn segment(&mut self, picture: Rgba8<'_>, options: &SegmentOptions) -> Result<(Matte, Timings)> {
        // Bad options are refused before any work is done.
        self.check(options)?;
        #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
        if let Some(done) = self.segment_on_gpu(picture, options) {
            return Ok(done);
        }
        let intake = self.take(picture);
        let (bands, mut timings) = self.bands(intake, options)?;
        let mut watch = Stopwatch::start();
        let matte = bands.run(picture);
        timings.post_ms += watch.lap_ms();
        Ok((matte, timings))
    }

    /// Refuses options that are out of range or that ask for nothing this network knows.
    ///
    /// # Errors
    /// `InvalidInput` naming the option.
    pub fn check(&self, options: &SegmentOptions) -> Result<()> {
        self.contract.check_subject(&options.of)?;
        options.finish().map(|_| ())
    }

    /// Begins a run on a picture of `[width, height]`. Its pixels, or those of a smaller copy, come as
    /// rows of a picture of size `from`, each pixel as red, green, blue, alpha, or as blue, green,
    /// red, alpha if `swapped`.
    ///
    /// # Errors
    /// As [`pixels::check_size`].
    pub fn intake(&mut self, size: [usize; 2], from: [usize; 2], swapped: bool) -> Result<Intake> {
        for [width, height] in [size, from] {
            pixels::check_size(width, height, pixels::MAX_PIXELS)?;
        }
        let Input { width: in_w, height: in_h, filter, .. } = self.contract.input;
        let [_, Shape { width: out_w, height: out_h, .. }] = self.executor.shapes();
        let reducers = self.reducers.take().filter(|reducers| reducers.input.from() == from);
        let reducers = reducers.unwrap_or_else(|| Reducers {
            input: Reducer::new(from, [in_w, in_h], filter),
            guide: ([out_w, out_h] != [in_w, in_h]).then(|| Reducer::new(from, [out_w, out_h], filter)),
        });
        Ok(Intake { size, swapped, reducers, pre_ms: 0.0 })
    }

    /// Runs the network on a whole intake; the matte comes from the picture's rows once more.
    ///
    /// # Errors
    /// As [`Segmenter::segment`].
    pub fn bands(&mut self, intake: Intake, options: &SegmentOptions) -> Result<(Bands, Timings)> {
        let finish = options.finish()?;
        let [width, height] = intake.size;
        let (guide, mut timings) = self.run(intake)?;
        let mut watch = Stopwatch::start();
        let [_, shape] = self.executor.shapes();
        let mut probability = matte::subject(
            &self.contract,
            self.executor.output(),
            self.executor.output_stride(),
            &options.of,
        )?;
        if let Some(stream) = options.stream {
            let smooth = self.streams.open(stream, &options.of, Smooth::default);
            smooth.run([shape.width, shape.height], &guide, &mut probability);
        }
        let map = Map { width: shape.width, height: shape.height, probability: &probability, guide: &guide };
        let bands = Bands::new(map, width, height, finish)?;
        timings.post_ms = watch.lap_ms();
        Ok((bands, timings))
    }

    /// Runs the network on a whole intake.
    pub fn prediction(&mut self, intake: Intake) -> Result<(Prediction, Timings)> {
        let (_, mut timings) = self.run(intake)?;
        let mut watch = Stopwatch::start();
        let [_, shape] = self.executor.shapes();
        let data = matte::activate(&self.contract, self.executor.output(), self.executor.output_stride());
        let classes = self.contract.classes.clone();
        let prediction = Prediction { width: shape.width, height: shape.height, classes, data };
        timings.post_ms = watch.lap_ms();
        Ok((prediction, timings))
    }

    fn take(&mut self, picture: Rgba8<'_>) -> Intake {
        let size = [picture.width(), picture.height()];
        let mut intake = self.intake(size, size, false).expect("a picture's size is checked");
        intake.rows(picture.bytes());
        intake
    }

    /// Runs the network; gives the picture at the size of its answer, `[height, width, 4]`, in the
    /// order of its bytes.
    fn run(&mut self, intake: Intake) -> Result<(Vec<u8>, Timings)> {
        let mut watch = Stopwatch::start();
        let Intake { swapped, mut reducers, pre_ms, .. } = intake;
        let picture = reducers.input.finish();
        pixels::to_input(&picture, swapped, self.contract.input.range, self.executor.input());
        let guide = reducers.guide.as_mut().map_or(picture, Reducer::finish);
        self.reducers = Some(reducers);
        let pre_ms = pre_ms + watch.lap_ms();
        self.executor.run()?;
        Ok((guide, Timings { pre_ms, infer_ms: watch.lap_ms(), post_ms: 0.0 }))
    }
}

impl SegmentOptions {
    /// What they say of edges.
    pub(crate) fn finish(&self) -> Result<Finish> {
        let feather = self.feather.map_or_else(|| matte::feather_radius(self.intensity), Ok)?;
        let finish = Finish { morphology: self.morphology, feather };
        finish.check()?;
        Ok(finish)
    }
}

/// A picture that comes in rows, on its way to the network.
pub struct Intake {
    size: [usize; 2],
    swapped: bool,
    reducers: Reducers,
    pre_ms: f64,
}

struct Reducers {
    input: Reducer,
    /// A network may give a map of another size than it takes.
    guide: Option<Reducer>,
}

impl Intake {
    /// All calls of [`Intake::rows`] but the last give a multiple of this many rows.
    pub const ROWS: usize = Reducer::ROWS;

    /// Takes the next rows, `[rows, width, 4]` bytes, from the top to the bottom.
    ///
    /// # Panics
    /// If they are more than the picture has.
    pub fn rows(&mut self, bytes: &[u8]) {
        let mut watch = Stopwatch::start();
        self.reducers.input.rows(bytes);
        if let Some(guide) = &mut self.reducers.guide {
            guide.rows(bytes);
        }
        self.pre_ms += watch.lap_ms();
    }
}
