//! Steady video: what a stream's smoothing does to sequences whose truth is known, against frame by frame.
//!
//! A portrait moves before another ground, both by less than a pixel at a time, under a lamp that flickers, with a
//! camera's noise; its mask moves with it, and is the truth. The figures are of these scenes alone: no real camera's
//! compression is in them, and the masks are references.

mod common;

use common::{fixture, iou, read_grey, segmenter};
use featheredge::pixels::{Matte, Rgba8};
use featheredge::{Quality, SegmentOptions, Segmenter};
use image::RgbaImage;
use image::imageops::{FilterType, resize};

const WIDTH: usize = 480;
const HEIGHT: usize = 360;

/// Red, green, blue, alpha and truth of each pixel, that can be read between them.
struct Plane {
    width: usize,
    height: usize,
    values: Vec<[f32; 5]>,
}

impl Plane {
    /// Beyond its ends it goes on as a mirror does.
    fn at(&self, x: f32, y: f32) -> [f32; 5] {
        let mirror = |i: i64, len: usize| {
            let i = i.rem_euclid(2 * len as i64) as usize;
            if i < len { i } else { 2 * len - 1 - i }
        };
        let (left, top) = (x.floor(), y.floor());
        let (tx, ty) = (x - left, y - top);
        let pixel = |dx: i64, dy: i64| {
            self.values
                [mirror(top as i64 + dy, self.height) * self.width + mirror(left as i64 + dx, self.width)]
        };
        let [a, b, c, d] = [pixel(0, 0), pixel(1, 0), pixel(0, 1), pixel(1, 1)];
        std::array::from_fn(|i| {
            (a[i] * (1.0 - tx) + b[i] * tx) * (1.0 - ty) + (c[i] * (1.0 - tx) + d[i] * tx) * ty
        })
    }
}

/// A portrait as high as a frame, with the mask that lays it over a ground, and that of what is looked for.
fn person(id: &str, of: &str) -> Plane {
    let fixture = fixture(id);
    let decoded = fixture.load().expect("a committed picture");
    let view = decoded.view().unwrap();
    let [person, hair] = fixture.masks.expect("masks").map(|mask| read_grey(&mask));
    let size = [view.width(), view.height()].map(|side| side as u32);
    let with = |mask: &Matte| {
        let pixels = view.bytes().as_chunks::<4>().0.iter().zip(&mask.alpha);
        let bytes = pixels.flat_map(|(&[r, g, b, _], &a)| [r, g, b, a]).collect();
        let picture = RgbaImage::from_raw(size[0], size[1], bytes).unwrap();
        resize(&picture, HEIGHT as u32 * size[0] / size[1], HEIGHT as u32, FilterType::Triangle)
    };
    let mut plane = plane(&with(&person));
    if of == "hair" {
        let truth = with(&hair);
        plane.values.iter_mut().zip(truth.pixels()).for_each(|(to, from)| to[4] = f32::from(from[3]));
    }
    plane
}

/// A picture without a person.
fn ground(id: &str) -> Plane {
    let decoded = fixture(id).load().expect("a committed picture");
    let view = decoded.view().unwrap();
    let size = [view.width(), view.height()].map(|side| side as u32);
    plane(&RgbaImage::from_raw(size[0], size[1], view.bytes().to_vec()).unwrap())
}

/// Soft and hard blocks of many colours.
fn shelves() -> Plane {
    let mut state = 9_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    let mut blocks = |filter| {
        let few = RgbaImage::from_fn(24, 8, |_, _| image::Rgba([next(), next(), next(), 255]));
        resize(&few, 640, 360, filter)
    };
    let (hard, mut mixed) = (blocks(FilterType::Nearest), blocks(FilterType::CatmullRom));
    for (to, from) in mixed.pixels_mut().zip(hard.pixels()) {
        for c in 0..3 {
            to[c] = ((u16::from(to[c]) * 2 + u16::from(from[c])) / 3) as u8;
        }
    }
    plane(&mixed)
}

fn plane(picture: &RgbaImage) -> Plane {
    let pixels = picture.pixels().map(|pixel| pixel.0.map(f32::from));
    let values = pixels.map(|[r, g, b, a]| [r, g, b, a, a]).collect();
    Plane { width: picture.width() as usize, height: picture.height() as usize, values }
}

