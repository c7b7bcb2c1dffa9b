//! Islands of the subject: pieces of a map that touch no other.
//!
//! An area opening (Vincent, 1992) on the network's grid, by areas that are relative: a face in the crowd is as many
//! pixels as a false island in a portrait, but the portrait has a larger one.

/// What belongs to an island at least; less than this is no edge of one, but haze, which the matte's levels remove.
const FAINT: f32 = 0.1;

/// What is surely of one island: two that only touch by less are two.
const SURE: f32 = 0.5;

/// Clears what is of an island whose area, the sum of its probabilities, is below `least` of the largest one's.
pub(super) fn clear_small(map: &mut [f32], width: usize, least: f32) {
    if least <= 0.0 {
        return;
    }
    let islands = islands(map, width);
    let mut areas = vec![0.0_f32; islands.count];
    for (&island, &p) in islands.of.iter().zip(&*map) {
        if let Some(area) = areas.get_mut(island as usize) {
            *area += p;
        }
    }
    let wanted = least * areas.iter().fold(0.0, |largest: f32, &area| largest.max(area));
    for (&island, p) in islands.of.iter().zip(map) {
        if areas.get(island as usize).is_some_and(|&area| area < wanted) {
            *p = 0.0;
        }
    }
}

/// Which island each cell is of.
struct Islands {
    of: Vec<u32>,
    count: usize,
}

/// Of no island.
const NONE: u32 = u32::MAX;

/// Grows the islands from what is surely of one: whole ones first, then what is around them, to the nearest, then
/// what is left, such as an island of haze.
fn islands(map: &[f32], width: usize) -> Islands {
    let mut islands = Islands { of: vec![NONE; map.len()], count: 0 };
    let mut seeds = Vec::new();
    islands.label(map, width, SURE, &mut seeds);
    let mut front = seeds;
    while !front.is_empty() {
        let mut next = Vec::new();
        for &cell in &front {
            islands.spread(map, width, FAINT, cell, &mut next);
        }
        front = next;
    }
    islands.label(map, width, FAINT, &mut Vec::new());
    islands
}

impl Islands {
    /// Makes an island of each piece of unlabelled cells above `least`, which are added to `cells`.
    fn label(&mut self, map: &[f32], width: usize, least: f32, cells: &mut Vec<usize>) {
        for seed in 0..map.len() {
            if map[seed] <= least || self.of[seed] != NONE {
                continue;
            }
            self.of[seed] = self.count as u32;
            self.count += 1;
            let mut next = cells.len();
            cells.push(seed);
            while let Some(&cell) = cells.get(next) {
                self.spread(map, width, least, cell, cells);
                next += 1;
            }
        }
    }

    /// Gives the unlabelled ones above `least` of the eight cells around `cell` to its island, and adds them to `next`.
    fn spread(&mut self, map: &[f32], width: usize, least: f32, cell: usize, next: &mut Vec<usize>) {
        let (x, y) = (cell % width, cell / width);
        for y in y.saturating_sub(1)..=(y + 1).min(map.len() / width - 1) {
            for x in x.saturating_sub(1)..=(x + 1).min(width - 1) {
                let other = y * width + x;
                if map[other] > least && self.of[other] == NONE {
                    self.of[other] = self.of[cell];
                    next.push(other);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A map from a drawing: `#` is 1, `+` is 0.4, `-` is 0.05.
    fn map(rows: &[&str]) -> Vec<f32> {
        let value = |c| match c {
            '#' => 1.0,
            '+' => 0.4,
            '-' => 0.05,
            _ => 0.0,
        };
        rows.iter().flat_map(|row| row.chars().map(value)).collect()
    }

    fn check(least: f32, before: &[&str], after: &[&str]) {
        let mut got = map(before);
        clear_small(&mut got, before[0].len(), least);
        assert_eq!(got, map(after), "{least} of {before:?}");
    }

    #[test]
    fn small_islands_go_with_their_edges() {
        let before = ["+##+....++", "####...+#+", "+##+-..+++", ".........."];
        check(0.2, &before, &before);
        check(0.6, &before, &["+##+......", "####......", "+##+-.....", ".........."]);
        // The largest stays, whatever is asked.
        check(1.0, &before, &["+##+......", "####......", "+##+-.....", ".........."]);
        check(0.0, &before, &before);
    }

    #[test]
    fn corners_touch_and_haze_parts() {
        check(1.0, &["##...", "##...", "..#..", "....."], &["##...", "##...", "..#..", "....."]);
        // A bridge of haze goes to the nearer side.
        check(0.9, &["###++++#", "###....."], &["###++...", "###....."]);
        check(0.9, &["###....+", "###....."], &["###.....", "###....."]);
    }

    #[test]
    fn nothing_has_no_islands() {
        check(0.5, &["....", ".--."], &["....", ".--."]);
        let mut one = [0.7];
        clear_small(&mut one, 1, 1.0);
        assert_eq!(one, [0.7]);
    }

    #[test]
    fn equals_are_kept() {
        check(1.0, &["##.##", "##.##"], &["##.##", "##.##"]);
    }
}
