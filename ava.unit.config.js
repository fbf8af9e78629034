import base from './ava.config.js';
import { MEDIA_FOLDERS } from './ava.media.config.js';

/** What needs neither GStreamer nor a browser: sockets, processes and plain code. */
export default {
  ...base,
  files: [...base.files, ...MEDIA_FOLDERS.map((folder) => `!test/${folder}/**`)],
};