/// What a frame shows.
#[derive(Clone, Copy, Default)]
struct Moment {
    /// Where the ground and the person are, in pixels.
    ground: [f32; 2],
    person: [f32; 2],
    /// The light, as a factor, and the noise's deviation in steps of a byte.
    gain: f32,
    noise: f32,
}

struct Random(u64);

impl Random {
    fn unit(&mut self) -> f32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 40) as f32 / (1 << 24) as f32
    }

    /// Nearly normal, of deviation 1.
    fn normal(&mut self) -> f32 {
        (0..4).map(|_| self.unit()).sum::<f32>() * 3.0_f32.sqrt() - 2.0 * 3.0_f32.sqrt()
    }
}

/// A frame and its truth.
fn frame(person: &Plane, ground: &Plane, moment: Moment, random: &mut Random) -> (Vec<u8>, Matte) {
    let (mut bytes, mut alpha) = (Vec::new(), Vec::new());
    let [left, top] = [(WIDTH - person.width) as f32 / 2.0 + moment.person[0], moment.person[1]];
    for y in 0..HEIGHT {
        for x in 0..WIDTH {
            let (px, py) = (x as f32 - left, y as f32 - top);
            let inside = px >= 0.0 && px <= (person.width - 1) as f32 && py >= 0.0;
            let [r, g, b, a, truth] = if inside { person.at(px, py) } else { [0.0; 5] };
            let under = ground.at(x as f32 + moment.ground[0], y as f32 + moment.ground[1]);
            let a = a / 255.0;
            for (over, under) in [r, g, b].into_iter().zip(under) {
                let value = (over * a + under * (1.0 - a)) * moment.gain + random.normal() * moment.noise;
                bytes.push(value.round().clamp(0.0, 255.0) as u8);
            }
            bytes.push(255);
            alpha.push(truth.round() as u8);
        }
    }
    (bytes, Matte { width: WIDTH, height: HEIGHT, alpha })
}

/// A scene's name and its frames. Each begins with a cut; the displacement is sudden.
fn scenes() -> Vec<(&'static str, Vec<Moment>)> {
    let mut random = Random(77);
    let mut scene = |name, moment: &dyn Fn(f32, [f32; 2]) -> Moment| {
        let moments = (0..FRAMES).map(|i| {
            let gain = 1.0 + 0.06 * (random.unit() - 0.5);
            let shake = [random.unit(), random.unit()].map(|at| at * 1.2);
            Moment { gain, noise: 4.0, ..moment(i as f32, shake) }
        });
        (name, moments.collect())
    };
    let still = Moment::default();
    vec![
        scene("still", &|_, _| still),
        scene("sways", &|i, _| Moment {
            person: [6.0 * (i / 7.0).sin(), 2.0 + 2.0 * (i / 4.0).sin()],
            ..still
        }),
        scene("pans", &|i, _| Moment { ground: [1.3 * i, 0.4 * i], ..still }),
        scene("jumps", &|i, _| {
            let person = if i < JUMP as f32 { [-40.0, 0.0] } else { [30.0, 12.0] };
            Moment { person, ..still }
        }),
        scene("hand", &|_, shake| Moment { ground: shake, person: shake, ..still }),
    ]
}

const FRAMES: usize = 20;

/// The frame of the sudden displacement.
const JUMP: usize = 8;

/// Means over frames: flicker and error in thousandths of full alpha, and intersection over union.
#[derive(Clone, Copy, Debug, Default)]
struct Figures {
    flicker: f64,
    iou: f64,
    error: f64,
}

