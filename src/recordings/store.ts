import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { isRight } from 'fp-ts/lib/Either.js';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import { recordingFileName, recordingFileNumber } from '../protocol/recording-files.js';
import { AtomicFile } from '../storage/atomic-file.js';
import { RecordingRecord } from './record.js';

/** Only folders of such names are ours; none of their letters comes from the network. */
const ID = /^\d{8}T\d{6}Z-[0-9a-f]{8}$/;
const SIDECAR = 'recording.json';

export interface RecordedFile {
  readonly number: number;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
}

/**
 * The recordings on disk, a folder each: numbered files, and a sidecar that names the streamer.
 * A folder appears under its name with its sidecar in it, so that a list never shows half of one.
 */
export class RecordingStore {
  readonly folder: string;
  readonly #log: Log;
  readonly #records = new Map<string, RecordingRecord>();

  private constructor(folder: string, log: Log) {
    this.folder = folder;
    this.#log = log;
  }

  /**
   * Finds what is there. A recording that ran when the server was killed has ended.
   *
   * @throws CONFIG_INVALID if the folder cannot be used
   */
  static async open(folder: string, log: Log): Promise<RecordingStore> {
    const store = new RecordingStore(folder, log);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      const names = (await readdir(folder)).sort();
      for (const name of names.filter((each) => ID.test(each))) await store.#load(name);
      const halves = names.filter((each) => each.startsWith('.') && ID.test(each.slice(1)));
      await Promise.all(halves.map((name) => rm(join(folder, name), { recursive: true })));
    } catch (cause) {
      throw new MoonteeError('CONFIG_INVALID', `recordings_path ${folder} cannot be used`, {
        cause,
      });
    }
    return store;
  }

  /** @throws RECORDING_FAILED if the folder cannot be made */
  async create(streamerId: string): Promise<RecordingRecord> {
    const now = new Date();
    const stamp = now.toISOString().replace(/\.\d+|[-:]/g, '');
    const id = `${stamp}-${randomBytes(4).toString('hex')}`;
    const record = {
      ...{ recording_id: id, streamer_id: streamerId, started_at: now.toISOString() },
      ...{ ended_at: null, code: null, reason: null },
    };
    const half = join(this.folder, `.${id}`);
    try {
      await mkdir(half, { mode: 0o700 });
      await new AtomicFile(join(half, SIDECAR)).write(JSON.stringify(record));
      await rename(half, this.folderOf(id));
    } catch (cause) {
      await rm(half, { recursive: true, force: true }).catch(() => undefined);
      throw new MoonteeError('RECORDING_FAILED', 'The recording cannot be written', { cause });
    }
    this.#records.set(id, record);
    return record;
  }

  /** It has ended; only the first end counts, and is returned. Never rejects. */
  async end(id: string, code: string, reason: string): Promise<RecordingRecord | null> {
    const record = this.#records.get(id);
    if (record === undefined || record.ended_at !== null) return null;
    const ended = { ...record, ended_at: new Date().toISOString(), code, reason };
    this.#records.set(id, ended);
    try {
      await new AtomicFile(join(this.folderOf(id), SIDECAR)).write(JSON.stringify(ended));
    } catch (error) {
      // A full disk may be why it ended; after a restart it counts as interrupted.
      this.#log.warn({ err: error, recording_id: id }, 'end of a recording not saved');
    }
    return ended;
  }

  folderOf(id: string): string {
    return join(this.folder, id);
  }

  /** Oldest first. */
  list(): RecordingRecord[] {
    return [...this.#records.values()];
  }

  /** @throws RECORDING_NOT_FOUND */
  require(streamerId: string, id: string): RecordingRecord {
    const record = this.#records.get(id);
    if (record?.streamer_id !== streamerId) throw new MoonteeError('RECORDING_NOT_FOUND');
    return record;
  }

  async files(id: string): Promise<RecordedFile[]> {
    const folder = this.folderOf(id);
    const names = await readdir(folder).catch(() => []);
    const found = names.map(async (name): Promise<RecordedFile[]> => {
      const number = recordingFileNumber(name);
      if (number === null) return [];
      const facts = await stat(join(folder, name)).catch(() => null);
      if (!facts?.isFile()) return [];
      return [{ number, bytes: facts.size, modifiedAt: facts.mtimeMs }];
    });
    return (await Promise.all(found)).flat().sort((a, b) => a.number - b.number);
  }

  /** @throws RECORDING_NOT_FOUND if it has no such file */
  async openFile(id: string, number: number): Promise<FileHandle> {
    const path = join(this.folderOf(id), recordingFileName(number));
    try {
      return await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (cause) {
      throw new MoonteeError('RECORDING_NOT_FOUND', 'The recording has no such file', { cause });
    }
  }

  /** Bytes of the files of one recording. */
  async bytesOf(id: string): Promise<number> {
    return (await this.files(id)).reduce((sum, { bytes }) => sum + bytes, 0);
  }

  async remove(id: string): Promise<void> {
    this.#records.delete(id);
    await rm(this.folderOf(id), { recursive: true, force: true });
  }

  async #load(id: string): Promise<void> {
    const record = readRecord(await new AtomicFile(join(this.folderOf(id), SIDECAR)).read());
    if (record?.recording_id !== id) {
      this.#log.warn({ recording_id: id }, 'recording without a readable sidecar is left out');
      return;
    }
    this.#records.set(id, record);
    await this.end(id, 'STREAMER_FAILED', 'The server stopped while the recording ran');
  }
}

function readRecord(text: string | null): RecordingRecord | null {
  try {
    const decoded = RecordingRecord.decode(JSON.parse(text ?? ''));
    return isRight(decoded) ? decoded.right : null;
  } catch {
    return null;
  }
}
