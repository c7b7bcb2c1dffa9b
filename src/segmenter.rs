//! Picture -> matte: the whole run.
//!
//! The picture is stretched to the network's input, the network gives probabilities, and the
//! matte stage lays them over the picture at its own size. Between the two the network may look once more, at the
//! subject alone (`looks`).

mod intake;
mod islands;
mod looks;
mod network;
#[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
mod on_gpu;
mod options;
mod round;

#[cfg(feature = "onnx")]
use serde::Deserialize;

use crate::cpu::Arithmetic;
use crate::error::{Error, Result};
use crate::executor::{Executor, ExecutorKind};
use crate::matte::{self, Smooth, Streams};
use crate::model::{self, Contract};
#[cfg(feature = "onnx")]
use crate::model::{Activation, Input, Layout, WHOLE};
#[cfg(feature = "onnx")]
use crate::onnx;
#[cfg(feature = "onnx")]
use crate::pixels::Filter;
use crate::pixels::{self, Matte, Rect, Rgba8};
use crate::plan::{self, Constant};
use crate::telemetry::{Stopwatch, Timings};

pub use intake::Intake;
use intake::{At, Reducers};
pub use looks::Quality;
use network::Network;
pub use options::SegmentOptions;
pub use round::{Next, Round};

/// A network that is ready, and what it wants and gives.
pub struct Segmenter {
    network: Network,
    /// Looks as well where the finest matte is asked for.
    partner: Option<Network>,
    reason: String,
    /// Those of the last call: its weights serve the next picture of that size.
    reducers: Option<Reducers>,
    streams: Streams<Smooth>,
    /// Comes first, and the executor does what it fails.
    #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
    gpu: Option<Box<on_gpu::OnGpu>>,
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
        let contract = Contract {
            input,
            activation: contract.activation,
            temperature,
            classes: named,
            mirrors: false,
            whole: WHOLE,
        };
        let this = Self::new(executor, reason, contract)?;
        #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
        if wanted == Some(ExecutorKind::Gpu) {
            return Ok(this.with_gpu(onnx::lower(file)?));
        }
        Ok(this)
    }

    fn new(executor: Executor, reason: String, contract: Contract) -> Result<Self> {
        Ok(Self {
            network: Network::new(executor, contract)?,
            partner: None,
            reason,
            reducers: None,
            streams: Streams::default(),
            #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
            gpu: None,
        })
    }

    /// Adds the registry's model `id`, from the bytes of its plan, as a second one that looks where the finest matte
    /// of a subject that it knows is asked for: [`model::Entry::partner`] names one that is worth it.
    ///
    /// # Errors
    /// As [`Segmenter::from_registry`].
    pub fn join(&mut self, id: &str, file: &[u8]) -> Result<()> {
        self.partner = Some(Self::from_registry(id, file)?.network);
        Ok(())
    }

    /// What runs the network; what ran it last, where there is a choice.
    pub fn executor(&self) -> ExecutorKind {
        #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
        if self.gpu_failed() == Some(None) {
            return ExecutorKind::Gpu;
        }
        self.network.executor.kind()
    }

    /// In what it multiplies.
    pub fn arithmetic(&self) -> Arithmetic {
        self.network.executor.arithmetic()
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
        &self.network.contract
    }

    /// Runs a step of the network for nothing, by its number, between two calls: where code is compiled when it first
    /// runs, the next call then finds it compiled. Whether there is such a step.
    pub fn warm_up(&mut self, step: usize) -> bool {
        self.network.executor.try_step(step)
    }

    /// The network's probabilities for `picture`.
    ///
    /// # Errors
    /// `Internal` if what runs the network fails.
    pub fn predict(&mut self, picture: Rgba8<'_>) -> Result<(Prediction, Timings)> {
        #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
        if let Some(done) = self.predict_on_gpu(picture) {
            return Ok(done);
        }
        let mut intake = self.whole(picture);
        intake.all(picture.bytes());
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
        let mut intake = self.whole(picture);
        loop {
            intake.all(picture.bytes());
            let mut round = self.round(intake, options);
            while round.is_due() {
                self.run(&mut round, options)?;
            }
            match self.next(round, options)? {
                Next::Part(another) => intake = another,
                Next::Matte(bands, mut timings) => {
                    let mut watch = Stopwatch::start();
                    let matte = bands.run(picture);
                    timings.post_ms += watch.lap_ms();
                    return Ok((matte, timings));
                }
            }
        }
    }

    /// Refuses options that are out of range or that ask for nothing this network knows.
    ///
    /// # Errors
    /// `InvalidInput` naming the option.
    pub fn check(&self, options: &SegmentOptions) -> Result<()> {
        self.network.contract.check_subject(&options.of)?;
        let share = options.min_island;
        if !(0.0..=1.0).contains(&share) {
            return Err(Error::invalid(format!("minIsland is {share}, want 0 to 1")));
        }
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
        let reducers = self.reducers.take().filter(|reducers| reducers.input.from() == from);
        let reducers = reducers.unwrap_or_else(|| Reducers::new(from, &self.network, None));
        let rect = Rect::whole(from[0], from[1]);
        Ok(Intake {
            size,
            from,
            rect,
            swapped,
            reducers,
            at: At::All,
            before: None,
            timings: Timings::default(),
        })
    }

    /// An intake of all of `picture`, without its rows yet.
    fn whole(&mut self, picture: Rgba8<'_>) -> Intake {
        let size = [picture.width(), picture.height()];
        self.intake(size, size, false).expect("a picture's size is checked")
    }

    /// Runs the network on a whole intake, which is of all of a picture.
    ///
    /// # Errors
    /// As [`Segmenter::predict`].
    pub fn prediction(&mut self, intake: Intake) -> Result<(Prediction, Timings)> {
        let Intake { swapped, mut reducers, mut timings, .. } = intake;
        let mut watch = Stopwatch::start();
        let picture = reducers.input.finish();
        self.reducers = Some(reducers);
        timings.pre_ms += watch.lap_ms();
        self.network.run(&picture, swapped, &mut timings)?;
        let mut watch = Stopwatch::start();
        let Network { executor, contract } = &self.network;
        let data = matte::activate(contract, executor.output(), executor.output_stride());
        let [width, height] = self.network.output();
        let prediction = Prediction { width, height, classes: contract.classes.clone(), data };
        timings.post_ms = watch.lap_ms();
        Ok((prediction, timings))
    }
}