/// Of frame by frame and of the stream: the mean of all scenes.
fn measure(segmenter: &mut Segmenter, of: &str, stream: u32, person: &Plane, ground: &Plane) -> [Figures; 2] {
    let plain = SegmentOptions { of: of.to_owned(), quality: Quality::Fast, ..SegmentOptions::default() };
    let options = [plain.clone(), SegmentOptions { stream: Some(stream), ..plain }];
    let scenes = scenes();
    let mut all = [Figures::default(); 2];
    for (name, moments) in &scenes {
        // Something else, so that each scene begins with a cut.
        let negative: Vec<u8> =
            frame(person, ground, moments[0], &mut Random(1)).0.iter().map(|value| 255 - value).collect();
        let negative = Rgba8::new(WIDTH, HEIGHT, &negative).unwrap();
        segmenter.segment(negative, &options[1]).unwrap();
        let (mut figures, mut random) = ([Figures::default(); 2], Random(5));
        let mut before: Option<(Matte, [Matte; 2])> = None;
        for (i, &moment) in moments.iter().enumerate() {
            let (bytes, truth) = frame(person, ground, moment, &mut random);
            let picture = Rgba8::new(WIDTH, HEIGHT, &bytes).unwrap();
            let mattes = options.each_ref().map(|options| segmenter.segment(picture, options).unwrap().0);
            let scores = mattes.each_ref().map(|matte| iou(matte, &truth));
            for (k, figures) in figures.iter_mut().enumerate() {
                figures.iou += scores[k] / FRAMES as f64;
                figures.error += off(&mattes[k], &truth, |_| true) / FRAMES as f64;
                if let Some((was, mattes_before)) = &before {
                    let stays = |at: usize| was.alpha[at].abs_diff(truth.alpha[at]) <= 1;
                    figures.flicker += off(&mattes[k], &mattes_before[k], stays) / (FRAMES - 1) as f64;
                }
            }
            if i == 0 {
                assert!(mattes[0] == mattes[1], "{name}: after a cut the stream begins anew");
            }
            if *name == "jumps" && i == JUMP + 1 {
                println!("  a frame after the jump: IoU {:.4} -> {:.4}", scores[0], scores[1]);
                assert!(scores[1] >= scores[0] - 0.005, "it lags behind by more than a frame");
            }
            before = Some((truth, mattes));
        }
        print(name, figures);
        for (all, figures) in all.iter_mut().zip(figures) {
            all.flicker += figures.flicker / scenes.len() as f64;
            all.iou += figures.iou / scenes.len() as f64;
            all.error += figures.error / scenes.len() as f64;
        }
    }
    all
}

/// The mean difference where it counts, in thousandths.
fn off(one: &Matte, other: &Matte, counts: impl Fn(usize) -> bool) -> f64 {
    let places = (0..one.alpha.len()).filter(|&at| counts(at));
    let (sum, count) = places.fold((0.0, 0.0), |(sum, count), at| {
        (sum + f64::from(one.alpha[at].abs_diff(other.alpha[at])), count + 1.0)
    });
    1000.0 * sum / count / 255.0
}

fn print(name: &str, [plain, steady]: [Figures; 2]) {
    println!(
        "  {name:<6} flicker {:.3} -> {:.3} ({:.2}), IoU {:.4} -> {:.4}, error {:.2} -> {:.2}",
        plain.flicker,
        steady.flicker,
        steady.flicker / plain.flicker,
        plain.iou,
        steady.iou,
        plain.error,
        steady.error
    );
}

/// The smoothing's constants were chosen on the first two, with `selfie`; the others were not looked at for that.
const CHOSEN_ON: [(&str, bool); 2] = [("astronaut", true), ("grace-hopper", false)];
const TESTED_ON: [(&str, bool); 2] = [("luispedro", true), ("obama-oval-office", false)];

#[test]
fn streams_flicker_half_as_much_and_do_not_lag() {
    // Thin hair that moves by less than a cell is held back a little: measured .0003.
    let rows = [
        ("selfie", "person", CHOSEN_ON, 0.0),
        ("selfie", "person", TESTED_ON, 0.0),
        ("multiclass", "hair", TESTED_ON, 0.001),
    ];
    for (row, (model, of, people, slack)) in rows.into_iter().enumerate() {
        let mut segmenter = segmenter(model);
        let mut means = [Figures::default(); 2];
        for (i, (id, before_shelves)) in people.into_iter().enumerate() {
            println!("{model} {of}: {id} before {}", if before_shelves { "shelves" } else { "coffee" });
            let ground = if before_shelves { shelves() } else { ground("no-portrait-coffee") };
            let person = person(id, of);
            let figures = measure(&mut segmenter, of, i as u32, &person, &ground);
            print("all", figures);
            for (mean, figures) in means.iter_mut().zip(figures) {
                mean.flicker += figures.flicker / 2.0;
                mean.iou += figures.iou / 2.0;
                mean.error += figures.error / 2.0;
            }
        }
        println!("{model} {of}, {}:", if row == 0 { "chosen on" } else { "tested on" });
        print("mean", means);
        let [plain, steady] = means;
        assert!(steady.flicker <= 0.5 * plain.flicker, "{model} {of}: {means:?}");
        assert!(steady.iou >= plain.iou - slack, "{model} {of}: {means:?}");
    }
}
