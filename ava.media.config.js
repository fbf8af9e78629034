import base from './ava.config.js';

export const MEDIA_FOLDERS = [
  'attack',
  'demo-host',
  'e2e',
  'examples',
  'gst',
  'matrix',
  'network',
  'web',
];

/** Encoders, pipelines and browsers, in real time. */
export default {
  ...base,
  files: MEDIA_FOLDERS.map((folder) => `test/${folder}/**/*.test.ts`),
};
