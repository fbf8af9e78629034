/**
 * Module hooks for TypeScript in ES modules. Types are taken out, not checked: `npm run check` does that.
 * https://nodejs.org/docs/latest-v20.x/api/module.html#customization-hooks
 */
import { statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { javascriptOf } from './typescript-cache.js';

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
  const source = await javascriptOf(fileURLToPath(url));
  return { format: 'module', source, shortCircuit: true };
}

function found(url) {
  return { url, format: 'module', shortCircuit: true };
}
