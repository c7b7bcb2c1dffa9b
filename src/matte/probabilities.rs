//! The network's numbers as probabilities, and the one map of what is wanted.

use crate::cpu::simd::F32x4;
use crate::error::Result;
use crate::model::{Activation, BACKGROUND, Contract, PERSON};

/// The probabilities, `[pixels, classes]`, that a network's output stands for:
/// `activation(temperature * x)`. `output` is `[pixels, stride]`; what lies beyond the classes is
/// not looked at.
///
/// # Panics
/// If `stride` is less than the number of classes, or `output` is not whole pixels.
pub fn activate(contract: &Contract, output: &[f32], stride: usize) -> Vec<f32> {
    let classes = contract.classes.len();
    let mut probabilities = Vec::with_capacity(output.len() / stride * classes);
    each_four(contract, output, stride, |values, kept| {
        for lane in 0..kept {
            probabilities.extend(values.iter().map(|value| value[lane]));
        }
    });
    probabilities
}

/// The map of `of`, `[pixels]`, from a network's output as for [`activate`].
///
/// `person` is everything but the background, where the network has one.
///
/// # Errors
/// `InvalidInput` naming the subjects there are.
///
/// # Panics
/// As [`activate`].
pub fn subject(contract: &Contract, output: &[f32], stride: usize, of: &str) -> Result<Vec<f32>> {
    let index = |name: &str| contract.classes.iter().position(|class| class == name);
    contract.check_subject(of)?;
    let (class, inverse) = match (index(of), index(BACKGROUND)) {
        (None, Some(background)) if of == PERSON => (background, true),
        (Some(class), _) => (class, false),
        (None, _) => unreachable!("subjects() lists classes, and person only beside a background"),
    };
    let mut map = Vec::with_capacity(output.len() / stride);
    if contract.activation == Activation::Softmax {
        each_four(contract, output, stride, |values, kept| map.extend_from_slice(&values[class][..kept]));
    } else {
        // The other classes do not matter, and one that is alone is copied at memory speed.
        match stride {
            1 => map.extend_from_slice(output),
            _ => map.extend(output.chunks_exact(stride).map(|pixel| pixel[class])),
        }
        let (fours, rest) = map.as_chunks_mut::<4>();
        let mut last = [0.0; 4];
        last[..rest.len()].copy_from_slice(rest);
        for four in fours.iter_mut().chain([&mut last]) {
            alone(contract, F32x4::load(four)).store(four);
        }
        rest.copy_from_slice(&last[..rest.len()]);
    }
    if inverse {
        map.iter_mut().for_each(|value| *value = 1.0 - *value);
    }
    Ok(map)
}

/// The probability of a class that does not depend on the others.
#[inline(always)]
fn alone(contract: &Contract, x: F32x4) -> F32x4 {
    let c = F32x4::splat;
    let x = x.mul(c(contract.temperature));
    match contract.activation {
        Activation::Sigmoid => x.sigmoid(),
        Activation::None | Activation::Softmax => x.min(c(1.0)).max(c(0.0)),
    }
}

/// Gives the probabilities of four pixels at a time, a row per class, and how many of them there are.
fn each_four(contract: &Contract, output: &[f32], stride: usize, mut give: impl FnMut(&[[f32; 4]], usize)) {
    let classes = contract.classes.len();
    assert!(stride >= classes && output.len().is_multiple_of(stride), "whole pixels of {classes} classes");
    let c = F32x4::splat;
    let factor = c(contract.temperature);
    let mut values = vec![[0.0; 4]; classes];
    for four in output.chunks(4 * stride) {
        let kept = four.len() / stride;
        for (lane, pixel) in four.chunks_exact(stride).enumerate() {
            values.iter_mut().zip(pixel).for_each(|(value, &x)| value[lane] = x);
        }
        match contract.activation {
            Activation::None | Activation::Sigmoid => each(&mut values, |x| alone(contract, x)),
            Activation::Softmax => {
                // The largest exponent is 0, so nothing overflows.
                let top = values.iter().map(F32x4::load).reduce(F32x4::max).expect("a class");
                each(&mut values, |x| x.sub(top).mul(factor).exp());
                let sum = values.iter().map(F32x4::load).reduce(F32x4::add).expect("a class");
                each(&mut values, |x| x.div(sum));
            }
        }
        give(&values, kept);
    }
}

fn each(values: &mut [[f32; 4]], f: impl Fn(F32x4) -> F32x4) {
    values.iter_mut().for_each(|value| f(F32x4::load(value)).store(value));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::registry;

    fn contract(id: &str) -> Contract {
        registry().get(id).unwrap().contract()
    }

    #[test]
    fn matches_reference_whatever_the_stride() {
        for (activation, temperature) in
            [(Activation::None, 1.5), (Activation::Sigmoid, 0.5), (Activation::Softmax, 2.0)]
        {
            let contract = Contract { activation, temperature, ..contract("multiclass") };
            for (pixels, stride) in [(1, 6), (4, 8), (7, 8), (10, 6)] {
                let output: Vec<f32> =
                    (0..pixels * stride).map(|i| ((i * 37 % 101) as f32 - 50.0) / 25.0).collect();
                let got = activate(&contract, &output, stride);
                assert_eq!(got.len(), pixels * 6);
                for (pixel, got) in output.chunks(stride).zip(got.chunks(6)) {
                    let x: Vec<f32> = pixel[..6].iter().map(|x| x * temperature).collect();
                    let sum: f32 = x.iter().map(|x| x.exp()).sum();
                    for (&x, got) in x.iter().zip(got) {
                        let want = match activation {
                            Activation::None => x.clamp(0.0, 1.0),
                            Activation::Sigmoid => 1.0 / (1.0 + (-x).exp()),
                            Activation::Softmax => x.exp() / sum,
                        };
                        assert!((got - want).abs() < 1e-6, "{activation:?}: got {got}, want {want}");
                    }
                }
            }
        }
    }

    #[test]
    fn softmax_sums_to_one_even_for_huge_logits() {
        let output = [900.0, -900.0, 0.0, 1.0, 2.0, 3.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6];
        let probabilities = activate(&contract("multiclass"), &output, 6);
        for pixel in probabilities.chunks(6) {
            assert!((pixel.iter().sum::<f32>() - 1.0).abs() < 1e-5, "{pixel:?}");
        }
        assert!(probabilities[0] > 0.999);
    }

    #[test]
    fn person_is_all_but_background() {
        let contract = Contract { activation: Activation::None, temperature: 1.0, ..contract("multiclass") };
        let probabilities = [0.25, 0.5, 0.05, 0.05, 0.1, 0.05, 9.0, 9.0];
        assert_eq!(subject(&contract, &probabilities, 8, "person").unwrap(), [0.75]);
        assert_eq!(subject(&contract, &probabilities, 8, "hair").unwrap(), [0.5]);
        let error = subject(&contract, &probabilities, 8, "hat").unwrap_err();
        assert!(error.to_string().contains("\"hat\"") && error.to_string().contains("hair"), "{error}");
        let error = subject(&contract, &probabilities, 8, "background").unwrap_err();
        assert_eq!(error.kind(), crate::error::ErrorKind::InvalidInput);
    }

    #[test]
    fn a_lone_person_channel_is_the_person() {
        let contract = contract("selfie");
        assert_eq!(subject(&contract, &[0.2, 7.0, 0.9, 7.0], 2, "person").unwrap(), [0.2, 0.9]);
        assert!(subject(&contract, &[0.2, 0.9], 1, "hair").is_err());
    }
}
