import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import fc from 'fast-check';
import { compareDebianVersions, upstreamOf } from '../../src/gst/debian-version.js';
import { debianVersion } from '../../src/gst/installed.js';
import {
  describeAbilities,
  isAble,
  knownHoles,
  REACHABLE_PACKAGE,
} from '../../src/gst/versions.js';

/** In Debian's order. */
const ORDERED = [
  '0.9',
  '1.0~~',
  '1.0~~a',
  '1.0~',
  '1.0~rc1-1',
  '1.0',
  '1.0-1~bpo12+1',
  '1.0-1',
  '1.0-1+b1',
  '1.0-1+deb12u1',
  '1.0-1+deb12u9',
  '1.0-1+deb12u10',
  '1.0-1.1',
  '1.0a-1',
  '1.0+dfsg-1',
  '1.0.1-1',
  '1.9.0',
  '1.10.0',
  '1.22.0-4+deb12u8',
  '1.26.2-3+deb13u3',
  '1.26.2-3+deb13u4',
  '1:0.1',
];

test('versions are ordered as Debian orders them', (t) => {
  for (const [i, one] of ORDERED.entries()) {
    for (const [j, other] of ORDERED.entries()) {
      t.is(Math.sign(compareDebianVersions(one, other)), Math.sign(i - j), `${one} ${other}`);
    }
  }
  t.is(compareDebianVersions('1.0', '1.0-0'), 0);
  t.is(compareDebianVersions('1.01', '1.1'), 0);
  t.is(upstreamOf('1:1.22.0-rc1-4+deb12u8'), '1.22.0-rc1');
  t.is(upstreamOf('1.28.5'), '1.28.5');
});

test('and so does dpkg', (t) => {
  const dpkg = spawnSync('dpkg', ['--version']).status === 0;
  if (!dpkg) {
    t.pass('no dpkg here');
    return;
  }
  const piece = fc.stringMatching(/^[0-9a-z.+~]{0,5}$/);
  const version = fc
    .tuple(fc.stringMatching(/^[0-9][0-9a-z.+~]{0,6}$/), fc.option(piece))
    .map(([upstream, revision]) => (revision ? `${upstream}-${revision}` : upstream));
  const pairs = fc.sample(fc.tuple(version, version), 200);
  const script = pairs
    .map(
      ([a, b]) => `for o in lt eq gt; do dpkg --compare-versions '${a}' $o '${b}' && echo $o; done`,
    )
    .concat('true')
    .join('\n');
  const answers = execFileSync('sh', { input: script, encoding: 'utf8' }).trim().split('\n');
  t.is(answers.length, pairs.length);
  for (const [index, [a, b]] of pairs.entries()) {
    const sign = Math.sign(compareDebianVersions(a, b));
    t.is(['lt', 'eq', 'gt'][sign + 1], answers[index], `${a} ${b}`);
  }
});

test('who has the hole is told the version that has not', (t) => {
  const mended = (debian: string | null, gstreamer: string | null): string[] =>
    knownHoles({ debian, gstreamer, libnice: null }).map((hole) => `${hole.id} ${hole.mended}`);
  const of = (version: string): string[] => [`CVE-2026-59692 ${version}`];
  t.deepEqual(mended('1.22.0-4+deb12u7', '1.22.0'), of('1.22.0-4+deb12u8'));
  t.deepEqual(mended('1.22.0-4+deb12u8', '1.22.0'), []);
  t.deepEqual(mended('1.22.0-4+deb12u10', '1.22.0'), []);
  t.deepEqual(mended('1.22.0-4', '1.22.0'), of('1.22.0-4+deb12u8'));
  t.deepEqual(mended('1.26.2-3+deb13u3', '1.26.2'), of('1.26.2-3+deb13u4'));
  t.deepEqual(mended('1.26.2-3+deb13u4', '1.26.2'), []);
  t.deepEqual(mended('1.24.2-1ubuntu4', '1.24.2'), of('1.28.5'));
  t.deepEqual(mended('1.28.8-1', '1.28.8'), []);
  t.deepEqual(mended(null, '1.28.4'), of('1.28.5'));
  t.deepEqual(mended(null, '1.28.5'), []);
  t.deepEqual(mended(null, '1.29.2'), []);
  t.deepEqual(mended(null, '1.26.11'), of('1.28.5'));
  t.deepEqual(mended(null, null), []);
});

test('an ability needs all of its releases, and is unknown without a version', (t) => {
  const consent = (gstreamer: string | null, libnice: string | null): boolean | null =>
    isAble('checksConsent', { gstreamer, libnice, debian: null });
  t.true(consent('1.26.2', '0.1.22'));
  t.true(consent('1.24.0', '0.1.23'));
  t.false(consent('1.22.0', '0.1.22'));
  t.false(consent('1.26.2', '0.1.21'));
  t.false(consent('1.22.0', null));
  t.is(consent('1.26.2', null), null);
  const fingerprints = (gstreamer: string): boolean | null =>
    isAble('comparesFingerprints', { gstreamer, libnice: null, debian: null });
  t.deepEqual(['1.28.4', '1.28.5', '1.29.1'].map(fingerprints), [false, true, true]);
  t.is(describeAbilities({ gstreamer: '1.28.8', libnice: '0.1.23', debian: null }).length, 3);
  t.is(describeAbilities({ gstreamer: null, libnice: null, debian: null }).length, 0);
});

test('the installed version is read from dpkg’s list', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'moontee-dpkg-'));
  t.teardown(() => rm(folder, { recursive: true }));
  const status = join(folder, 'status');
  const paragraph = (name: string, state: string, version: string): string =>
    `Package: ${name}\nStatus: install ok ${state}\nDescription: x\n Version: 9\nVersion: ${version}\n`;
  await writeFile(
    status,
    [
      paragraph('other', 'installed', '2'),
      paragraph(REACHABLE_PACKAGE, 'config-files', '1.0'),
      paragraph(REACHABLE_PACKAGE, 'installed', '1.22.0-4+deb12u8'),
    ].join('\n'),
  );
  t.is(await debianVersion(REACHABLE_PACKAGE, status), '1.22.0-4+deb12u8');
  t.is(await debianVersion('missing', status), null);
  t.is(await debianVersion(REACHABLE_PACKAGE, join(folder, 'nowhere')), null);
});
