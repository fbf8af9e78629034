/**
 * Module hooks for TypeScript in ES modules. Types are taken out, not checked: `npm run check` does that.
 * https://nodejs.org/docs/latest-v20.x/api/module.html#customization-hooks
 */
import { mkdirSync, readFileSync, renameSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(import.meta.dirname);
const CACHE = join(ROOT, '.cache', 'typescript');
const RELATIVE = /^\.{1,2}\//;

/** `./x.js` in a TypeScript file means `./x.ts`, if there is one. */
export async function resolve(specifier, context, next) {
  const { parentURL } = context;
  if (parentURL?.endsWith('.ts') && RELATIVE.test(specifier) && specifier.endsWith('.js')) {
    const url = new URL(`${specifier.slice(0, -3)}.ts`, parentURL);
    if (statSync(url, { throwIfNoEntry: false })) return found(url.href);
  }
  if (specifier.startsWith('file:') && specifier.endsWith('.ts')) return found(specifier);
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const path = fileURLToPath(url);
  const source = readCompiled(path) ?? (await compile(path));
  return { format: 'module', source, shortCircuit: true };
}

function found(url) {
  return { url, format: 'module', shortCircuit: true };
}

function cacheOf(path) {
  return join(CACHE, `${relative(ROOT, path).replaceAll('..', '_')}.js`);
}

/** Null if this version of the file is missing: both have the same time. */
function readCompiled(path) {
  const cache = cacheOf(path);
  return modified(cache) === modified(path) ? readFileSync(cache) : null;
}

/** What is left stays in its place, so that no source map is needed: Node would parse each at every start. */
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
