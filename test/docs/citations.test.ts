import { readFile, readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import test from 'ava';

const ROOT = join(import.meta.dirname, '..', '..');
const PROTOCOL = join(ROOT, 'docs', 'protocol');
const FOLDERS = ['src', 'client', 'web', 'test', 'bench', 'attack', 'fuzz', 'examples', 'docs'];
const PAGES = ['README.md', 'ARCHITECTURE.md', 'CONTRIBUTING.md', 'DESIGN.md'];

/** A section of gamestream.md (`5.10`, `A.4`), of signaling.md (`b.3`, `c`) or of desktop-socket.md. */
const SECTION = /§?(?:\d+(?:\.\d+)?|A\.\d+|[a-e](?:\.\d+)?)(?![\w§])/;
/** A page, and the sections behind it as far as commas, dashes and "and" join them. */
const CITATION = new RegExp(
  String.raw`(gamestream|signaling|desktop-socket)\.md ((?:${SECTION.source})(?:(?:, | and |–|, and )(?:${SECTION.source}))*)`,
  'g',
);
/** A section without its page, in the rooms that speak GameStream alone. */
const BARE = /§(\d+(?:\.\d+)?)/g;
const GAMESTREAM_ROOMS = /^(?:src|test)\/(?:moonlight|demo-host)\//;
/** Other documents have sections too. */
const FOREIGN = /RFC|draft-|http|AV1 §4/;
/** The same of signaling.md. */
const BARE_INPUT = /(?:\/\*\* |\(|of )([a-e]\.\d)\b/g;
const SIGNALING_ROOMS = /^(?:src\/(?:input|api)|test\/(?:input|signaling))\//;

interface Citation {
  readonly page: string;
  readonly section: string;
  readonly where: string;
}

function citationsOf(text: string, path: string): Citation[] {
  // A citation may go on in the next line of a comment.
  const joined = text.replaceAll(/\n\s*(?:\*|\/\/) (?=§|[a-e]\.\d)/g, ' ');
  const found = [...joined.matchAll(CITATION)].flatMap(([whole, page = '', sections = '']) =>
    sections.split(/, and |, | and |–/).map((section) => ({
      page,
      section: section.replace('§', ''),
      where: `${path}: ${whole}`,
    })),
  );
  if (GAMESTREAM_ROOMS.test(path)) found.push(...bareCitations('gamestream', BARE, text, path));
  if (SIGNALING_ROOMS.test(path)) found.push(...bareCitations('signaling', BARE_INPUT, text, path));
  return found;
}

function bareCitations(page: string, pattern: RegExp, text: string, path: string): Citation[] {
  return text
    .split('\n')
    .filter((line) => !FOREIGN.test(line))
    .flatMap((line) => [...line.matchAll(pattern)])
    .map(([whole, section = '']) => ({ page, section, where: `${path}: ${whole}` }));
}

async function citations(): Promise<Citation[]> {
  const paths = [...PAGES.map((page) => join(ROOT, page))];
  for (const folder of FOLDERS) {
    const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true });
    for (const entry of entries) {
      const path = join(entry.parentPath, entry.name);
      if (entry.isFile() && /\.(?:ts|js|md|html)$/.test(entry.name)) paths.push(path);
    }
  }
  const found: Citation[] = [];
  for (const path of paths) {
    const name = relative(ROOT, path);
    if (/\/(?:generated|node_modules|dist)\//.test(name) || path.startsWith(PROTOCOL)) continue;
    found.push(...citationsOf(await readFile(path, 'utf8'), name));
  }
  return found;
}

/** `5.10`, `A.4`, `b.3`: the first word of each heading. */
async function sectionsOf(page: string): Promise<Set<string>> {
  const text = await readFile(join(PROTOCOL, `${page}.md`), 'utf8');
  return new Set([...text.matchAll(/^#+ (?:Appendix )?(\S+)/gm)].map(([, name = '']) => name));
}

test('every section that is cited has a heading', async (t) => {
  const sections: Record<string, Set<string>> = {
    gamestream: await sectionsOf('gamestream'),
    signaling: await sectionsOf('signaling'),
    'desktop-socket': await sectionsOf('desktop-socket'),
  };
  const all = await citations();
  t.true(all.length > 150, `${all.length} citations`);
  const lost = all.filter(({ page, section }) => sections[page]?.has(section) !== true);
  t.deepEqual(lost, []);
});

test('headings that are cited by name exist', async (t) => {
  const text = await readFile(join(PROTOCOL, 'gamestream.md'), 'utf8');
  const outbox = await readFile(join(ROOT, 'src/moonlight/enet/outbox.ts'), 'utf8');
  const channel = await readFile(join(ROOT, 'src/moonlight/enet/incoming-channel.ts'), 'utf8');
  const names = [...`${outbox}${channel}`.matchAll(/gamestream\.md §7\.2, "([^"]+)"/g)];
  t.true(names.length > 0);
  for (const [, name = ''] of names) t.true(text.includes(`\n#### ${name}\n`), name);
});

test('a citation is found with all its sections', (t) => {
  const found = citationsOf('gamestream.md §7.3–7.7, §8 and §9.5; signaling.md b.4, b.7), c', 'x');
  t.deepEqual(
    found.map(({ page, section }) => `${page} ${section}`),
    [
      ...['gamestream 7.3', 'gamestream 7.7', 'gamestream 8', 'gamestream 9.5'],
      ...['signaling b.4', 'signaling b.7'],
    ],
  );
});
