/**
 * The rooms of the house, and what each may import. This is the only place where that is
 * written: ESLint reads it (`boundaries/dependencies`), and ARCHITECTURE.md explains it.
 *
 * A room may only name rooms above it, so that no circle can be written down. Rooms of the
 * server process never name `media`, `gst` or `worker`, not even for a type.
 */
export const LAYERS = {
  // Shared by both processes.
  core: [],
  codec: ['core'],
  storage: ['core'],
  config: ['core'],
  moonlight: ['core'],
  input: ['core', 'moonlight'],
  protocol: ['core', 'codec', 'moonlight'],
  ice: ['core', 'config'],

  // The child process of a streamer.
  media: ['core', 'ice', 'moonlight'],
  gst: ['core', 'ice', 'moonlight', 'media'],
  worker: ['core', 'codec', 'protocol', 'ice', 'moonlight', 'input', 'media', 'gst'],

  // The server process.
  access: ['core', 'codec', 'protocol', 'storage'],
  http: ['core', 'codec', 'config', 'access'],
  streamer: ['core', 'codec', 'protocol', 'storage', 'config', 'moonlight', 'ice'],
  recordings: ['core', 'codec', 'protocol', 'storage', 'streamer'],
  hosts: ['core', 'codec', 'protocol', 'storage', 'moonlight', 'streamer'],
  signaling: ['core', 'codec', 'protocol', 'ice', 'access', 'http', 'hosts', 'streamer'],
  api: [
    ...['core', 'codec', 'protocol', 'config', 'moonlight', 'access', 'http'],
    ...['hosts', 'streamer', 'recordings'],
  ],
  server: [
    ...['core', 'protocol', 'config', 'storage', 'moonlight', 'ice', 'access', 'http'],
    ...['streamer', 'recordings', 'hosts', 'signaling', 'api'],
  ],

  // Programs of their own.
  'demo-host': ['core', 'moonlight', 'gst'],
  mcp: ['core', 'protocol'],
  commands: [
    'core',
    'codec',
    'storage',
    'config',
    'protocol',
    'moonlight',
    'ice',
    'hosts',
    'gst',
    'streamer',
    'server',
    'demo-host',
    'mcp',
  ],

  // The browser. The client is a package of its own: its types come from the OpenAPI document.
  client: [],
  web: ['client'],
};

const names = Object.keys(LAYERS);
for (const [room, allowed] of Object.entries(LAYERS)) {
  for (const name of allowed) {
    if (!names.slice(0, names.indexOf(room)).includes(name)) {
      throw new Error(`layers.js: ${room} names ${name}, which is not above it`);
    }
  }
}

/** Where each room is. */
export const ROOMS = names.map((type) => ({
  type,
  pattern: type === 'client' || type === 'web' ? type : `src/${type}`,
  partialMatch: false,
}));
