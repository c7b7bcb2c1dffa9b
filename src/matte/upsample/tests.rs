use super::*;
use crate::matte::{Bands, Block, Finish};
use crate::pixels::{Matte, Rgba8};

fn upsample(map: Map<'_>, picture: Rgba8<'_>) -> Matte {
    let finish = Finish { morphology: None, feather: 0.0 };
    Bands::new(map, picture.width(), picture.height(), finish).unwrap().run(picture)
}

/// The header's formula with plain loops in double precision, by Cramer's rule.
fn reference(map: Map<'_>, picture: Rgba8<'_>) -> Vec<f64> {
    let (width, height) = (map.width as isize, map.height as isize);
    let colour = |i: usize| [0, 1, 2].map(|c| f64::from(map.guide[i * 4 + c]) / 255.0);
    let window = |at: usize| {
        let (x, y) = (at as isize % width, at as isize / width);
        let reach = RADIUS as isize;
        let near = (-reach..=reach).flat_map(move |dy| (-reach..=reach).map(move |dx| (x + dx, y + dy)));
        let inside = near.filter(move |&(x, y)| (0..width).contains(&x) && (0..height).contains(&y));
        inside.map(move |(x, y)| (y * width + x) as usize).collect::<Vec<_>>()
    };
    let determinant = |m: [[f64; 3]; 3]| {
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1]) - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
            + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    };
    let fitted: Vec<[f64; 4]> = (0..map.width * map.height)
        .map(|at| {
            let cells = window(at);
            let mean =
                |f: &dyn Fn(usize) -> f64| cells.iter().map(|&i| f(i)).sum::<f64>() / cells.len() as f64;
            let p = mean(&|i| f64::from(map.probability[i]));
            let mu = [0, 1, 2].map(|c| mean(&|i| colour(i)[c]));
            let matrix: [[f64; 3]; 3] = std::array::from_fn(|r| {
                std::array::from_fn(|c| {
                    let ridge = if r == c { f64::from(EPSILON) } else { 0.0 };
                    mean(&|i| colour(i)[r] * colour(i)[c]) - mu[r] * mu[c] + ridge
                })
            });
            let right =
                [0, 1, 2].map(|c| mean(&|i| colour(i)[c] * f64::from(map.probability[i])) - mu[c] * p);
            let a: [f64; 3] = std::array::from_fn(|column| {
                let mut replaced = matrix;
                (0..3).for_each(|row| replaced[row][column] = right[row]);
                determinant(replaced) / determinant(matrix)
            });
            [a[0], a[1], a[2], p - a[0] * mu[0] - a[1] * mu[1] - a[2] * mu[2]]
        })
        .collect();
    let smooth: Vec<[f64; 4]> = (0..fitted.len())
        .map(|at| {
            let cells = window(at);
            [0, 1, 2, 3].map(|k| cells.iter().map(|&i| fitted[i][k]).sum::<f64>() / cells.len() as f64)
        })
        .collect();
    let at = |i: usize, out: usize, cells: usize| {
        ((i as f64 + 0.5) * cells as f64 / out as f64 - 0.5).clamp(0.0, (cells - 1) as f64)
    };
    let [low, high] = LEVELS.map(f64::from);
    (0..picture.width() * picture.height())
        .map(|i| {
            let (x, y) = (i % picture.width(), i / picture.width());
            let (fx, fy) = (at(x, picture.width(), map.width), at(y, picture.height(), map.height));
            let (x0, y0) = (fx as usize, fy as usize);
            let (x1, y1) = ((x0 + 1).min(map.width - 1), (y0 + 1).min(map.height - 1));
            let (tx, ty) = (fx - x0 as f64, fy - y0 as f64);
            let cell = |cx: usize, cy: usize, k: usize| smooth[cy * map.width + cx][k];
            let [a, b, c, offset] = [0, 1, 2, 3].map(|k| {
                let above = cell(x0, y0, k) * (1.0 - tx) + cell(x1, y0, k) * tx;
                let below = cell(x0, y1, k) * (1.0 - tx) + cell(x1, y1, k) * tx;
                above * (1.0 - ty) + below * ty
            });
            let [red, green, blue, _] = picture.row(y)[x].map(|v| f64::from(v) / 255.0);
            let value = a * red + b * green + c * blue + offset;
            ((value - low) / (high - low)).clamp(0.0, 1.0) * 255.0
        })
        .collect()
}

