/** Pictures on their way from a GStreamer thread to JavaScript: a named pipe, and where a picture ends. */
import { execFile } from 'node:child_process';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MoonteeError } from '../core/errors.js';

const run = promisify(execFile);
/** Milliseconds for a program that makes one file. */
const MKFIFO_TIMEOUT_MS = 5_000;

export class PicturePipe {
  /** Of the end that is written to. */
  readonly fd: number;
  readonly #socket: Socket;
  #closed = false;

  /** @throws PIPELINE_FAILED */
  static async create(onBytes: (bytes: Buffer) => void): Promise<PicturePipe> {
    const folder = await mkdtemp(join(tmpdir(), 'moontee-snapshot-'));
    try {
      const path = join(folder, 'pipe');
      await run('mkfifo', ['-m', '600', path], { timeout: MKFIFO_TIMEOUT_MS });
      return new PicturePipe(path, onBytes);
    } catch (cause) {
      throw new MoonteeError('PIPELINE_FAILED', 'No pipe for pictures', { cause });
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  private constructor(path: string, onBytes: (bytes: Buffer) => void) {
    const readEnd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
    this.fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    this.#socket = new Socket({ fd: readEnd, readable: true, writable: false });
    this.#socket.on('data', onBytes);
    this.#socket.on('error', () => undefined);
  }

  /** Nothing may write to it any more. Idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#socket.destroy();
    closeSync(this.fd);
  }
}

/** A picture out of pieces of bytes. */
export interface PictureReader {
  /** @returns the pictures that end in this piece @throws PIPELINE_FAILED if there are none for too long */
  push(bytes: Buffer): PictureBytes[];
}

export interface PictureBytes {
  readonly data: Buffer;
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

const PNG_HEAD_BYTES = 8;
/** Length and type before a chunk's data, and the check behind it. */
const CHUNK_FRAME_BYTES = 12;
const PNG_END = 'IEND';
/** Of IHDR's data. */
const PNG_WIDTH_AT = 16;

/** Bytes of a picture: far more than any has. */
const MAX_BYTES = 64 * 1_048_576;

/** Bytes that grow at one end and are taken at the other. */
class ByteStore {
  #bytes = Buffer.alloc(65_536);
  #length = 0;

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  append(more: Buffer): void {
    const needed = this.#length + more.length;
    if (needed > MAX_BYTES) throw new MoonteeError('PIPELINE_FAILED', 'A picture has no end');
    if (needed > this.#bytes.length) {
      const larger = Buffer.alloc(Math.max(needed, 2 * this.#bytes.length));
      this.bytes.copy(larger);
      this.#bytes = larger;
    }
    more.copy(this.#bytes, this.#length);
    this.#length = needed;
  }

  /** A copy of the first bytes, which are gone from here. */
  take(count: number): Buffer {
    const taken = Buffer.from(this.bytes.subarray(0, count));
    this.#bytes.copy(this.#bytes, 0, count, this.#length);
    this.#length -= count;
    return taken;
  }
}

/** PNG (its specification, §5): a head and chunks, of which the last one is IEND. */
export class PngReader implements PictureReader {
  readonly #store = new ByteStore();
  /** Where the next chunk begins. */
  #at = PNG_HEAD_BYTES;

  push(piece: Buffer): PictureBytes[] {
    this.#store.append(piece);
    const pictures: PictureBytes[] = [];
    for (let { bytes } = this.#store; bytes.length >= this.#at + CHUNK_FRAME_BYTES;) {
      const end = this.#at + CHUNK_FRAME_BYTES + bytes.readUInt32BE(this.#at);
      if (bytes.length < end) break;
      const type = bytes.toString('latin1', this.#at + 4, this.#at + 8);
      this.#at = end;
      if (type !== PNG_END) continue;
      const data = this.#store.take(end);
      ({ bytes } = this.#store);
      this.#at = PNG_HEAD_BYTES;
      const width = data.readUInt32BE(PNG_WIDTH_AT);
      pictures.push({ data, width, height: data.readUInt32BE(PNG_WIDTH_AT + 4) });
    }
    return pictures;
  }
}

const END_OF_IMAGE = Buffer.from([0xff, 0xd9]);
/** Baseline and progressive frames (ISO 10918-1, table B.1). */
const FRAME_MARKERS = new Set([0xc0, 0xc1, 0xc2]);

/** JPEG without a thumbnail: in the coded picture an end marker does not occur. */
export class JpegReader implements PictureReader {
  readonly #store = new ByteStore();

  push(piece: Buffer): PictureBytes[] {
    const pictures: PictureBytes[] = [];
    // The marker may have been cut in two.
    let searchFrom = Math.max(0, this.#store.bytes.length - 1);
    this.#store.append(piece);
    for (;;) {
      const at = this.#store.bytes.indexOf(END_OF_IMAGE, searchFrom);
      if (at < 0) return pictures;
      const data = this.#store.take(at + END_OF_IMAGE.length);
      searchFrom = 0;
      const size = jpegSize(data);
      if (size !== null) pictures.push({ data, ...size });
    }
  }
}

function jpegSize(data: Buffer): { readonly width: number; readonly height: number } | null {
  let at = 2;
  while (at + 9 <= data.length && data[at] === 0xff) {
    if (FRAME_MARKERS.has(data[at + 1] ?? 0)) {
      return { height: data.readUInt16BE(at + 5), width: data.readUInt16BE(at + 7) };
    }
    at += 2 + data.readUInt16BE(at + 2);
  }
  return null;
}
