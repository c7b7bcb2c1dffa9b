/** Smoke run in Firefox: a fixture, cut on the CPU, is the native matte. */

import { FIREFOX, openFirefox } from './lib/bidi.mjs';
import { smoke } from './lib/smoke.mjs';
import { ring } from './lib/ring.mjs';

ring('Firefox', { Firefox: FIREFOX }, (t) => smoke(t, openFirefox));
