import { existsSync } from 'node:fs';
import { readFile, readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import test from 'ava';
import { CLIENT_TYPES, clientTypes } from '../../scripts/client-types.js';
import { generatedPages } from '../../scripts/generate-docs.js';

const ROOT = join(import.meta.dirname, '..', '..');

test('generated pages are what the code says', async (t) => {
  for (const [path, text] of Object.entries(generatedPages())) {
    t.is(await readFile(join(ROOT, path), 'utf8'), text, `${path}: npm run generate:docs`);
  }
});

test('the types of the client are those of the OpenAPI document', async (t) => {
  const text = await readFile(join(ROOT, CLIENT_TYPES), 'utf8');
  t.is(text, await clientTypes(ROOT), 'npm run generate:docs');
});

test('links between pages lead somewhere', async (t) => {
  const docs = (await readdir(join(ROOT, 'docs'), { recursive: true })).map((name) =>
    join('docs', name),
  );
  const pages = [...(await rootPages()), 'bench/README.md', 'examples/README.md', ...docs];
  for (const page of pages.filter((name) => name.endsWith('.md'))) {
    const text = await readFile(join(ROOT, page), 'utf8');
    for (const [, target = ''] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      t.true(existsSync(join(ROOT, dirname(page), target)), `${page} → ${target}`);
    }
  }
});

async function rootPages(): Promise<string[]> {
  return (await readdir(ROOT)).filter((name) => name.endsWith('.md'));
}
