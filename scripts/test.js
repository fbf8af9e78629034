/**
 * Runs all tests (`test/tiers.js`), and ends with one closing line. Plain code is first, and then all the
 * others, mixed, with `npm run check` beside them. With arguments it is ava: `npm test -- test/x.test.ts`.
 */
import { spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { compileAll } from './typescript-cache.js';

const ROOT = dirname(import.meta.dirname);
const AVA = join(ROOT, 'node_modules', '.bin', 'ava');
const SOURCES = ['src', 'client', 'web', 'attack', 'fuzz', 'scripts', 'test'];
/** What runs beside each other: configurations of ava, and the check. */
const PHASES = [['unit'], ['mixed', 'check']];
/** A test that ava has seen pass; its own final count leaves passes out if a test has failed. */
const PASSED = /^ *✔ /gm;
/** Between its lines and its account of failures. */
const DIVIDER = '\n  ─\n';
const FAILED =
  /^ *(\d+) (?:tests? failed|tests? remained pending|uncaught exceptions?|unhandled rejections?)/gm;

const given = process.argv.slice(2);
if (given.length > 0) {
  const ava = spawn(process.execPath, [AVA, ...given], { cwd: ROOT, stdio: 'inherit' });
  process.exitCode = await exitOf(ava);
} else {
  await runAll();
}

async function runAll() {
  await compileAll(SOURCES.flatMap(typescriptIn));
  const results = [];
  for (const parts of PHASES) results.push(...(await Promise.all(parts.map(timed))));
  // Each part's account of its failures, which ava gives at the end.
  for (const { part, output, seconds } of results) {
    const account = output.indexOf(DIVIDER);
    const took = `${Math.round(seconds)} s`;
    process.stdout.write(`\n${part}, ${took}:\n${account === -1 ? '' : output.slice(account + 1)}`);
  }
  const passed = sum(results.map(({ output }) => output.match(PASSED)?.length ?? 0));
  const failed = sum(results.map(failures));
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`);
  process.exitCode = Math.max(...results.map(({ code }) => code));
}

function typescriptIn(folder) {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .filter((file) => /(?<!\.d)\.ts$/.test(file) && !file.includes('node_modules'))
    .map((file) => join(ROOT, folder, file));
}

async function timed(part) {
  const began = performance.now();
  const result = await (part === 'check' ? runCheck() : runAva(`ava.${part}.config.js`));
  return { part, ...result, seconds: (performance.now() - began) / 1000 };
}

/** Counts as one test; its output follows those of ava. */
async function runCheck() {
  // It takes what the tests leave, some of which run in real time.
  const check = spawn('nice', ['-n', '19', 'npm', 'run', '--silent', 'check'], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [check.stdout, check.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk) => (output += chunk));
  }
  const code = await exitOf(check);
  const verdict = code === 0 ? '✔ npm run check' : '1 test failed';
  return { code, output: `${DIVIDER}\n${output}\n  ${verdict}\n` };
}

/** Its lines appear as they come, so that what hangs can be seen. */
async function runAva(config) {
  const ava = spawn(process.execPath, [AVA, '--config', config], {
    cwd: ROOT,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let account = false;
  for (const stream of [ava.stdout, ava.stderr]) {
    stream.setEncoding('utf8');
    stream.on('data', (chunk) => {
      output += chunk;
      account ||= output.includes(DIVIDER);
      if (!account) process.stdout.write(chunk);
    });
  }
  const code = await exitOf(ava);
  return { code, output };
}

/** At least one if the run failed, whatever it printed. */
function failures({ code, output }) {
  const counted = sum([...output.matchAll(FAILED)].map(([, count]) => Number(count)));
  return Math.max(counted, code === 0 ? 0 : 1);
}

async function exitOf(child) {
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    // Ended by a signal it has failed.
    child.once('close', (code) => resolve(code ?? 1));
  });
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}
