//! One call across the border, in steps: the page's side reads pixels where it is told to, into
//! memory of this side, and the matte leaves row by row.
//!
//! A large picture is read twice, a band of rows at a time: all of it, or a smaller copy of it, for
//! the network, and then only where the matte depends on it. A small one is read once and kept.

use js_sys::{Float32Array, Uint8Array, Uint8ClampedArray, Uint32Array, WebAssembly};
use wasm_bindgen::prelude::*;

use super::segmenter::WebSegmenter;
use super::{plain, read, set, to_js, with_timings};
use crate::effects::{Effect, Painting};
use crate::error::{Error, ErrorKind};
use crate::matte::{Bands, Block};
use crate::pixels::Rect;
use crate::segmenter::{Intake, Next, Round, SegmentOptions};
use crate::telemetry::{Stopwatch, Timings};

/// The largest picture that is kept while the network runs, in bytes: a megapixel.
const KEPT_BYTES: usize = 4 << 20;

/// How much of a larger one is read at a time, in bytes, if rows are not longer than that.
const READ_BYTES: usize = 1 << 20;

/// What a segmenter remembers between the steps of a call.
#[derive(Default)]
pub(super) struct Call {
    /// The pixels that were read last, or the whole picture.
    buffer: Vec<u8>,
    /// Whether what is read holds colours times alpha.
    premultiplied: bool,
    step: Step,
    timings: Timings,
}

#[derive(Default)]
enum Step {
    #[default]
    Idle,
    Intake {
        intake: Intake,
        /// Bytes of a row, and how many rows are still to come.
        row: usize,
        left: usize,
        /// Pixels of a row of the picture.
        width: usize,
        /// Whether the buffer takes all rows at once, and keeps them.
        kept: bool,
    },
    Looks(Looks),
    Bands {
        bands: Bands,
        /// Bytes of a row of the picture, if it is in the buffer.
        kept: Option<usize>,
        width: usize,
        asked: bool,
    },
    Painting {
        painting: Painting,
        /// Whether blue comes before red.
        swapped: bool,
    },
}

/// A round of looks under way.
struct Looks {
    round: Round,
    options: SegmentOptions,
    /// Whether the network may be run elsewhere.
    elsewhere: bool,
    /// Pixels of a row of the picture, and whether the buffer holds all of them.
    width: usize,
    kept: bool,
}

#[wasm_bindgen]
impl WebSegmenter {
    /// Begins a call for a picture of `width` x `height` of which the network gets `from_width` x
    /// `from_height` pixels: all, or those of a smaller copy. `swapped`: blue comes before red.
    /// `premultiplied`: colours are times alpha.
    ///
    /// Gives how many of these rows are to be read at a time.
    pub fn begin(
        &mut self,
        width: usize,
        height: usize,
        from_width: usize,
        from_height: usize,
        swapped: bool,
        premultiplied: bool,
    ) -> Result<usize, JsValue> {
        let from = [from_width, from_height];
        let intake = self.segmenter.intake([width, height], from, swapped).map_err(to_js)?;
        let row = from_width * 4;
        let kept = from == [width, height] && row * height <= KEPT_BYTES;
        self.call.premultiplied = premultiplied;
        self.call.step = Step::Intake { intake, row, left: from_height, width, kept };
        Ok(if kept { height } else { rows_at_once(row).min(from_height) })
    }

    /// Memory of this side to write `bytes` bytes to. It is this only until the next call of anything.
    pub fn buffer(&mut self, bytes: usize) -> Uint8Array {
        let buffer = &mut self.call.buffer;
        if buffer.len() < bytes {
            *buffer = vec![0; bytes];
        }
        let memory: WebAssembly::Memory = wasm_bindgen::memory().unchecked_into();
        Uint8Array::new_with_byte_offset_and_length(&memory.buffer(), buffer.as_ptr() as u32, bytes as u32)
    }

    /// Takes the next `rows` rows from the buffer.
    pub fn rows(&mut self, rows: usize) -> Result<(), JsValue> {
        let Call { buffer, premultiplied, step: Step::Intake { intake, row, left, .. }, .. } = &mut self.call
        else {
            return Err(out_of_turn("rows"));
        };
        let (Some(bytes), true) = (buffer.get_mut(..rows * *row), rows <= *left) else {
            return Err(out_of_turn("rows"));
        };
        if *premultiplied {
            straighten(bytes);
        }
        intake.rows(bytes);
        *left -= rows;
        Ok(())
    }

    /// Runs the network: `{ width, height, classes, data, preMs, inferMs, postMs }`.
    pub fn predict(&mut self) -> Result<JsValue, JsValue> {
        let Step::Intake { intake, left: 0, .. } = std::mem::take(&mut self.call.step) else {
            return Err(out_of_turn("predict"));
        };
        let (prediction, timings) = self.segmenter.prediction(intake).map_err(to_js)?;
        let result = with_timings(timings);
        set(&result, "width", prediction.width);
        set(&result, "height", prediction.height);
        set(&result, "classes", plain(&prediction.classes));
        set(&result, "data", Float32Array::from(&prediction.data[..]));
        Ok(result.into())
    }

