//! Picture -> matte: the whole run.
//!
//! The picture is stretched to the network's input, the network gives probabilities, and the
//! matte stage lays them over the picture at its own size.

use serde::Deserialize;

use crate::error::{Error, ErrorKind, Result};
use crate::matte::{self, Map, Morphology};
use crate::model::{self, Activation, Contract, Input};
use crate::onnx::{self, Network};
use crate::pixels::{self, Filter, Matte, Rgba8};
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
        self.infer(picture).map(|(prediction, _, timings)| (prediction, timings))
    }

    /// The matte of `picture`, at its size.
    ///
    /// # Errors
    /// `InvalidInput` if an option is out of range or `of` is nothing this network knows.
    pub fn segment(&self, picture: Rgba8<'_>, options: &SegmentOptions) -> Result<(Matte, Timings)> {
        // Bad options are refused before any work is done.
        self.contract.check_subject(&options.of)?;
        let radius = match options.feather {
            Some(radius) => radius,
            None => matte::feather_radius(options.intensity)?,
        };
        matte::check_feather(radius)?;
        options.morphology.map_or(Ok(()), matte::check_morphology)?;

        let (prediction, guide, mut timings) = self.infer(picture)?;
        let mut watch = Stopwatch::start();
        let probability = matte::subject(&self.contract, &prediction.data, &options.of)?;
        let (width, height) = (prediction.width, prediction.height);
        // A network may give a map of another size than it takes.
        let guide = if guide.len() == width * height * 4 {
            guide
        } else {
            pixels::to_size(picture, width, height, self.contract.input.filter)?
        };
        let mut matte =
            matte::upsample(Map { width, height, probability: &probability, guide: &guide }, picture);
        if let Some(how) = options.morphology {
            matte::morphology(&mut matte, how)?;
        }
        matte::feather(&mut matte, radius)?;
        timings.post_ms += watch.lap_ms();
        Ok((matte, timings))
    }

    /// Runs the network; also returns the picture at the input's size, `[height, width, 4]`.
    fn infer(&self, picture: Rgba8<'_>) -> Result<(Prediction, Vec<u8>, Timings)> {
        let mut watch = Stopwatch::start();
        let Input { width, height, range: [black, white], filter, .. } = self.contract.input;
        let guide = pixels::to_size(picture, width, height, filter)?;
        let scale = (white - black) / 255.0;
        let input: Vec<f32> = guide
            .as_chunks::<4>()
            .0
            .iter()
            .flat_map(|&[red, green, blue, _]| [red, green, blue].map(|v| f32::from(v) * scale + black))
            .collect();
        let pre_ms = watch.lap_ms();
        let mut data = self.network.run(&input)?;
        let infer_ms = watch.lap_ms();
        matte::activate(&self.contract, &mut data);
        let onnx::Signature { out_h, out_w, .. } = self.network.signature();
        let prediction =
            Prediction { width: out_w, height: out_h, classes: self.contract.classes.clone(), data };
        Ok((prediction, guide, Timings { pre_ms, infer_ms, post_ms: watch.lap_ms() }))
    }
}
