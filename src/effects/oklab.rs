//! OKLab: lightness, and two axes of colour, as they look to people. B. Ottosson, "A perceptual color space for
//! image processing", 2020, <https://bottosson.github.io/posts/oklab/>.

/// Lightness 0 to 1, green to red, blue to yellow.
pub(super) type Lab = [f32; 3];

/// The light of a byte's value, 0 to 1, by sRGB's curve.
pub(super) fn light(value: f32) -> f32 {
    let value = value / 255.0;
    if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
}

/// The inverse of [`light`].
pub(super) fn value(light: f32) -> f32 {
    let value = if light <= 0.003_130_8 { light * 12.92 } else { 1.055 * light.powf(1.0 / 2.4) - 0.055 };
    value * 255.0
}

/// The sums of products with each row.
fn times(rows: [[f32; 3]; 3], with: [f32; 3]) -> [f32; 3] {
    rows.map(|row| row[0] * with[0] + row[1] * with[1] + row[2] * with[2])
}

/// Of red, green and blue light.
pub(super) fn lab(light: [f32; 3]) -> Lab {
    let cones = times(
        [
            [0.412_221_46, 0.536_332_55, 0.051_445_995],
            [0.211_903_5, 0.680_699_5, 0.107_396_96],
            [0.088_302_46, 0.281_718_85, 0.629_978_7],
        ],
        light,
    );
    times(
        [
            [0.210_454_26, 0.793_617_8, -0.004_072_047],
            [1.977_998_5, -2.428_592_2, 0.450_593_7],
            [0.025_904_037, 0.782_771_77, -0.808_675_77],
        ],
        cones.map(f32::cbrt),
    )
}

/// Red, green and blue light; below 0 or above 1 where no screen shows it.
pub(super) fn light_of(lab: Lab) -> [f32; 3] {
    let cones = times(
        [
            [1.0, 0.396_337_78, 0.215_803_76],
            [1.0, -0.105_561_346, -0.063_854_17],
            [1.0, -0.089_484_18, -1.291_485_5],
        ],
        lab,
    );
    times(
        [
            [4.076_741_7, -3.307_711_6, 0.230_969_94],
            [-1.268_438, 2.609_757_4, -0.341_319_4],
            [-0.004_196_086_3, -0.703_418_6, 1.707_614_7],
        ],
        cones.map(|cone| cone * cone * cone),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples of the paper's page are of XYZ; these are CSS's for named colours (css-color-4).
    #[test]
    fn colours_are_where_css_has_them() {
        for (rgb, want) in [
            ([255, 255, 255], [1.0, 0.0, 0.0]),
            ([255, 0, 0], [0.627_96, 0.224_86, 0.125_85]),
            ([0, 0, 255], [0.452_01, -0.032_46, -0.311_53]),
            ([0, 0, 0], [0.0; 3]),
        ] {
            let got = lab(rgb.map(|value: u8| light(f32::from(value))));
            for (got, want) in got.into_iter().zip(want) {
                assert!((got - want).abs() < 1e-3, "{rgb:?}: {got}, want {want}");
            }
        }
    }

    #[test]
    fn there_and_back_is_the_same() {
        for i in 0..4096_u32 {
            let rgb = [i % 16, i / 16 % 16, i / 256].map(|value| value as f32 * 17.0);
            let back = light_of(lab(rgb.map(light))).map(value);
            for (got, want) in back.into_iter().zip(rgb) {
                assert!((got - want).abs() < 0.05, "{rgb:?}: {back:?}");
            }
        }
    }
}
