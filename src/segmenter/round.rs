//! From a picture's rows to its map: rounds of looks, the first at all of it, the next at the subject.

use super::intake::{At, Intake, Reducers};
use super::islands;
use super::looks::{self, Look, Quality};
use super::network::Network;
use super::{SegmentOptions, Segmenter};
use crate::error::Result;
use crate::matte::{self, Bands, Map, Smooth};
use crate::model::{Activation, Contract, FACE, HAIR, PERSON};
use crate::pixels::{Rect, Reducer};
use crate::telemetry::{Stopwatch, Timings};

/// Looks at a picture, or at a part of it, of which some may still be due.
pub struct Round {
    size: [usize; 2],
    from: [usize; 2],
    rect: Rect,
    swapped: bool,
    /// The part at the size of the network's answer.
    guide: Vec<u8>,
    at: At,
    /// What was seen in the rounds before.
    before: Option<Look>,
    /// What is to be looked at after all of the picture, if anything.
    around: Option<Rect>,
    /// The face that was seen, if the head is to be looked at after the subject.
    face: Option<Look>,
    /// The last comes first.
    due: Vec<Due>,
    looks: Vec<Look>,
    timings: Timings,
}

/// A picture to look at, of a network's size.
struct Due {
    picture: Vec<u8>,
    partner: bool,
    /// Whether it is turned from right to left.
    mirrored: bool,
}

/// What is wanted of a picture next.
pub enum Next {
    /// A part of it, for another round.
    Part(Intake),
    /// What the matte depends on.
    Matte(Bands, Timings),
}

impl Round {
    /// Whether a look is due.
    pub fn is_due(&self) -> bool {
        !self.due.is_empty()
    }

    /// What the first network is to look at next, if it is its turn: `[height, width, 4]`, red first. Whoever can run
    /// it elsewhere gives the answer by [`Segmenter::answer`].
    pub fn picture(&self) -> Option<Vec<u8>> {
        let Due { picture, partner: false, .. } = self.due.last()? else { return None };
        let mut picture = picture.clone();
        if self.swapped {
            picture.as_chunks_mut::<4>().0.iter_mut().for_each(|pixel| pixel.swap(0, 2));
        }
        Some(picture)
    }

    /// Takes what was seen in the look that was due; `map_of` gives the map of a subject.
    fn seen(
        &mut self,
        network: &Network,
        options: &SegmentOptions,
        map_of: impl Fn(&str) -> Result<Vec<f32>>,
    ) -> Result<()> {
        let Some(Due { partner, mirrored, .. }) = self.due.pop() else { return Ok(()) };
        let look = |map| Look::new(map, network.output(), self.rect, partner);
        let mut seen = look(map_of(&options.of)?);
        if self.at == At::Subject && seeks_head(network, options) {
            self.face = Some(look(map_of(FACE)?));
        }
        if self.at == At::All {
            let least = options.min_island;
            // Before the next look, lest it is at islands as well.
            islands::clear_small(&mut seen.map, network.output()[0], least);
            if options.looks_twice() {
                // Parts are looked at with all of the person: alone they are out of their context, and what the first
                // look missed of them, such as a braid, would be left out.
                self.around = match network.is_part(&options.of) {
                    true if seen.is_trace() => {
                        let mut person = look(map_of(PERSON)?);
                        islands::clear_small(&mut person.map, network.output()[0], least);
                        person.subject()
                    }
                    true => None,
                    false => seen.subject(),
                };
            }
        }
        self.looks.push(if mirrored { seen.mirrored() } else { seen });
        Ok(())
    }
}

impl Segmenter {
    /// Ends an intake, and says what to look at.
    pub fn round(&mut self, intake: Intake, options: &SegmentOptions) -> Round {
        let Intake { size, from, rect, swapped, mut reducers, at, before, mut timings } = intake;
        let mut watch = Stopwatch::start();
        let picture = reducers.input.finish();
        let guide = reducers.guide.as_mut().map_or_else(|| picture.clone(), Reducer::finish);
        let second = reducers.partner.as_mut().map(Reducer::finish);
        let mut due = Vec::new();
        if at == At::All {
            self.reducers = Some(reducers);
        } else if at == At::Subject && seeks_head(&self.network, options) {
            // Mirror images are for the last round.
        } else if let Some(partner) = self.partner_for(options) {
            let picture = second.unwrap_or_else(|| picture.clone());
            due.push(Due::turned(&picture, partner, true));
            due.push(Due { picture, partner: true, mirrored: false });
        } else if self.network.contract.mirrors || options.quality == Quality::Fine {
            due.push(Due::turned(&picture, &self.network, false));
        }
        due.push(Due { picture, partner: false, mirrored: false });
        timings.pre_ms += watch.lap_ms();
        let looks = Vec::new();
        let (around, face) = (None, None);
        Round { size, from, rect, swapped, guide, at, before, around, face, due, looks, timings }
    }

