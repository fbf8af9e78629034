/**
 * What is left of TypeScript files without their types, kept in `.cache/typescript` until they change.
 *
 * What is left stays in its place, so that no source map is needed: Node would parse each at every start.
 */
import { mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = dirname(import.meta.dirname);
const CACHE = join(ROOT, '.cache', 'typescript');

/** @param path absolute @returns JavaScript */
export async function javascriptOf(path) {
  return readCompiled(path) ?? (await compile(path));
}

/** Ahead of many processes, each of which would read the compiler first. @param paths absolute */
export async function compileAll(paths) {
  for (const path of paths) if (!isCompiled(path)) await compile(path);
}

function cacheOf(path) {
  return join(CACHE, `${relative(ROOT, path).replaceAll('..', '_')}.js`);
}

/** Both have the same time. */
function isCompiled(path) {
  return modified(cacheOf(path)) === modified(path);
}

function readCompiled(path) {
  return isCompiled(path) ? readFileSync(cacheOf(path)) : null;
}

async function compile(path) {
  const milliseconds = modified(path);
  const { default: blank } = await import('ts-blank-space');
  const code = blank(readFileSync(path, 'utf8'), (node) => {
    throw new SyntaxError(`${path}: cannot be taken out: ${node.getText().slice(0, 80)}`);
  });
  const cache = cacheOf(path);
  mkdirSync(dirname(cache), { recursive: true });
  // Renamed, since others may read it meanwhile.
  const own = `${cache}.${process.pid}`;
  writeFileSync(own, code);
  utimesSync(own, milliseconds / 1000, milliseconds / 1000);
  renameSync(own, cache);
  return code;
}

/** Milliseconds; undefined if the file is missing. */
function modified(path) {
  const status = statSync(path, { throwIfNoEntry: false });
  return status && Math.round(status.mtimeMs);
}
