/**
 * Prints who made what lies in a folder of npm packages, as paragraphs of Debian's copyright format.
 *
 *   node scripts/package-licences.js DIR
 */
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const [folder = 'node_modules'] = process.argv.slice(2);

const found = readdirSync(folder, { recursive: true })
  .filter((path) => path.endsWith('package.json'))
  .map((path) => dirname(join(folder, path)))
  // Of a package itself, not of a folder in it that says how its files are read.
  .filter((path) => /node_modules\/(@[^/]+\/)?[^/]+$/.test(path))
  .sort();
for (const path of found) {
  const { name, version, license, author } = JSON.parse(
    readFileSync(join(path, 'package.json'), 'utf8'),
  );
  const who = typeof author === 'string' ? author : author?.name;
  const text = readdirSync(path).find((file) => /^(licen[cs]e|copying)/i.test(file));
  const place = text && existsSync(join(path, text)) ? ` Its text is in ${text} there.` : '';
  process.stdout.write(
    [
      '',
      `Files: usr/lib/moontee/node_modules/${relative(folder, path)}/*`,
      `Copyright: ${who ?? `the authors of ${name}`}`,
      `License: ${license ?? 'see its files'}`,
      `Comment: ${name} ${version}.${place}`,
      '',
    ].join('\n'),
  );
}
