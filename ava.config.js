export default {
  files: ['test/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=tsx'],
  workerThreads: false,
  // GStreamer, Chromium and sockets share two cores with everything else.
  concurrency: 2,
  timeout: '4m',
};
