//! Picture -> matte: the whole run.
//!
//! The picture is stretched to the network's input, the network gives probabilities, and the
//! matte stage lays them over the picture at its own size.

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::matte::{self, Bands, Finish, Map, Morphology};
use crate::model::{self, Activation, Contract, Input};
use crate::onnx::{self, Network};
use crate::pixels::{self, Filter, Matte, Reducer, Rgba8};
use crate::telemetry::{Stopwatch, Timings};

/// A network that is ready, and what it wants and gives.
pub struct Segmenter {
    network: Network,
    contract: Contract,
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
}

impl Default for SegmentOptions {
    fn default() -> Self {
        Self { of: "person".to_owned(), intensity: 0.0, feather: None, morphology: None }
    }
}

/// What a network that is not in the registry wants and gives; its sizes are read from its file.
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
    /// The registry's model `id` from its file's bytes.
    ///
    /// # Errors
    /// `InvalidInput` for an unknown id, `ChecksumMismatch` if the bytes are another file's.
    pub fn from_registry(id: &str, file: &[u8]) -> Result<Self> {
        let entry = model::registry().get(id)?;
        entry.verify(file)?;
        Self::new(Network::load(file)?, entry.contract())
    }

    /// Any ONNX segmentation network: one picture in, one map out.
    ///
    /// # Errors
    /// `UnsupportedModel` if it is no such network, `InvalidInput` if `contract` does not fit it.
    pub fn from_onnx(file: &[u8], contract: CustomContract) -> Result<Self> {
        let network = Network::load(file)?;
        let signature = network.signature();
        let named = match (contract.classes, signature.classes) {
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
            width: signature.in_w,
            height: signature.in_h,
            layout: signature.layout,
            range: contract.range.unwrap_or([0.0, 1.0]),
            filter: Filter::default(),
        };
        let temperature = contract.temperature.unwrap_or(1.0);
        Self::new(network, Contract { input, activation: contract.activation, temperature, classes: named })
    }

    fn new(network: Network, contract: Contract) -> Result<Self> {
        contract.check()?;
        let signature = network.signature();
        if !signature.takes(&contract.input) {
            return Err(Error::new(
                ErrorKind::UnsupportedModel,
                format!("network has {signature:?}, want the input {:?}", contract.input),
            ));
        }
        if contract.classes.len() != signature.classes {
            return Err(Error::invalid(format!(
                "contract names {} classes, want the network's {}",
                contract.classes.len(),
                signature.classes
            )));
        }
        Ok(Self { network, contract })
    }

    /// What the network wants and gives.
    pub fn contract(&self) -> &Contract {
        &self.contract
    }

    /// The network's probabilities for `picture`.
    pub fn predict(&self, picture: Rgba8<'_>) -> Result<(Prediction, Timings)> {
        self.prediction(self.take(picture))
    }

    /// The matte of `picture`, at its size.
    ///
    /// # Errors
    /// `InvalidInput` if an option is out of range or `of` is nothing this network knows.
    pub fn segment(&self, picture: Rgba8<'_>, options: &SegmentOptions) -> Result<(Matte, Timings)> {
        // Bad options are refused before any work is done.
        self.check(options)?;
        let (bands, mut timings) = self.bands(self.take(picture), options)?;
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

    /// Begins a run on a picture of `width` x `height` that comes in rows, each pixel as red, green,
    /// blue, alpha, or as blue, green, red, alpha if `swapped`.
    ///
    /// # Errors
    /// As [`pixels::check_size`].
    pub fn intake(&self, width: usize, height: usize, swapped: bool) -> Result<Intake> {
        pixels::check_size(width, height, pixels::MAX_PIXELS)?;
        let Input { width: in_w, height: in_h, filter, .. } = self.contract.input;
        let onnx::Signature { out_w, out_h, .. } = self.network.signature();
        let reducer = |to| Reducer::new([width, height], to, filter);
        // A network may give a map of another size than it takes.
        let guide = ([out_w, out_h] != [in_w, in_h]).then(|| reducer([out_w, out_h]));
        Ok(Intake { size: [width, height], swapped, input: reducer([in_w, in_h]), guide, pre_ms: 0.0 })
    }

    /// Runs the network on a whole intake; the matte comes from the picture's rows once more.
    ///
    /// # Errors
    /// As [`Segmenter::segment`].
    pub fn bands(&self, intake: Intake, options: &SegmentOptions) -> Result<(Bands, Timings)> {
        let finish = options.finish()?;
        let ([width, height], swapped) = (intake.size, intake.swapped);
        let Output { data, stride, guide, mut timings } = self.run(intake)?;
        let mut watch = Stopwatch::start();
        let probability = matte::subject(&self.contract, &data, stride, &options.of)?;
        let onnx::Signature { out_w, out_h, .. } = self.network.signature();
        let map = Map { width: out_w, height: out_h, probability: &probability, guide: &guide };
        let bands = Bands::new(map, width, height, swapped, finish)?;
        timings.post_ms = watch.lap_ms();
        Ok((bands, timings))
    }

    /// Runs the network on a whole intake.
    pub fn prediction(&self, intake: Intake) -> Result<(Prediction, Timings)> {
        let Output { data, stride, mut timings, .. } = self.run(intake)?;
        let mut watch = Stopwatch::start();
        let data = matte::activate(&self.contract, &data, stride);
        let onnx::Signature { out_w, out_h, .. } = self.network.signature();
        let prediction =
            Prediction { width: out_w, height: out_h, classes: self.contract.classes.clone(), data };
        timings.post_ms = watch.lap_ms();
        Ok((prediction, timings))
    }

    fn take(&self, picture: Rgba8<'_>) -> Intake {
        let mut intake =
            self.intake(picture.width(), picture.height(), false).expect("a picture's size is checked");
        intake.rows(picture.bytes());
        intake
    }

    fn run(&self, intake: Intake) -> Result<Output> {
        let mut watch = Stopwatch::start();
        let Intake { swapped, input, guide, pre_ms, .. } = intake;
        let finish = |reducer: Reducer| {
            let mut bytes = reducer.finish();
            if swapped {
                bytes.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel.swap(0, 2));
            }
            bytes
        };
        let picture = finish(input);
        let mut input = vec![0.0; picture.len()];
        pixels::to_input(&picture, self.contract.input.range, &mut input);
        // tract takes no padding.
        let input: Vec<f32> = input.as_chunks::<4>().0.iter().flat_map(|&[r, g, b, _]| [r, g, b]).collect();
        let guide = guide.map_or(picture, finish);
        let pre_ms = pre_ms + watch.lap_ms();
        let data = self.network.run(&input)?;
        let timings = Timings { pre_ms, infer_ms: watch.lap_ms(), post_ms: 0.0 };
        Ok(Output { data, stride: self.contract.classes.len(), guide, timings })
    }
}

impl SegmentOptions {
    /// What they say of edges.
    fn finish(&self) -> Result<Finish> {
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
    input: Reducer,
    guide: Option<Reducer>,
    pre_ms: f64,
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
        self.input.rows(bytes);
        if let Some(guide) = &mut self.guide {
            guide.rows(bytes);
        }
        self.pre_ms += watch.lap_ms();
    }
}

/// What the network gave, and the picture at that size.
struct Output {
    /// `[out_h, out_w, stride]`.
    data: Vec<f32>,
    stride: usize,
    /// `[out_h, out_w, 4]`.
    guide: Vec<u8>,
    timings: Timings,
}
