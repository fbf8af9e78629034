export default {
  files: ['test/**/*.test.ts'],
  extensions: { ts: 'module' },
  nodeArguments: ['--import=./scripts/typescript.js'],
  workerThreads: false,
  // One file at a time: Chromium, encoders and real-time sockets need the cores to themselves.
  concurrency: 1,
  timeout: '4m',
};
