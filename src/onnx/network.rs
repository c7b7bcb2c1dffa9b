//! An ONNX segmentation network, run by tract.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;

use crate::error::{Error, ErrorKind, Result};
use crate::model::Layout;

/// Shapes of a network's one input and one output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Order of the axes, of input and output alike.
    pub layout: Layout,
    /// Rows of the input.
    pub in_h: usize,
    /// Columns of the input.
    pub in_w: usize,
    /// Rows of the output.
    pub out_h: usize,
    /// Columns of the output.
    pub out_w: usize,
    /// Channels of the output.
    pub classes: usize,
}

/// A network that is ready to run; the weights are its own copy.
pub struct Network {
    plan: Arc<TypedRunnableModel>,
    signature: Signature,
}

/// An error of tract's as ours, all its causes in one line.
pub(super) fn unsupported(doing: &str, error: &TractError) -> Error {
    Error::new(ErrorKind::UnsupportedModel, format!("{doing}: {error:#}"))
}

/// Parses the bytes of an ONNX file. Weights in other files are refused: no path is given to find them.
pub(super) fn parse(file: &[u8]) -> Result<InferenceModel> {
    if file.is_empty() {
        return Err(Error::new(ErrorKind::UnsupportedModel, "ONNX file is empty"));
    }
    tract_onnx::onnx()
        .model_for_read(&mut &*file)
        .map_err(|error| unsupported("cannot parse the ONNX file", &error))
}

/// The same for pictures of `size`, rows and columns, if the file leaves its input's sizes open.
pub(super) fn parse_at(file: &[u8], size: Option<[usize; 2]>) -> Result<InferenceModel> {
    let mut model = parse(file)?;
    let Some([height, width]) = size else { return Ok(model) };
    let failed = |error: TractError| unsupported("cannot set the input's size", &error);
    let first = model.input_fact(0).map_err(failed)?.shape.dim(1).and_then(|dim| dim.concretize());
    let sizes = match first {
        Some(channels) if channels == 3.to_dim() => [1, 3, height, width],
        _ => [1, height, width, 3],
    };
    model.set_input_fact(0, f32::fact(sizes).into()).map_err(failed)?;
    // What the file says of its output is in terms of sizes that are no longer open.
    let outputs = model.outputs.clone();
    for outlet in outputs {
        model.set_outlet_fact(outlet, InferenceFact::default()).map_err(failed)?;
    }
    Ok(model)
}

/// Does `work`, in which some broken files make tract panic: natively that is an error as any other, in WebAssembly
/// it ends the instance.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    std::panic::catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text =
            text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("for no reason that it gave");
        Err(Error::new(ErrorKind::UnsupportedModel, format!("the ONNX file stopped its reader: {text}")))
    })
}

impl Network {
    /// Parses and optimises the bytes of an ONNX file.
    ///
    /// # Errors
    /// `UnsupportedModel` if they are no ONNX, hold an operator that is not known, or are
    /// no network from one picture to one map.
    pub fn load(file: &[u8]) -> Result<Self> {
        Self::load_at(file, None)
    }

    /// The same for pictures of `size`, rows and columns, where the file leaves them open.
    pub fn load_at(file: &[u8], size: Option<[usize; 2]>) -> Result<Self> {
        guarded(|| {
            let model = parse_at(file, size)?
                .into_optimized()
                .map_err(|error| unsupported("cannot prepare the network", &error))?;
            let signature = signature_of(&model)?;
            let plan = model
                .into_runnable()
                .map_err(|error| unsupported("cannot order the network's steps", &error))?;
            Ok(Self { plan, signature })
        })
    }

    /// What it takes and gives.
    pub fn signature(&self) -> Signature {
        self.signature
    }

