/** A backup: one JSON file with the files of a data folder. */
import { open, readFile, rm } from 'node:fs/promises';
import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { MoonteeError } from '../core/errors.js';
import { isDataFileName, type DataFile } from './data-files.js';

/** Of what this version writes. It grows when an older version could not read it any more. */
const FORMAT = 1;

const Head = t.type({ moontee_backup: t.number });
const Backup = t.type({
  moontee_backup: t.literal(FORMAT),
  version: t.string,
  made_at: t.string,
  files: t.record(t.string, t.string),
});

/**
 * For its owner alone, since it holds private keys. A file that is there is left alone.
 *
 * @param version of Moontee
 * @throws BACKUP_INVALID if it cannot be written
 */
export async function writeBackup(
  path: string,
  files: readonly DataFile[],
  version: string,
): Promise<void> {
  const backup: t.TypeOf<typeof Backup> = {
    moontee_backup: FORMAT,
    version,
    made_at: new Date().toISOString(),
    files: Object.fromEntries(files.map(({ name, content }) => [name, content])),
  };
  try {
    const file = await open(path, 'wx', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(backup, null, 2)}\n`);
      await file.sync();
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
  } catch (cause) {
    const { code = '' } = cause as NodeJS.ErrnoException;
    const problem = code === 'EEXIST' ? 'is there already' : `cannot be written: ${code}`;
    throw new MoonteeError('BACKUP_INVALID', `${path} ${problem}`, { cause });
  }
}

/** @throws BACKUP_INVALID if it is none, or one of a later version */
export async function readBackup(path: string): Promise<DataFile[]> {
  const value = parsed(path, await readText(path));
  const head = Head.decode(value);
  if (!isRight(head)) throw new MoonteeError('BACKUP_INVALID', `${path} is no backup of Moontee`);
  const { moontee_backup: format } = head.right;
  if (format > FORMAT) {
    const words = `${path} has format ${format}; this version reads up to ${FORMAT}`;
    throw new MoonteeError(
      'BACKUP_INVALID',
      `${words}: use the version that wrote it, or a later one`,
    );
  }
  const backup = Backup.decode(value);
  if (!isRight(backup)) throw new MoonteeError('BACKUP_INVALID', `${path} is damaged`);
  return Object.entries(backup.right.files).map(([name, content]) => {
    if (isDataFileName(name)) return { name, content };
    throw new MoonteeError('BACKUP_INVALID', `${path} has a file of an unknown name`);
  });
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'does not exist' : 'cannot be read';
    throw new MoonteeError('BACKUP_INVALID', `${path} ${problem}`, { cause });
  }
}

function parsed(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MoonteeError('BACKUP_INVALID', `${path} is not valid JSON`);
  }
}
