//! `featheredge cut`: pictures in, mattes or what is made of them out.

use std::io::Cursor;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::ValueEnum;
use featheredge::error::{Error, ErrorKind, Result};
use featheredge::matte::{FEATHER_MAX, MORPHOLOGY_MAX, Morphology, Operation};
use featheredge::model::registry;
use featheredge::telemetry::Timings;
use featheredge::{CustomContract, ExecutorKind, Quality, SegmentOptions, Segmenter, pixels};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::batch::{Job, jobs};
use crate::effect::{EffectArgs, Look};
use crate::{models, output};

#[derive(clap::Args)]
pub(crate) struct Args {
    /// Pictures, or folders of pictures
    #[arg(required = true, value_name = "PHOTO")]
    photos: Vec<PathBuf>,
    /// Where the results go; made if missing
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// A model that ships, or an ONNX file [default: selfie, or multiclass if --of is a part or --quality is fine]
    #[arg(long, value_name = "NAME|FILE.onnx")]
    model: Option<String>,
    /// JSON file that says what an ONNX file wants and gives: range, activation, temperature, classes
    #[arg(long, value_name = "FILE.json")]
    contract: Option<PathBuf>,
    /// What to cut out: person, hair, body-skin, face-skin, clothes, others [default: person, or hair with --color]
    #[arg(long)]
    of: Option<String>,
    /// Strength of the effect the matte is for, 0 to 1: a feather of 3 to 7 pixels, and how much of --color
    /// [default: 0, or 1 with --color]
    #[arg(long, value_name = "0..1", value_parser = intensity)]
    intensity: Option<f32>,
    /// The feather's radius itself, in pixels of the picture
    #[arg(long, value_name = "PX", value_parser = feather)]
    feather: Option<f32>,
    /// Clean the matte first, e.g. open:2 (open, close, erode or dilate, and a radius in pixels)
    #[arg(long, value_name = "OP:PX", value_parser = morphology)]
    morphology: Option<Morphology>,
    /// Remove islands, pieces of the subject that touch no other, below this share of the largest one
    #[arg(long, value_name = "0..1", value_parser = intensity, default_value_t = 0.0)]
    min_island: f32,
    /// Looks of the network: one; another at the subject; that also by a second network, at the head (for hair), or at
    /// the mirror image
    #[arg(long, value_enum, default_value_t = QualityName::Balanced)]
    quality: QualityName,
    #[command(flatten)]
    effect: EffectArgs,
    /// What runs the network [default: cpu, or tract for an ONNX file that it cannot run]; what gpu fails,
    /// cpu does
    #[arg(long, value_enum)]
    executor: Option<Executor>,
    /// Print one JSON object per picture
    #[arg(long)]
    json: bool,
}

