/**
 * The demo page: a picture comes in, the library cuts it out, the stage shows it.
 *
 * Each wish for another picture or matte is a turn; a new turn aborts the one before, so nothing stale is ever shown.
 * What is on show (`shown`) changes only when a turn ends well. All else is another look of the same matte, which the
 * library paints without running a network.
 */

import { makeCamera } from './camera.js';
import { makeControls } from './controls.js';
import { makeExecutorControl, showExecutor } from './executor.js';
import { exportPng } from './export.js';
import { time } from './format.js';
import { makeIntake } from './intake.js';
import { LEAST_COVERAGE, keep, makeCut } from './matte.js';
import * as models from './models.js';
import { explainNothing, hideNotice, hideProgress, say, showNotice, showProgress, state } from './notices.js';
import { part } from './page.js';
import { paint } from './painter.js';
import { open } from './picture.js';
import { makeSamples } from './samples.js';
import * as stage from './stage.js';
import { showStats } from './stats.js';
import { ofCamera, ofError } from './words.js';
import './extras.js';

/** @typedef {import('./picture.js').Picture} Picture */
/** @typedef {import('./matte.js').Cut} Cut */
/** @typedef {ReturnType<ReturnType<typeof makeControls>['wanted']>} Wanted */
/** @typedef {{ picture: Picture, cut: Cut, wanted: Wanted }} Shown */

/** Long enough for a slider to come to rest, short enough to feel immediate. */
const DEBOUNCE_MS = 140;

const download = /** @type {HTMLButtonElement} */ (part('download'));

/** @type {Shown | undefined} */
let shown;
/** The picture of the present turn, shown or about to be. @type {Picture | undefined} */
let picture;
let turn = new AbortController();
/** Aborted when another picture comes to the stage. */
let sight = new AbortController();
let comparing = true;

const controls = makeControls((change) => {
  if (change === 'look') return void repaint();
  if (!picture) return;
  // The colour's strength needs no new matte; the feather follows when the slider rests.
  if (change === 'intensity' && controls.wanted().view === 'recolor') repaint();
  cut(picture, nextTurn(), change === 'intensity' ? DEBOUNCE_MS : 0);
});

/** Aborts what is under way. */
function nextTurn() {
  turn.abort();
  turn = new AbortController();
  hideNotice();
  hideProgress();
  download.disabled = true;
  return turn.signal;
}

/**
 * @param {Blob} blob
 * @param {string} name
 * @param {string} [sample] Which sample portrait it is, if it is one.
 */
async function take(blob, name, sample) {
  if (!sample) samples.overtake();
  const signal = nextTurn();
  const { subject } = controls.wanted();
  say(models.isReady(models.modelFor(subject)) ? 'working' : 'loading', 'Reading the picture…');
  const opened = await open(blob, name, stage.room()).catch(() => undefined);
  if (signal.aborted) return opened?.photo.close();
  if (!opened) return refuse(blob, name, signal);
  present({ ...opened, sample });
  await cut(/** @type {Picture} */ (picture), signal);
}

/** A file that the browser cannot show: the library says why. */
async function refuse(
  /** @type {Blob} */ blob,
  /** @type {string} */ name,
  /** @type {AbortSignal} */ signal,
) {
  try {
    const segmenter = await models.load('selfie');
    await segmenter.segment(blob, { signal });
    throw Object.assign(new Error('this browser cannot show the picture'), { code: 'UNSUPPORTED_PICTURE' });
  } catch (error) {
    if (!signal.aborted) fail(error, () => take(blob, name));
  }
}

/**
 * @param {Picture} of
 * @param {AbortSignal} signal
 * @param {number} [wait] Milliseconds in which a newer turn may replace this one.
 */
async function cut(of, signal, wait = 0) {
  const wanted = controls.wanted();
  const model = models.modelFor(wanted.subject);
  const key = `${wanted.subject} ${wanted.intensity}`;
  const known = of.cuts.get(key);
  try {
    if (known) return await settle({ picture: of, cut: known, wanted }, signal);
    if (wait) {
      say('painting');
      await new Promise((resolve) => setTimeout(resolve, wait));
      if (signal.aborted) return;
    }
    say(models.isReady(model) ? 'working' : 'loading', models.isReady(model) ? 'Cutting out…' : 'Loading…');
    const segmenter = await models.load(model, (progress) => {
      if (turn.signal === signal) showProgress(wanted.subject, progress);
    });
    if (signal.aborted) return;
    hideProgress();
    say('working', 'Cutting out…');
    const { subject, intensity } = wanted;
    const matte = await segmenter.segment(of.blob, { of: subject, intensity, signal });
    if (signal.aborted) return;
    const made = await makeCut(matte, of.photo.width, of.photo.height);
    if (signal.aborted) return;
    keep(of.cuts, key, made);
    await settle({ picture: of, cut: made, wanted }, signal);
  } catch (error) {
    if (signal.aborted) return;
    const { code } = /** @type {{ code?: string }} */ (error);
    if (code === 'INTERNAL' || code === 'CLOSED' || code === 'ROLLED_BACK') models.forget(model);
    fail(error, () => {
      controls.restore(wanted);
      present(of);
      cut(of, nextTurn());
    });
  }
}

