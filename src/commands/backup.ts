import { join, dirname } from 'node:path';
import { loadConfig } from '../config/load.js';
import { MoonteeError } from '../core/errors.js';
import { packageVersion } from '../core/package-version.js';
import { askServer } from '../hosts/control-socket.js';
import { parseDataFile } from '../hosts/data-file.js';
import { readBackup, writeBackup } from '../storage/backup.js';
import {
  isDataFileName,
  readDataFiles,
  replaceDataFiles,
  type DataFile,
} from '../storage/data-files.js';
import { withFolder } from './data-folder.js';
import type { Invocation } from './invocation.js';
import { print, printJson } from './output.js';

/** `moontee backup FILE`: what the data folder holds, of one moment, also beside a running server. */
export async function backup(call: Invocation): Promise<number> {
  const { config } = loadConfig(call.settings);
  const path = call.argument(0);
  const files: DataFile[] = [];
  const ask = (): Promise<boolean> =>
    askServer(config.data_path, { command: 'backup' }, (item) => {
      if (!('file' in item)) return;
      const { name, content } = item.file;
      if (isDataFileName(name)) files.push({ name, content });
    });
  if (!(await ask())) {
    const read = async (): Promise<void> => {
      files.push(...(await readDataFiles(config.data_path)));
    };
    await withFolder(config, read, { instead: ask });
  }
  if (files.length === 0) {
    const folder = dirname(config.data_path);
    throw new MoonteeError('BACKUP_INVALID', `The data folder ${folder} has nothing to back up`);
  }
  await writeBackup(path, files, packageVersion());
  const names = files.map(({ name }) => name);
  if (call.flag('json')) printJson({ file: path, files: names });
  else
    print(
      `${path} holds ${names.join(', ')}. It has private keys: keep it as you keep a password.`,
    );
  return 0;
}

/** `moontee restore FILE`: puts a backup in the place of what the data folder holds. */
export async function restore(call: Invocation): Promise<number> {
  const { config } = loadConfig(call.settings);
  const path = call.argument(0);
  const files = await readBackup(path);
  for (const { name, content } of files) assertWhole(name, content);
  const kept: string[] = [];
  const replace = async (): Promise<void> => {
    const before = await readDataFiles(config.data_path);
    if (before.length > 0) {
      const moment = new Date().toISOString().replace(/\D/g, '').slice(0, 17);
      const copy = join(dirname(config.data_path), `before-restore-${moment}.json`);
      await writeBackup(copy, before, packageVersion());
      kept.push(copy);
    }
    await replaceDataFiles(config.data_path, files);
  };
  // A server that runs would write over it.
  await withFolder(config, replace, { patience: 0 });
  if (call.flag('json')) {
    printJson({ files: files.map(({ name }) => name), kept: kept[0] ?? null });
    return 0;
  }
  print(`${path} is restored to ${dirname(config.data_path)}.`);
  for (const copy of kept) print(`What was there before is in ${copy}.`);
  return 0;
}

/** @throws CONFIG_INVALID before anything is replaced */
function assertWhole(name: string, content: string): void {
  if (name === 'token-key') return;
  if (name === 'data.json') {
    parseDataFile(content, name);
    return;
  }
  try {
    JSON.parse(content);
  } catch {
    throw new MoonteeError('BACKUP_INVALID', `${name} in the backup is damaged`);
  }
}