impl Args {
    /// What is read beside the pictures.
    fn others(&self) -> Vec<&Path> {
        let model = self.model.as_deref().map(Path::new);
        [model, self.contract.as_deref(), self.effect.picture()].into_iter().flatten().collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum QualityName {
    Fast,
    Balanced,
    Fine,
}

#[derive(Clone, Copy, ValueEnum)]
enum Executor {
    /// This program's own kernels, on one core
    Cpu,
    /// The tract library, on one core
    Tract,
    /// The system's GPU, by Vulkan, Metal or Direct3D 12
    #[cfg(feature = "gpu")]
    Gpu,
}

pub(crate) fn number(text: &str, top: f32) -> std::result::Result<f32, String> {
    let wanted = || format!("want a number from 0 to {top}");
    let value: f32 = text.parse().map_err(|_| wanted())?;
    if (0.0..=top).contains(&value) { Ok(value) } else { Err(wanted()) }
}

pub(crate) fn intensity(text: &str) -> std::result::Result<f32, String> {
    number(text, 1.0)
}

fn feather(text: &str) -> std::result::Result<f32, String> {
    number(text, FEATHER_MAX)
}

fn morphology(text: &str) -> std::result::Result<Morphology, String> {
    let wanted = || format!("want open, close, erode or dilate, a colon, and 1 to {MORPHOLOGY_MAX}");
    let (name, radius) = text.split_once(':').ok_or_else(wanted)?;
    let operation = match name {
        "open" => Operation::Open,
        "close" => Operation::Close,
        "erode" => Operation::Erode,
        "dilate" => Operation::Dilate,
        _ => return Err(wanted()),
    };
    match radius.parse() {
        Ok(radius) if (1..=MORPHOLOGY_MAX).contains(&radius) => Ok(Morphology { operation, radius }),
        _ => Err(wanted()),
    }
}

/// What became of one picture.
struct Done {
    width: usize,
    height: usize,
    coverage: f64,
    timings: Timings,
}

pub(crate) fn run(args: &Args) -> ExitCode {
    let recolors = args.effect.color.is_some();
    let of = args.of.as_deref().unwrap_or(if recolors { "hair" } else { "person" });
    let intensity = args.intensity.unwrap_or(if recolors { 1.0 } else { 0.0 });
    let look = match args.effect.look(intensity) {
        // Of the matte alone they are two ways to say the same.
        Ok(_) if args.feather.is_some() && args.intensity.is_some() && !recolors => {
            Err(Error::invalid("--feather and --intensity are both given, want one of them"))
        }
        look => look,
    };
    let look = match look {
        Ok(look) => look,
        Err(error) => {
            report(args, "cut", &error);
            return ExitCode::from(if error.kind() == ErrorKind::InvalidInput { 2 } else { 1 });
        }
    };
    let (name, mut segmenter) = match load(args, of) {
        Ok(loaded) => loaded,
        Err(error) => {
            report(args, args.model.as_deref().unwrap_or("model"), &error);
            // A wrong name or contract is bad usage; a file that is missing or broken is bad input.
            return ExitCode::from(if error.kind() == ErrorKind::InvalidInput { 2 } else { 1 });
        }
    };
    // Asking a network for what it does not know is bad usage, whatever the pictures are.
    if let Err(error) = segmenter.contract().check_subject(of) {
        report(args, &name, &error);
        return ExitCode::from(2);
    }
    if let Err(error) = std::fs::create_dir_all(&args.out) {
        report(
            args,
            &args.out.to_string_lossy(),
            &Error::new(ErrorKind::Fetch, format!("cannot make the folder: {error}")),
        );
        return ExitCode::from(1);
    }

    let quality = match args.quality {
        QualityName::Fast => Quality::Fast,
        QualityName::Balanced => Quality::Balanced,
        QualityName::Fine => Quality::Fine,
    };
    let options = SegmentOptions {
        of: of.to_owned(),
        intensity,
        feather: args.feather,
        morphology: args.morphology,
        min_island: args.min_island,
        quality,
        stream: None,
    };
    let jobs = jobs(&args.photos, &args.others(), &args.out);
    // Drawn on a terminal only; a single picture needs no bar.
    let bar = if jobs.len() > 1 { ProgressBar::new(jobs.len() as u64) } else { ProgressBar::hidden() };
    bar.set_style(
        ProgressStyle::with_template("{wide_bar} {pos}/{len} {msg} {eta}").expect("a valid template"),
    );
    let mut failed = false;
    for (path, job) in jobs {
        bar.set_message(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
        let outcome = job.and_then(|job| cut(&mut segmenter, &options, &look, &job).map(|done| (job, done)));
        bar.suspend(|| match &outcome {
            Ok((job, done)) => announce(args, [&name, of], &segmenter, job, done),
            Err(error) => report(args, &path.to_string_lossy(), error),
        });
        failed |= outcome.is_err();
        bar.inc(1);
    }
    bar.finish_and_clear();
    if failed { ExitCode::from(1) } else { ExitCode::SUCCESS }
}

/// The segmenter that the arguments name, and its name.
fn load(args: &Args, of: &str) -> Result<(String, Segmenter)> {
    let read = |path: &Path| {
        std::fs::read(path)
            .map_err(|error| Error::new(ErrorKind::Fetch, format!("cannot read {}: {error}", path.display())))
    };
    let fine = args.quality == QualityName::Fine;
    let fallback = if of == "person" && !fine { "selfie" } else { "multiclass" };
    let name = args.model.clone().unwrap_or_else(|| fallback.to_owned());
    let is_file = name.ends_with(".onnx");
    if args.contract.is_some() && !is_file {
        return Err(Error::invalid(format!("--contract goes with an ONNX file, but the model is {name:?}")));
    }
    let mut segmenter = if is_file {
        let contract = match &args.contract {
            Some(path) => serde_json::from_slice(&read(path)?)
                .map_err(|error| Error::invalid(format!("{}: {error}", path.display())))?,
            None => CustomContract::default(),
        };
        let executor = args.executor.map(|executor| match executor {
            Executor::Cpu => ExecutorKind::Cpu,
            Executor::Tract => ExecutorKind::Tract,
            #[cfg(feature = "gpu")]
            Executor::Gpu => ExecutorKind::Gpu,
        });
        Segmenter::from_onnx(&read(Path::new(&name))?, contract, executor)?
    } else {
        let entry = registry().get(&name)?;
        match args.executor {
            None | Some(Executor::Cpu) => Segmenter::from_registry(&name, models::plan(entry)?)?,
            Some(Executor::Tract) => Segmenter::from_registry_onnx(&name, models::onnx(entry)?)?,
            #[cfg(feature = "gpu")]
            Some(Executor::Gpu) => Segmenter::from_registry_gpu(&name, models::plan(entry)?)?,
        }
    };
    if let (false, true) = (is_file, fine)
        && let Some(partner) = &registry().get(&name)?.partner
    {
        segmenter.join(partner, models::plan(registry().get(partner)?)?)?;
    }
    Ok((name, segmenter))
}

fn cut(segmenter: &mut Segmenter, options: &SegmentOptions, look: &Look, job: &Job) -> Result<Done> {
    let file = std::fs::read(&job.picture)
        .map_err(|error| Error::new(ErrorKind::Fetch, format!("cannot read: {error}")))?;
    let decoded = pixels::decode(&file)?;
    let picture = decoded.view()?;
    let (matte, timings) = segmenter.segment(picture, options)?;
    let done = Done { width: matte.width, height: matte.height, coverage: matte.coverage(), timings };
    let (bytes, colour) = look.paint(picture, matte)?;
    let mut png = Cursor::new(Vec::new());
    let [width, height] = [done.width, done.height].map(|side| side as u32);
    image::write_buffer_with_format(&mut png, &bytes, width, height, colour, image::ImageFormat::Png)
        .map_err(|error| Error::new(ErrorKind::Internal, format!("cannot make a PNG: {error}")))?;
    output::write(&job.output, png.get_ref())?;
    Ok(done)
}

fn announce(args: &Args, [model, of]: [&str; 2], segmenter: &Segmenter, job: &Job, done: &Done) {
    let (picture, output) = (job.picture.display(), job.output.display());
    let &Done { width, height, coverage, timings } = done;
    let (executor, reason) = (segmenter.executor().name(), segmenter.reason());
    #[cfg(feature = "gpu")]
    let adapter = json!(segmenter.adapter());
    #[cfg(not(feature = "gpu"))]
    let adapter = serde_json::Value::Null;
    #[cfg(feature = "gpu")]
    if matches!(args.executor, Some(Executor::Gpu)) && segmenter.executor() != ExecutorKind::Gpu {
        eprintln!("featheredge: {picture}: done by {executor}, because {reason}");
    }
    if args.json {
        let line = json!({
            "picture": picture.to_string(), "output": output.to_string(), "model": model, "of": of,
            "width": width, "height": height, "coverage": coverage, "timings": timings,
            "executor": executor, "adapter": adapter, "reason": reason,
        });
        say!("{line}");
    } else {
        say!(
            "{picture} -> {output}  {width}x{height}  {:.0} %  network {:.0} ms",
            coverage * 100.0,
            timings.infer_ms
        );
    }
}

fn report(args: &Args, subject: &str, error: &Error) {
    let code = error.kind().code();
    if args.json {
        say!("{}", json!({ "picture": subject, "error": { "code": code, "message": error.to_string() } }));
    }
    eprintln!("featheredge: {subject}: {error} [{code}]");
}