    /// Begins a matte, and gives what is wanted for it:
    ///
    /// - a `Uint32Array` of `[left, top, width, height, rows]`: the rows of that part of the picture, or of its smaller
    ///   copy, so many at a time; then this is called again;
    /// - only if `elsewhere`, a `Uint8Array`: the network's answer to that picture of its input's size; then comes `answer`;
    /// - `true`: a moment for whatever else the thread has to do; then comes `look`;
    /// - `undefined`: then comes `advance`.
    pub fn segment(&mut self, options: JsValue, elsewhere: bool) -> Result<JsValue, JsValue> {
        let Step::Intake { intake, left: 0, width, kept, .. } = std::mem::take(&mut self.call.step) else {
            return Err(out_of_turn("segment"));
        };
        let options: SegmentOptions = read("options", &options)?;
        self.segmenter.check(&options).map_err(to_js)?;
        let round = self.segmenter.round(intake, &options);
        self.go_on(Looks { round, options, elsewhere, width, kept }, false)
    }

    /// Goes on as `segment` does.
    pub fn look(&mut self) -> Result<JsValue, JsValue> {
        let Step::Looks(looks) = std::mem::take(&mut self.call.step) else {
            return Err(out_of_turn("look"));
        };
        self.go_on(looks, false)
    }

    /// Goes on as `segment` does, with the probabilities for the picture that it gave, `[height, width, classes]`, which
    /// took so many milliseconds; without them the network runs here after all.
    pub fn answer(&mut self, data: Option<Vec<f32>>, ms: f64) -> Result<JsValue, JsValue> {
        let Step::Looks(mut looks) = std::mem::take(&mut self.call.step) else {
            return Err(out_of_turn("answer"));
        };
        match &data {
            Some(data) => self.segmenter.answer(&mut looks.round, data, ms, &looks.options),
            None => self.segmenter.run(&mut looks.round, &looks.options),
        }
        .map_err(to_js)?;
        self.go_on(looks, data.is_none())
    }

    /// Takes what was asked for from the buffer and writes the rows of the matte that are done to
    /// `alpha`, which is 0 before.
    ///
    /// Gives what is to be read next, `[top, rows, left, width, left, width, ...]`: blocks of the
    /// picture that lie in the buffer one after the other; or `undefined` at the end.
    pub fn advance(&mut self, alpha: &Uint8ClampedArray) -> Result<Option<Uint32Array>, JsValue> {
        let Call { buffer, premultiplied, step: Step::Bands { bands, kept, width, asked }, timings } =
            &mut self.call
        else {
            return Err(out_of_turn("advance"));
        };
        let mut watch = Stopwatch::start();
        if *asked && *premultiplied {
            straighten(buffer);
        }
        while let Some((rows, spans)) = bands.reads() {
            if kept.is_none() && !spans.is_empty() && !*asked {
                *asked = true;
                let spans = spans.iter().flat_map(|span| [span.left, span.width]);
                let wanted: Vec<u32> =
                    [rows.start, rows.len()].into_iter().chain(spans).map(|v| v as u32).collect();
                timings.post_ms += watch.lap_ms();
                return Ok(Some(Uint32Array::from(&wanted[..])));
            }
            *asked = false;
            let bytes = spans.iter().map(|span| span.width * rows.len() * 4).sum();
            if kept.is_none() && buffer.len() < bytes {
                return Err(out_of_turn("advance"));
            }
            let mut next = 0;
            let blocks: Vec<Block<'_>> = spans
                .iter()
                .map(|span| match *kept {
                    Some(stride) => Block { bytes: &buffer[rows.start * stride + span.left * 4..], stride },
                    None => {
                        let stride = span.width * 4;
                        let bytes = &buffer[next..][..rows.len() * stride];
                        next += bytes.len();
                        Block { bytes, stride }
                    }
                })
                .collect();
            bands.give(&blocks, |y, rows| put(alpha, y, *width, rows));
        }
        timings.post_ms += watch.lap_ms();
        self.call.step = Step::Idle;
        Ok(None)
    }

    /// Begins an effect of a picture of `width` x `height`; then come all rows twice, first for `gather` and then for
    /// `paint`, with pixels as for `begin`.
    pub fn effect(
        &mut self,
        width: usize,
        height: usize,
        swapped: bool,
        premultiplied: bool,
        effect: JsValue,
    ) -> Result<(), JsValue> {
        let effect: Effect = read("effect", &effect)?;
        let painting = Painting::new(width, height, effect).map_err(to_js)?;
        self.call.premultiplied = premultiplied;
        self.call.step = Step::Painting { painting, swapped };
        Ok(())
    }

    /// Takes the next rows from the buffer; `alpha` is their matte.
    pub fn gather(&mut self, alpha: &[u8]) -> Result<(), JsValue> {
        let (painting, pixels, _) = self.call.painting(alpha.len())?;
        painting.gather(pixels, alpha).map_err(to_js)
    }