#[test]
fn matches_reference() {
    for (map_width, map_height, width, height) in
        [(8, 8, 31, 17), (16, 9, 16, 9), (12, 20, 5, 64), (9, 8, 1, 1)]
    {
        let noise = |i: usize, seed: usize| ((i * 2_654_435_761 + seed * 40_503) >> 7) as u8;
        let guide: Vec<u8> = (0..map_width * map_height * 4).map(|i| noise(i, 1)).collect();
        let probability: Vec<f32> =
            (0..map_width * map_height).map(|i| f32::from(noise(i, 2)) / 255.0).collect();
        let bytes: Vec<u8> = (0..width * height * 4).map(|i| noise(i, 3)).collect();
        let picture = Rgba8::new(width, height, &bytes).unwrap();
        let map = Map { width: map_width, height: map_height, probability: &probability, guide: &guide };
        let want = reference(map, picture);
        for (i, (&got, want)) in upsample(map, picture).alpha.iter().zip(want).enumerate() {
            assert!((f64::from(got) - want).abs() <= 0.51, "{width}x{height} at {i}: got {got}, want {want}");
        }
    }
}

#[test]
fn what_is_not_read_is_what_reading_gives() {
    // Certain on both sides of a slanted edge, as far as probabilities ever are, and doubtful in a spot.
    let (map_width, map_height, width, height) = (61, 47, 250, 190);
    let noise = |i: usize, seed: usize| ((i * 2_654_435_761 + seed * 40_503) >> 7) as u8;
    let guide: Vec<u8> = (0..map_width * map_height * 4).map(|i| noise(i, 1)).collect();
    for doubt in [0.0, 0.005, 0.016, 0.03] {
        let of = |i: usize| {
            let (x, y) = (i % map_width, i / map_width);
            let unsure = doubt * f32::from(noise(i, 2)) / 255.0;
            match x + y / 2 {
                _ if x.abs_diff(10) < 2 && y.abs_diff(30) < 2 => 0.5,
                40.. => 1.0 - unsure,
                _ => unsure,
            }
        };
        let probability: Vec<f32> = (0..map_width * map_height).map(of).collect();
        // Extreme colours are what the proof must hold for.
        let bytes: Vec<u8> =
            (0..width * height * 4).map(|i| if noise(i, 3) > 127 { 255 } else { 0 }).collect();
        let picture = Rgba8::new(width, height, &bytes).unwrap();
        let map = Map { width: map_width, height: map_height, probability: &probability, guide: &guide };
        let finish = Finish { morphology: None, feather: 0.0 };
        let mut bands = Bands::new(map, width, height, finish).unwrap();
        let mut read = 0;
        while let Some((rows, spans)) = bands.reads() {
            read += spans.iter().map(|span| span.width * rows.len()).sum::<usize>();
            let block = Block { bytes: &bytes[rows.start * width * 4..], stride: width * 4 };
            let blocks: Vec<_> = spans.iter().map(|_| block).collect();
            bands.give(&blocks, |_, _| ());
        }
        let share = read as f64 / (width * height) as f64;
        println!("doubt {doubt}: {:.0} % are read", share * 100.0);
        assert!(share < if doubt < 0.02 { 0.6 } else { 1.01 }, "{share} of the picture was read");
        for (i, (&got, want)) in upsample(map, picture).alpha.iter().zip(reference(map, picture)).enumerate()
        {
            assert!(
                (f64::from(got) - want).abs() <= 0.51,
                "doubt {doubt} at {},{}: got {got}, want {want}",
                i % width,
                i / width
            );
        }
    }
}

#[test]
fn follows_the_picture_s_edge_not_the_grid_s() {
    // A white square whose left edge lies within a cell; the map knows it only to the cell.
    let (side, cells, edge) = (160, 16, 83);
    let bytes: Vec<u8> =
        (0..side * side).flat_map(|i| if i % side >= edge { [255; 4] } else { [0, 0, 0, 255] }).collect();
    let picture = Rgba8::new(side, side, &bytes).unwrap();
    let guide = crate::pixels::to_size(picture, cells, cells, crate::pixels::Filter::Box);
    let probability: Vec<f32> = (0..cells * cells).map(|i| f32::from(guide[i * 4]) / 255.0).collect();
    let map = Map { width: cells, height: cells, probability: &probability, guide: &guide };
    let matte = upsample(map, picture);
    for (x, &alpha) in matte.row(80).iter().enumerate() {
        assert_eq!(alpha >= 128, x >= edge, "column {x}: {alpha}");
    }
}
