/** The files of a data folder, all together: what a backup holds. */
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AtomicFile } from './atomic-file.js';

/** Names in a backup; the first is that of `data_path`, whatever it is called. */
const HOSTS = 'data.json';
const NAMES = [HOSTS, 'identities.json', 'streamers.json', 'access.json', 'token-key'] as const;

export type DataFileName = (typeof NAMES)[number];

export interface DataFile {
  readonly name: DataFileName;
  readonly content: string;
}

export function isDataFileName(name: string): name is DataFileName {
  return NAMES.some((each) => each === name);
}

/**
 * Reads those that are there, all of one moment: nothing is written by this process meanwhile.
 *
 * @param dataPath file of the hosts
 */
export async function readDataFiles(dataPath: string): Promise<DataFile[]> {
  return AtomicFile.whileStill(async () => {
    const files: DataFile[] = [];
    for (const name of NAMES) {
      const content = await new AtomicFile(pathOf(dataPath, name)).read();
      if (content !== null) files.push({ name, content });
    }
    return files;
  });
}

/** Puts these in the place of all that are there. For who owns the folder. */
export async function replaceDataFiles(
  dataPath: string,
  files: readonly DataFile[],
): Promise<void> {
  for (const { name, content } of files) {
    await new AtomicFile(pathOf(dataPath, name)).write(content);
  }
  for (const name of NAMES) {
    if (!files.some((file) => file.name === name))
      await rm(pathOf(dataPath, name), { force: true });
  }
}

function pathOf(dataPath: string, name: DataFileName): string {
  return name === HOSTS ? dataPath : join(dirname(dataPath), name);
}