    /// Runs on `picture`, `[in_h, in_w, 3]`, and returns `[out_h, out_w, classes]`, whatever
    /// the network's own layout.
    ///
    /// # Panics
    /// If `picture` is not of that size.
    pub fn run(&self, picture: &[f32]) -> Result<Vec<f32>> {
        let Signature { layout, in_h, in_w, out_h, out_w, classes } = self.signature;
        assert_eq!(picture.len(), in_h * in_w * 3, "picture is of the signature's size");
        let failed =
            |error: TractError| Error::new(ErrorKind::Internal, format!("the network failed: {error:#}"));
        let input = match layout {
            Layout::Nhwc => Tensor::from_shape(&[1, in_h, in_w, 3], picture),
            Layout::Nchw => Tensor::from_shape(&[1, 3, in_h, in_w], &transpose(picture, in_h * in_w, 3)),
        };
        let outputs = self.plan.run(tvec!(input.map_err(failed)?.into())).map_err(failed)?;
        let view = outputs[0].try_as_plain_ram().map_err(failed)?;
        let output: &[f32] = view.as_slice().map_err(failed)?;
        Ok(match layout {
            Layout::Nhwc => output.to_vec(),
            Layout::Nchw => transpose(output, classes, out_h * out_w),
        })
    }
}

/// `[rows, columns]` to `[columns, rows]`.
fn transpose(values: &[f32], rows: usize, columns: usize) -> Vec<f32> {
    (0..rows * columns).map(|i| values[i % rows * columns + i / rows]).collect()
}

/// Checks that `model` is one picture in, one map out, and reads the sizes.
pub(super) fn signature_of(model: &TypedModel) -> Result<Signature> {
    let wrong = |what: String| {
        Error::new(
            ErrorKind::UnsupportedModel,
            format!("{what}, want one [1, h, w, 3] or [1, 3, h, w] input and one map of as many axes"),
        )
    };
    let (inputs, outputs) = (model.inputs.len(), model.outputs.len());
    if inputs != 1 || outputs != 1 {
        return Err(wrong(format!("network has {inputs} inputs and {outputs} outputs")));
    }
    let shape = |outlet: OutletId| -> Result<Vec<usize>> {
        let fact = model.outlet_fact(outlet).map_err(|error| unsupported("cannot read a shape", &error))?;
        if fact.datum_type != f32::datum_type() {
            return Err(wrong(format!("network has a {:?} tensor at its end", fact.datum_type)));
        }
        match fact.shape.as_concrete() {
            Some(sizes) => Ok(sizes.to_vec()),
            None => Err(wrong(format!("network has the open shape {:?}", fact.shape))),
        }
    };
    let (input, output) = (shape(model.inputs[0])?, shape(model.outputs[0])?);
    let signature = match (&input[..], &output[..]) {
        (&[1, in_h, in_w, 3], &[1, out_h, out_w, classes]) => {
            Signature { layout: Layout::Nhwc, in_h, in_w, out_h, out_w, classes }
        }
        (&[1, 3, in_h, in_w], &[1, classes, out_h, out_w]) => {
            Signature { layout: Layout::Nchw, in_h, in_w, out_h, out_w, classes }
        }
        _ => return Err(wrong(format!("network maps {input:?} to {output:?}"))),
    };
    // The matte's filter takes windows on both, so a map of a few pixels is of no use.
    if signature.in_h.min(signature.in_w).min(signature.out_h).min(signature.out_w) < 8
        || signature.classes == 0
    {
        return Err(wrong(format!("network maps {input:?} to {output:?} with a side below 8")));
    }
    Ok(signature)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_twice_is_the_identity() {
        let values: Vec<f32> = (0..6).map(|i| i as f32).collect();
        assert_eq!(transpose(&values, 2, 3), [0.0, 3.0, 1.0, 4.0, 2.0, 5.0]);
        assert_eq!(transpose(&transpose(&values, 2, 3), 3, 2), values);
    }

    #[test]
    fn no_onnx_is_an_error() {
        for bytes in [&b""[..], b"text", &[0xff; 64]] {
            let error = Network::load(bytes).err().expect("no network");
            assert_eq!(error.kind(), ErrorKind::UnsupportedModel);
        }
    }
}