/** A picture of the visitor's to put behind the subject. @param {File} file */
async function takeScene(file) {
  try {
    const { blob, photo } = await open(file, file.name, stage.room());
    controls.addScene({ name: file.name, whole: blob, small: photo });
  } catch (error) {
    const code = error instanceof RangeError ? 'PICTURE_TOO_LARGE' : 'UNSUPPORTED_PICTURE';
    showNotice(ofError({ code }), error instanceof Error ? error.message : '');
  }
}

/** Puts a picture on the stage, as yet without a result. @param {Picture} next */
function present(next) {
  picture = next;
  sight.abort();
  sight = new AbortController();
  stage.showPicture(next);
  controls.measure(next);
  samples.mark(next.sample);
}

/** Puts a finished cut on show. @param {Shown} next @param {AbortSignal} signal */
async function settle(next, signal) {
  if (shown && shown.picture !== next.picture) shown.picture.photo.close();
  shown = next;
  say('painting');
  await paintShown(next);
  if (signal.aborted) return;
  const { matte, coverage } = next.cut;
  const nothing = coverage < LEAST_COVERAGE;
  explainNothing(next.wanted.subject);
  const infos = await models.infos();
  const info = await models.infoFor(next.wanted.subject);
  if (signal.aborted) return;
  if (info) showStats(matte, info, infos);
  if (info) showExecutor(info);
  download.disabled = nothing;
  const spent = time(matte.timings.totalMs);
  const deed = next.wanted.view === 'recolor' ? 'Recoloured' : 'Cut out';
  say('done', nothing ? `Nothing to cut out, after ${spent}` : `${deed} in ${spent}`);
}

/** Paints what is on show again, as the controls want it now. */
async function repaint() {
  // What is on its way to the stage will look so by itself.
  if (!shown || shown.picture !== picture) return;
  const [before, { signal }] = [state(), turn];
  const resting = before === 'done' || before === 'error';
  if (resting) say('painting');
  try {
    await paintShown(shown);
    // A turn that came meanwhile says by itself where it stands.
    if (resting && !signal.aborted) say(before);
  } catch (error) {
    fail(error, repaint);
  }
}

/** @param {Shown} of */
function paintShown({ picture, cut, wanted }) {
  return paint({ picture, cut, look: controls.look(wanted.view), signal: sight.signal });
}

/** Says what went wrong; the last good picture comes back. @param {unknown} error @param {() => void} again */
function fail(error, again) {
  hideProgress();
  const words = ofError(error);
  const detail = error instanceof Error ? error.message : String(error);
  say('error', 'That did not work');
  showNotice(words, detail, words.retry ? again : undefined);
  if (!shown) {
    part('welcome').hidden = picture !== undefined;
    return;
  }
  controls.restore(shown.wanted);
  if (picture !== shown.picture) {
    present(shown.picture);
    repaint();
  }
  download.disabled = shown.cut.coverage < LEAST_COVERAGE;
}

download.addEventListener('click', async () => {
  if (!shown) return;
  const { signal } = turn;
  download.disabled = true;
  download.setAttribute('aria-busy', 'true');
  try {
    await exportPng(shown.picture, shown.cut.matte, controls.look(shown.wanted.view));
  } catch (error) {
    const title = 'The picture could not be written.';
    showNotice({ title, next: 'Try a smaller picture.' }, String(error));
  } finally {
    // A turn that came meanwhile enables it by itself, once there is something new to save.
    if (!signal.aborted) download.disabled = false;
    download.removeAttribute('aria-busy');
  }
});

part('compare').addEventListener('click', () => {
  comparing = !comparing;
  stage.setCompare(comparing);
});

makeExecutorControl(
  () => {
    models.forgetAll();
    if (!picture) return;
    picture.cuts.clear();
    cut(picture, nextTurn());
  },
  () => models.loseGpu(),
);
models.hearExecutors(async () => {
  const info = await models.infoFor(controls.wanted().subject);
  if (info) showExecutor(info);
});

const samples = makeSamples(take, (error) => showNotice(ofError(error), String(error)));
makeIntake(
  (file) => take(file, file.name),
  takeScene,
  () => showNotice({ title: 'That was no file.', next: 'Drop or paste a picture file.' }, ''),
);
makeCamera(
  (blob) => take(blob, 'camera.png'),
  (error) => showNotice(ofCamera(error), error instanceof Error ? error.message : ''),
);

stage.setCompare(comparing);
// The download starts at once; the first portrait is fetched beside it.
models.load('selfie').catch(() => {});
if (!(await samples.showFirst())) {
  part('welcome').hidden = false;
  const signal = nextTurn();
  try {
    say('loading', 'Loading…');
    await models.load('selfie', (progress) => turn.signal === signal && showProgress('person', progress));
    if (!signal.aborted) say('ready', 'Ready');
  } catch (error) {
    if (!signal.aborted) fail(error, () => location.reload());
  }
}
