//! Another colour for hair, or for anything else, that keeps its lights and its texture.
//!
//! In OKLab each colour keeps its lightness, and takes the wanted hue. What is darker than the wanted colour has less of
//! its chroma, what is lighter as well, so that black hair only shimmers and highlights stay highlights; what is lighter
//! comes nearer to it, as dye darkens, but for the brightest lights. Lightening comes first and raises what is dark.
//!
//! All of that is a function of a colour alone, so it is a table, which the GPU reads as well.

use super::Colour;
use super::effect::Recolor;
use super::oklab::{Lab, lab, light, light_of, value};

/// Values of red, green and blue in the table, each.
pub(crate) const LEVELS: usize = 33;

/// How much of the difference to a darker colour is kept: black dye covers more than a light one.
const KEPT: [f32; 2] = [0.25, 0.95];

/// How steep lightening is at black, beside what was there.
const LIFT: f32 = 1.5;

/// What each colour becomes, `[blue, green, red]`.
pub(crate) fn table(recolor: &Recolor) -> Vec<Colour> {
    let levels: [f32; LEVELS] = std::array::from_fn(|i| light(i as f32 * 255.0 / (LEVELS - 1) as f32));
    let to = lab(recolor.color.map(|value| light(f32::from(value))));
    let each = |blue: f32| levels.iter().map(move |&green| (blue, green));
    let pairs = levels.iter().flat_map(|&blue| each(blue));
    let all = pairs.flat_map(|(blue, green)| levels.iter().map(move |&red| [red, green, blue]));
    all.map(|light| coloured(lab(light), to, recolor)).collect()
}

/// What `from` becomes.
fn coloured(from: Lab, to: Lab, &Recolor { intensity, lightening, .. }: &Recolor) -> Colour {
    let dark = 1.0 - from[0];
    let lifted = from[0] + lightening * LIFT * from[0] * dark * dark;
    let above = (lifted - to[0]) / (1.0 - to[0]).max(1e-3);
    let lightness = if above > 0.0 {
        let kept = KEPT[0] + (KEPT[1] - KEPT[0]) * to[0];
        to[0] + (1.0 - to[0]) * (kept * above + (1.0 - kept) * above.powi(6))
    } else {
        lifted
    };
    let lightness = lightness.clamp(0.0, 1.0);
    let chroma = if lightness < to[0] {
        (lightness / to[0]).sqrt()
    } else {
        ((1.0 - lightness) / (1.0 - to[0]).max(1e-3)).min(1.0)
    };
    let wanted = shown([lightness, to[1] * chroma, to[2] * chroma]);
    let mixed = std::array::from_fn(|i| from[i] + intensity * (wanted[i] - from[i]));
    light_of(mixed).map(|light| value(light.clamp(0.0, 1.0)))
}

/// The same with only as much chroma as a screen shows.
fn shown(lab: Lab) -> Lab {
    let with = |share: f32| [lab[0], lab[1] * share, lab[2] * share];
    let fits = |share: f32| light_of(with(share)).iter().all(|light| (-1e-4..=1.0001).contains(light));
    if fits(1.0) {
        return lab;
    }
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..8 {
        let middle = (low + high) / 2.0;
        if fits(middle) { low = middle } else { high = middle }
    }
    with(low)
}

/// The table's answer for `seen`, between its eight nearest colours.
pub(super) fn look_up(table: &[Colour], seen: Colour) -> Colour {
    let at = seen.map(|value| value * ((LEVELS - 1) as f32 / 255.0));
    let first = at.map(|at| (at as usize).min(LEVELS - 2));
    let t: [f32; 3] = std::array::from_fn(|i| at[i] - first[i] as f32);
    let corner = (first[2] * LEVELS + first[1]) * LEVELS + first[0];
    let mix = |a: Colour, b: Colour, t: f32| -> Colour { std::array::from_fn(|i| a[i] + (b[i] - a[i]) * t) };
    let red = |at: usize| mix(table[at], table[at + 1], t[0]);
    let green = |at: usize| mix(red(at), red(at + LEVELS), t[1]);
    mix(green(corner), green(corner + LEVELS * LEVELS), t[2])
}

#[cfg(test)]
mod tests {
    use super::*;

    const VIOLET: Recolor = Recolor { color: [138, 43, 226], intensity: 1.0, lightening: 0.0 };

    fn exact(seen: Colour, recolor: &Recolor) -> Colour {
        coloured(lab(seen.map(light)), lab(recolor.color.map(|value| light(f32::from(value)))), recolor)
    }

    fn lightness(colour: Colour) -> f32 {
        lab(colour.map(light))[0]
    }

    #[test]
    fn the_table_is_the_function() {
        for lightening in [0.0, 1.0] {
            let recolor = Recolor { lightening, intensity: 0.8, ..VIOLET };
            let table = table(&recolor);
            let (mut worst, mut sum) = (0.0_f32, 0.0);
            for i in 0..8000_u32 {
                let seen = [i % 20, i / 20 % 20, i / 400].map(|value| value as f32 * 13.4);
                let (got, want) = (look_up(&table, seen), exact(seen, &recolor));
                let off = (0..3).fold(0.0, |off: f32, c| off.max((got[c] - want[c]).abs()));
                worst = worst.max(off);
                sum += off;
            }
            println!("lightening {lightening}: worst {worst}, mean {}", sum / 8000.0);
            assert!(worst < 16.0 && sum / 8000.0 < 0.8, "worst {worst}, mean {}", sum / 8000.0);
        }
    }

    #[test]
    fn no_intensity_changes_nothing() {
        let table = table(&Recolor { intensity: 0.0, ..VIOLET });
        for seen in [[0.0, 0.0, 0.0], [255.0, 255.0, 255.0], [80.0, 50.0, 30.0], [7.0, 200.0, 90.0]] {
            let got = look_up(&table, seen);
            assert!((0..3).all(|c| (got[c] - seen[c]).abs() < 0.6), "{seen:?}: {got:?}");
        }
    }

    #[test]
    fn lights_stay_in_order_and_highlights_stay_light() {
        for color in [[138, 43, 226], [20, 15, 10], [250, 240, 220], [0, 0, 0], [255, 255, 255], [255, 0, 0]]
        {
            for lightening in [0.0, 0.5, 1.0] {
                let table = table(&Recolor { color, intensity: 1.0, lightening });
                let greys: Vec<f32> =
                    (0..=255).map(|grey| lightness(look_up(&table, [grey as f32; 3]))).collect();
                assert!(greys.is_sorted_by(|a, b| a <= &(b + 2e-3)), "{color:?}: {greys:?}");
                assert!(greys[0] < 0.01 && greys[255] > 0.98, "{color:?}: {} {}", greys[0], greys[255]);
            }
        }
    }

    #[test]
    fn hair_takes_the_hue_dark_or_blond() {
        let wanted = lab(VIOLET.color.map(|value| light(f32::from(value))));
        for (hair, least) in [([40.0, 30.0, 25.0], 0.05), ([215.0, 185.0, 140.0], 0.12)] {
            let [_, a, b] = lab(look_up(&table(&VIOLET), hair).map(light));
            let along = (a * wanted[1] + b * wanted[2]) / wanted[1].hypot(wanted[2]);
            assert!(along > least && along > 0.98 * a.hypot(b), "{hair:?}: {a} {b}");
        }
        let lightened = table(&Recolor { lightening: 1.0, ..VIOLET });
        let hair = [40.0, 30.0, 25.0];
        assert!(lightness(look_up(&lightened, hair)) > lightness(hair) + 0.15);
    }
}
