//! The border of the `gpu` build: `ts/engine.ts` opens a GPU, loads a model, and has pictures run.
//!
//! The GPU is an object of its own, so that it can be lost, and its loss heard of, while a call is
//! under way. Pictures come as the browser's own objects and stay on its side of the border.

use std::future::poll_fn;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use js_sys::{Float32Array, Promise, Uint8ClampedArray};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::future_to_promise;
use web_sys::{ImageBitmap, OffscreenCanvas, VideoFrame};

use super::{BUILD, plain, read, set, to_js, with_timings};
use crate::effects::Effect;
use crate::error::{Error, ErrorKind};
use crate::gpu::{Canvas, Engine, ExternalImage, Gpu, MAX_SIDE, Source};
use crate::matte;
use crate::model;
use crate::plan;
use crate::segmenter::SegmentOptions;
use crate::telemetry::Stopwatch;

/// A GPU that is open.
#[wasm_bindgen]
pub struct WebGpu(Rc<Gpu>);

/// A model that is ready to run there.
#[wasm_bindgen]
pub struct WebEngine {
    gpu: Rc<Gpu>,
    engine: Engine,
    canvas: Option<Canvas>,
}

#[wasm_bindgen]
impl WebGpu {
    /// Opens the browser's preferred GPU; `half`: with weights in half precision, where it can.
    pub async fn open(half: bool) -> Result<WebGpu, JsValue> {
        Gpu::open(half).await.map(|gpu| Self(Rc::new(gpu))).map_err(to_js)
    }

    /// `{ name, backend, software, half, build, version }`.
    pub fn info(&self) -> JsValue {
        let info = plain(self.0.adapter());
        set(info.unchecked_ref(), "build", BUILD);
        set(info.unchecked_ref(), "version", env!("CARGO_PKG_VERSION"));
        info
    }

    /// Resolves once it is gone, with the reason.
    pub fn gone(&self) -> Promise {
        let gone = self.0.gone();
        future_to_promise(async move { Ok(gone.await.into()) })
    }

    /// Takes it away, as a driver's crash would.
    pub fn lose(&self) {
        self.0.lose();
    }

    /// The registry's model `id` from the bytes of its plan, which are verified first, as in the other builds.
    pub async fn load(
        &self,
        id: String,
        file: Vec<u8>,
        sha256: Option<String>,
    ) -> Result<WebEngine, JsValue> {
        let gpu = Rc::clone(&self.0);
        let engine = load(&gpu, &id, &file, sha256.as_deref()).await.map_err(to_js)?;
        Ok(WebEngine { gpu, engine, canvas: None })
    }
}

async fn load(gpu: &Rc<Gpu>, id: &str, file: &[u8], sha256: Option<&str>) -> Result<Engine, Error> {
    let entry = model::registry().get(id)?;
    match sha256 {
        Some(sha256) => entry.verify_sum(file, sha256)?,
        None => entry.verify(file)?,
    }
    Engine::new(Rc::clone(gpu), &plan::decode(file)?, entry.contract()).await
}

#[wasm_bindgen]
impl WebEngine {
    /// Runs the network: `{ width, height, classes, data, preMs, inferMs, postMs }`.
    pub async fn predict(&mut self, picture: JsValue) -> Result<JsValue, JsValue> {
        let picture = Picture::new(picture)?;
        let (answer, stride, mut timings) = self.engine.predict(picture.source()).await.map_err(to_js)?;
        let mut watch = Stopwatch::start();
        let contract = self.engine.contract();
        let data = matte::activate(contract, &answer, stride);
        timings.post_ms = watch.lap_ms();
        let result = with_timings(timings);
        let [width, height] = self.engine.answer_size();
        set(&result, "width", width);
        set(&result, "height", height);
        set(&result, "classes", plain(&contract.classes));
        set(&result, "data", Float32Array::from(&data[..]));
        Ok(result.into())
    }

    /// The matte: `{ width, height, alpha, preMs, inferMs, postMs }`.
    pub async fn segment(&mut self, picture: JsValue, options: JsValue) -> Result<JsValue, JsValue> {
        let options: SegmentOptions = read("options", &options)?;
        let finish = options.finish().map_err(to_js)?;
        let picture = Picture::new(picture)?;
        self.engine.follow(options.stream);
        let (matte, timings) =
            self.engine.segment(picture.source(), &options.of, finish).await.map_err(to_js)?;
        let result = with_timings(timings);
        set(&result, "width", matte.width);
        set(&result, "height", matte.height);
        set(&result, "alpha", Uint8ClampedArray::from(&matte.alpha[..]));
        Ok(result.into())
    }

    /// Draws an effect at the picture's size, and takes it out of `canvas`; nothing is read back. One canvas serves all
    /// calls. `ground` holds the other picture of the effect `picture`, of the same size.
    pub async fn draw(
        &mut self,
        picture: JsValue,
        options: JsValue,
        effect: JsValue,
        ground: Option<OffscreenCanvas>,
        canvas: OffscreenCanvas,
    ) -> Result<ImageBitmap, JsValue> {
        let options: SegmentOptions = read("options", &options)?;
        let finish = options.finish().map_err(to_js)?;
        let effect: Effect = read("effect", &effect)?;
        let ground = ground.map(|canvas| {
            let size = [canvas.width() as usize, canvas.height() as usize];
            Picture { image: ExternalImage::OffscreenCanvas(canvas), size }
        });
        let picture = Picture::new(picture)?;
        let target = match &mut self.canvas {
            Some(target) => target,
            none => none.insert(Canvas::new(&self.gpu, canvas.clone()).map_err(to_js)?),
        };
        let frame = target.frame(&self.gpu, picture.size).map_err(to_js)?;
        let ground = ground.as_ref().map(Picture::source);
        self.engine.follow(options.stream);
        let mut drawing =
            pin!(self.engine.draw(picture.source(), &options.of, finish, effect, ground, frame.target()));
        // All is submitted at once. What was drawn has to be taken before the browser does other things,
        // which it does while errors are waited for: after that the canvas is blank.
        let first = poll_fn(|context| Poll::Ready(drawing.as_mut().poll(context))).await;
        let bitmap = canvas.transfer_to_image_bitmap();
        let drawn = match first {
            Poll::Ready(drawn) => drawn,
            Poll::Pending => drawing.await,
        };
        match drawn {
            Ok(()) => bitmap,
            Err(error) => {
                bitmap.inspect(ImageBitmap::close).ok();
                Err(to_js(error))
            }
        }
    }
}

/// A picture of the browser's.
struct Picture {
    image: ExternalImage,
    size: [usize; 2],
}

impl Picture {
    /// Takes an `ImageBitmap` or a `VideoFrame`; `GpuUnavailable` if it is larger than GPUs' textures.
    fn new(picture: JsValue) -> Result<Self, JsValue> {
        let image = picture
            .dyn_into::<ImageBitmap>()
            .map(ExternalImage::ImageBitmap)
            .or_else(|picture| picture.dyn_into::<VideoFrame>().map(ExternalImage::VideoFrame))
            .map_err(|_| to_js(Error::invalid("picture is neither an ImageBitmap nor a VideoFrame")))?;
        let size = [image.width() as usize, image.height() as usize];
        if size.iter().any(|&side| side > MAX_SIDE) {
            let [width, height] = size;
            let message = format!("picture is {width}x{height}, want sides of at most {MAX_SIDE} on a GPU");
            return Err(to_js(Error::new(ErrorKind::GpuUnavailable, message)));
        }
        Ok(Self { image, size })
    }

    fn source(&self) -> Source<'_> {
        Source::External { image: &self.image, size: self.size }
    }
}