    /// Makes the next rows, in the buffer, those of the effect: red, green, blue, alpha, straight. After them the
    /// buffer holds the other picture's, `ground` pixels, which are so already.
    pub fn paint(&mut self, alpha: &[u8], ground: usize) -> Result<(), JsValue> {
        let (painting, pixels, rest) = self.call.painting(alpha.len())?;
        let Some(ground) = rest.get(..ground) else { return Err(out_of_turn("paint")) };
        painting.paint(pixels, alpha, ground).map_err(to_js)
    }

    /// `{ preMs, inferMs, postMs }` of the last matte.
    pub fn timings(&self) -> JsValue {
        with_timings(self.call.timings).into()
    }
}

impl Call {
    /// The painting under way, so many pixels of the buffer, straight and red first, and those after them as they are.
    fn painting(&mut self, len: usize) -> Result<(&mut Painting, &mut [[u8; 4]], &[[u8; 4]]), JsValue> {
        let Self { buffer, premultiplied, step: Step::Painting { painting, swapped }, .. } = self else {
            return Err(out_of_turn("gather or paint"));
        };
        let Some((pixels, rest)) = buffer.as_chunks_mut().0.split_at_mut_checked(len) else {
            return Err(out_of_turn("gather or paint"));
        };
        if *premultiplied {
            straighten(pixels.as_flattened_mut());
        }
        if *swapped {
            pixels.iter_mut().for_each(|[first, _, third, _]| std::mem::swap(first, third));
        }
        Ok((painting, pixels, rest))
    }
}

impl WebSegmenter {
    /// Looks as long as nothing else is wanted, with a moment between two runs of a network: `ran` says whether there
    /// was one already.
    fn go_on(&mut self, looks: Looks, mut ran: bool) -> Result<JsValue, JsValue> {
        let Looks { mut round, options, elsewhere, width, kept } = looks;
        loop {
            while round.is_due() {
                let wanted = match elsewhere.then(|| round.picture()).flatten() {
                    Some(picture) => Uint8Array::from(&picture[..]).into(),
                    None if ran => JsValue::TRUE,
                    None => {
                        self.segmenter.run(&mut round, &options).map_err(to_js)?;
                        ran = true;
                        continue;
                    }
                };
                self.call.step = Step::Looks(Looks { round, options, elsewhere, width, kept });
                return Ok(wanted);
            }
            match self.segmenter.next(round, &options).map_err(to_js)? {
                Next::Matte(bands, timings) => {
                    self.call.timings = timings;
                    let kept = kept.then_some(width * 4);
                    self.call.step = Step::Bands { bands, kept, width, asked: false };
                    return Ok(JsValue::UNDEFINED);
                }
                Next::Part(mut intake) if kept => {
                    intake.all(&self.call.buffer);
                    round = self.segmenter.round(intake, &options);
                }
                Next::Part(intake) => {
                    let Rect { left, top, width: columns, height } = intake.rect();
                    let row = columns * 4;
                    self.call.step = Step::Intake { intake, row, left: height, width, kept };
                    let wanted = [left, top, columns, height, rows_at_once(row).min(height)];
                    return Ok(Uint32Array::from(&wanted.map(|value| value as u32)[..]).into());
                }
            }
        }
    }
}

/// Rows of so many bytes that are read at a time.
fn rows_at_once(row: usize) -> usize {
    (READ_BYTES / row / Intake::ROWS).max(1) * Intake::ROWS
}

/// Divides colours by their alpha, as a canvas does when it is read.
fn straighten(pixels: &mut [u8]) {
    for some in pixels.chunks_mut(1024) {
        let pixels = some.as_chunks_mut::<4>().0;
        if pixels.iter().fold(255, |all, pixel| all & pixel[3]) == 255 {
            continue;
        }
        for [red, green, blue, alpha] in pixels {
            let alpha = u32::from(*alpha);
            for colour in [red, green, blue] {
                *colour =
                    (u32::from(*colour) * 255 + alpha / 2).checked_div(alpha).unwrap_or(0).min(255) as u8;
            }
        }
    }
}

/// Writes rows to a matte that is 0 so far: memory that is never touched costs nothing.
fn put(alpha: &Uint8ClampedArray, y: usize, width: usize, rows: &[u8]) {
    let empty = |row: &&[u8]| row.iter().fold(0, |any, value| any | value) == 0;
    let above = rows.chunks_exact(width).take_while(empty).count() * width;
    let below = rows[above..].rchunks_exact(width).take_while(empty).count() * width;
    let rows = &rows[above..rows.len() - below];
    if !rows.is_empty() {
        let start = y * width + above;
        alpha.subarray(start as u32, (start + rows.len()) as u32).copy_from(rows);
    }
}

fn out_of_turn(step: &str) -> JsValue {
    to_js(Error::new(ErrorKind::Internal, format!("{step} was called out of its turn")))
}
