//! The network's numbers as probabilities, and the one map of what is wanted.

use crate::error::Result;
use crate::model::{Activation, BACKGROUND, Contract, PERSON};

/// Turns `output`, `[pixels, classes]`, into probabilities in place: `activation(temperature * x)`.
pub fn activate(contract: &Contract, output: &mut [f32]) {
    let factor = contract.temperature;
    match contract.activation {
        Activation::None => output.iter_mut().for_each(|x| *x = (*x * factor).clamp(0.0, 1.0)),
        Activation::Sigmoid => output.iter_mut().for_each(|x| *x = 1.0 / (1.0 + (-*x * factor).exp())),
        Activation::Softmax => {
            for pixel in output.chunks_exact_mut(contract.classes.len()) {
                // The largest exponent is 0, so nothing overflows.
                let top = pixel.iter().copied().fold(f32::NEG_INFINITY, f32::max);
                pixel.iter_mut().for_each(|x| *x = ((*x - top) * factor).exp());
                let sum: f32 = pixel.iter().sum();
                pixel.iter_mut().for_each(|x| *x /= sum);
            }
        }
    }
}

/// The map of `of` from `probabilities`, `[pixels, classes]`.
///
/// `person` is everything but the background, where the network has one.
///
/// # Errors
/// `InvalidInput` naming the subjects there are.
pub fn subject(contract: &Contract, probabilities: &[f32], of: &str) -> Result<Vec<f32>> {
    let classes = &contract.classes;
    let index = |name: &str| classes.iter().position(|class| class == name);
    contract.check_subject(of)?;
    let pixels = probabilities.chunks_exact(classes.len());
    Ok(match (index(of), index(BACKGROUND)) {
        (None, Some(background)) if of == PERSON => pixels.map(|pixel| 1.0 - pixel[background]).collect(),
        (Some(class), _) => pixels.map(|pixel| pixel[class]).collect(),
        (None, _) => unreachable!("subjects() lists classes, and person only beside a background"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry;

    #[test]
    fn softmax_sums_to_one_even_for_huge_logits() {
        let contract = registry().get("multiclass").unwrap().contract();
        let mut output = vec![900.0, -900.0, 0.0, 1.0, 2.0, 3.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
        activate(&contract, &mut output);
        for pixel in output.chunks(6) {
            assert!((pixel.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{pixel:?}");
        }
        assert!(output[0] > 0.999);
    }

    #[test]
    fn person_is_all_but_background() {
        let contract = registry().get("multiclass").unwrap().contract();
        let probabilities = [0.25, 0.5, 0.05, 0.05, 0.1, 0.05];
        assert_eq!(subject(&contract, &probabilities, "person").unwrap(), [0.75]);
        assert_eq!(subject(&contract, &probabilities, "hair").unwrap(), [0.5]);
        let error = subject(&contract, &probabilities, "hat").unwrap_err();
        assert!(error.to_string().contains("\"hat\"") && error.to_string().contains("hair"), "{error}");
        let error = subject(&contract, &probabilities, "background").unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_lone_person_channel_is_the_person() {
        let contract = registry().get("selfie").unwrap().contract();
        assert_eq!(subject(&contract, &[0.2, 0.9], "person").unwrap(), [0.2, 0.9]);
        assert!(subject(&contract, &[0.2, 0.9], "hair").is_err());
    }
}
