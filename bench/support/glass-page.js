/**
 * Runs in the browser, in Moontee's page: reads the time that the demo host has drawn into the
 * picture, from each frame that the video element presents.
 */
const BITS = 32;
const MODULUS = 2 ** 24;
const ROW = 1 / 45;

/** The browser's clock in milliseconds, as the host's. */
const clock = () => performance.timeOrigin + performance.now();

const canvas = new OffscreenCanvas(BITS, 1);
const context = canvas.getContext('2d', { willReadFrequently: true });
context.imageSmoothingEnabled = false;

/** @returns milliseconds modulo 2²⁴, or null if the row cannot be read */
function readTime(video) {
  const { videoWidth: width, videoHeight: height } = video;
  const row = Math.max(8, Math.round(height * ROW) & ~1);
  // One pixel of the row's middle for each block.
  context.drawImage(video, 0, row / 2, width, 1, 0, 0, BITS, 1);
  const { data } = context.getImageData(0, 0, BITS, 1);
  let code = 0;
  for (let bit = 0; bit < BITS; bit += 1) code = code * 2 + (data[bit * 4 + 1] > 112 ? 1 : 0);
  const time = Math.floor(code / 256);
  const check = ((time >>> 16) ^ (time >>> 8) ^ time ^ 0xa5) & 0xff;
  return check === code % 256 ? time : null;
}

const ageOf = (time, now) => (((Math.floor(now) - time) % MODULUS) + MODULUS) % MODULUS;

globalThis.moonteeGlass = {
  /** Milliseconds from drawing to painting, a value for each picture. */
  ages: [],
  /** The age of what is to be seen, 20 times a second. */
  shown: [],
  unreadable: 0,
  last: null,
  lastAt: 0,
  reset() {
    this.ages = [];
    this.shown = [];
    this.unreadable = 0;
  },
  /** Pictures that were drawn at the host since `clock` are to be seen. */
  isFreshSince(at) {
    return this.last !== null && this.lastAt - ageOf(this.last, this.lastAt) > at;
  },
  clock,
};

const watch = (video) => {
  const look = (_now, { expectedDisplayTime }) => {
    const time = readTime(video);
    if (time === null) {
      moonteeGlass.unreadable += 1;
    } else {
      const at = performance.timeOrigin + expectedDisplayTime;
      moonteeGlass.last = time;
      moonteeGlass.lastAt = at;
      moonteeGlass.ages.push(ageOf(time, at));
    }
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
};

const waiting = setInterval(() => {
  const video = document.querySelector('video');
  if (!video) return;
  clearInterval(waiting);
  watch(video);
  setInterval(() => {
    if (moonteeGlass.last !== null) moonteeGlass.shown.push(ageOf(moonteeGlass.last, clock()));
  }, 50);
}, 10);
