import { color } from './canvas.js';

export const THEME = {
  skyTop: color('#0b1020'),
  skyBottom: color('#1d2750'),
  panel: color('#182040'),
  panelEdge: color('#2b3766'),
  key: color('#26315c'),
  dim: color('#8b98c9'),
  text: color('#eef2ff'),
  accent: color('#5ea2ff'),
  warm: color('#ffb454'),
  moon: color('#f6f0d6'),
  red: color('#ff6b6b'),
  green: color('#58d6a0'),
  dark: color('#0b1020'),
  bit0: color('#101830'),
  bit1: color('#c9d6ff'),
} as const;

/** The places of the picture's parts, in pixels of a 1280×720 picture. */
export const LAYOUT = {
  width: 1280,
  height: 720,
  dial: { x: 40, y: 116, width: 280, height: 280 },
  keyboard: { x: 340, y: 116, width: 900, height: 280 },
  mouse: { x: 40, y: 412, width: 280, height: 224 },
  text: { x: 340, y: 412, width: 900, height: 60 },
  pads: { x: 340, y: 488, width: 900, height: 148, gap: 16 },
  track: { x: 40, y: 650, width: 1200, height: 20 },
  status: { x: 40, y: 680, width: 1200, height: 18 },
} as const;

export const PAD_COUNT = 4;
export const DIAL_DOTS = 60;

/** Milliseconds of the beep at each full second, and of its flash. */
export const BEEP_LENGTH = 120;
