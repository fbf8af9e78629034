import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import test, { type ExecutionContext } from 'ava';
import { temporaryFolder } from '../support/server.js';

const ROOT = join(import.meta.dirname, '..', '..');
const run = promisify(execFile);

/** The built package as `node_modules/@moontee/client` of a project of its own. */
async function installed(t: ExecutionContext): Promise<{ project: string; built: string }> {
  const project = await temporaryFolder(t);
  const built = join(project, 'built');
  await run(process.execPath, [join(ROOT, 'scripts/build-client.js'), '--dir', built]);
  await mkdir(join(project, 'node_modules/@moontee'), { recursive: true });
  await symlink(built, join(project, 'node_modules/@moontee/client'));
  await writeFile(join(project, 'package.json'), '{"type":"module"}');
  return { project, built };
}

const USE = `
import { MoonteeApi, ViewerConnection, type StreamerInfo } from '@moontee/client';
import { ApiError, MoonteeApi as Api } from '@moontee/client/rest';

export async function statusOf(api: MoonteeApi, id: string): Promise<StreamerInfo['status']> {
  return (await api.getStreamer(id)).status;
}
export function view(api: MoonteeApi, element: HTMLVideoElement): ViewerConnection {
  const viewer = new ViewerConnection({ api, streamerId: 'desk' });
  viewer.on('stream', (stream) => (element.srcObject = stream));
  return viewer;
}
// @ts-expect-error: 'asleep' is no status
export const wrong: StreamerInfo['status'] = 'asleep';
const sink: typeof Api = MoonteeApi;
console.log(sink.name, new ApiError(404, 'X', 'y').isUnauthorized);
`;

const PROJECT = {
  compilerOptions: {
    strict: true,
    module: 'nodenext',
    target: 'es2022',
    lib: ['es2023', 'dom'],
    skipDefaultLibCheck: true,
    types: [],
  },
  files: ['use.ts'],
};

test('the package has what it needs and nothing else', async (t) => {
  t.timeout(120_000);
  const { project, built } = await installed(t);
  const { stdout } = await run('npm', ['pack', '--dry-run', '--json', '--offline'], {
    cwd: built,
    env: { ...process.env, npm_config_cache: join(project, 'cache') },
  });
  // A list until npm 11, by the name of the package from 12 on.
  const packs = Object.values(JSON.parse(stdout) as Record<string, { files: { path: string }[] }>);
  const packed = packs.flatMap(({ files }) => files.map(({ path }) => path));
  const declarations = (await readdir(join(ROOT, 'client')))
    .filter((name) => name.endsWith('.ts'))
    .map((name) => name.replace(/\.ts$/, '.d.ts'));
  t.deepEqual(packed.filter((name) => name.endsWith('.d.ts')).sort(), declarations.sort());
  const others = packed.filter((name) => !name.endsWith('.d.ts') && !name.startsWith('chunk-'));
  t.deepEqual(others.sort(), [
    ...['LICENSE', 'README.md', 'index.js', 'index.js.map'],
    ...['package.json', 'rest.js', 'rest.js.map'],
  ]);

  // Nothing but its own files is imported.
  for (const name of packed.filter((path) => /\.(?:js|d\.ts)$/.test(path))) {
    const text = await readFile(join(built, name), 'utf8');
    const imports = [...text.matchAll(/(?:from|import)\s*\(?["']([^"']+)["']/g)];
    for (const [, target = ''] of imports)
      t.regex(target, /^\.\/[\w-]+\.js$/, `${name}: ${target}`);
  }

  // Its types hold by themselves, and it loads where there is no browser.
  await writeFile(join(project, 'use.ts'), USE);
  await writeFile(join(project, 'tsconfig.json'), JSON.stringify(PROJECT));
  await run(process.execPath, [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', project]);
  const used = await run(process.execPath, [join(project, 'use.js')]);
  t.is(used.stdout, 'MoonteeApi false\n');
});

test('it has the version of the server', async (t) => {
  const versionOf = async (path: string): Promise<string> =>
    (JSON.parse(await readFile(join(ROOT, path), 'utf8')) as { version: string }).version;
  t.is(await versionOf('client/package.json'), await versionOf('package.json'));
});