    /// Runs the network for the next look, if one is due.
    ///
    /// # Errors
    /// As [`Segmenter::segment`].
    pub fn run(&mut self, round: &mut Round, options: &SegmentOptions) -> Result<()> {
        let Some(Due { picture, partner, .. }) = round.due.last() else { return Ok(()) };
        #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
        let mut watch = Stopwatch::start();
        #[cfg(all(feature = "gpu", not(target_arch = "wasm32")))]
        if !*partner
            // Else it has had all of the frame, and failed.
            && !options.in_one_go()
            && let Some(picture) = round.picture()
            && let Some((answer, stride)) = self.answer_on_gpu(&picture)
        {
            let contract = &self.network.contract;
            round.seen(&self.network, options, |of| matte::subject(contract, &answer, stride, of))?;
            round.timings.infer_ms += watch.lap_ms();
            return Ok(());
        }
        let network = match &mut self.partner {
            Some(network) if *partner => network,
            _ => &mut self.network,
        };
        network.run(picture, round.swapped, &mut round.timings)?;
        let mut watch = Stopwatch::start();
        round.seen(network, options, |of| network.map(of))?;
        round.timings.post_ms += watch.lap_ms();
        Ok(())
    }

    /// Takes the first network's probabilities, `[cells, classes]`, for [`Round::picture`] from elsewhere, where that
    /// took so many milliseconds.
    ///
    /// # Errors
    /// As [`Segmenter::segment`].
    ///
    /// # Panics
    /// If they are not whole cells.
    pub fn answer(&self, round: &mut Round, data: &[f32], ms: f64, options: &SegmentOptions) -> Result<()> {
        let network = &self.network;
        let done = Contract { activation: Activation::None, temperature: 1.0, ..network.contract.clone() };
        round.seen(network, options, |of| matte::subject(&done, data, done.classes.len(), of))?;
        round.timings.infer_ms += ms;
        Ok(())
    }

    /// Says what is wanted after all looks of a round.
    ///
    /// # Errors
    /// As [`Segmenter::segment`].
    ///
    /// # Panics
    /// If a look is due.
    pub fn next(&mut self, round: Round, options: &SegmentOptions) -> Result<Next> {
        assert!(!round.is_due(), "all looks");
        let finish = options.finish()?;
        let Round { size, from, rect, swapped, guide, before, mut looks, mut timings, .. } = round;
        let mut watch = Stopwatch::start();
        let columns = self.network.output()[0];
        let (seen, next) = match (round.at, before) {
            (At::Subject, Some(before)) => {
                let mut seen = before.fuse(rect, looks, self.network.contract.whole);
                islands::clear_small(&mut seen.map, columns, options.min_island);
                let head =
                    round.face.filter(|_| seen.subject().is_some()).and_then(|face| seen.or(&face).subject());
                (seen, head.map(|head| (At::Head, head)))
            }
            (At::Head, Some(before)) => {
                let mut seen = before.fuse_head(rect, looks);
                islands::clear_small(&mut seen.map, columns, options.min_island);
                (seen, None)
            }
            _ => {
                let mut seen = looks.pop().expect("a look");
                if let Some(stream) = options.stream {
                    let smooth = self.streams.open(stream, &options.of, Smooth::default);
                    smooth.run(self.network.output(), &guide, &mut seen.map);
                }
                (seen, round.around.map(|around| (At::Subject, around)))
            }
        };
        if let Some((at, rect)) = next {
            let reducers = Reducers::new([rect.width, rect.height], &self.network, self.partner_for(options));
            timings.pre_ms += watch.lap_ms();
            let before = Some(seen);
            return Ok(Next::Part(Intake { size, from, rect, swapped, reducers, at, before, timings }));
        }
        let probability = seen.map;
        let [width, height] = self.network.output();
        let map = Map { width, height, probability: &probability, guide: &guide };
        let bands = Bands::within(map, rect.scaled(from, size), size, finish)?;
        timings.post_ms += watch.lap_ms();
        Ok(Next::Matte(bands, timings))
    }

    /// The second network, where it is to look.
    fn partner_for(&self, options: &SegmentOptions) -> Option<&Network> {
        let knows = |partner: &&Network| partner.contract.check_subject(&options.of).is_ok();
        self.partner.as_ref().filter(|_| options.quality == Quality::Fine).filter(knows)
    }
}

/// Whether the finest matte that is asked for is of hair, and the network knows where heads are.
fn seeks_head(network: &Network, options: &SegmentOptions) -> bool {
    let knows = |of: &str| network.contract.check_subject(of).is_ok();
    options.quality == Quality::Fine && options.of == HAIR && knows(FACE) && knows(PERSON)
}

impl Due {
    fn turned(picture: &[u8], network: &Network, partner: bool) -> Self {
        let mut picture = picture.to_vec();
        looks::mirror(picture.as_chunks_mut::<4>().0, network.input()[0]);
        Self { picture, partner, mirrored: true }
    }
}
