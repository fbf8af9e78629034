import type { FileHandle } from 'node:fs/promises';
import type { RouterContext } from '@koa/router';
import parseRange from 'range-parser';
import { MoonteeError } from '../core/errors.js';
import type { Routes } from '../http/routes.js';
import type { RecordingInfo } from '../protocol/rest-models.js';
import type { Recorder } from '../recordings/recorder.js';
import type { RecordingRecord } from '../recordings/record.js';
import type { ApiContext } from './context.js';
import { queryFlag } from './request.js';

const PATH = '/api/streamers/:id/recordings';

export function recordingRoutes(routes: Routes, { streamers, recorder }: ApiContext): void {
  routes.post(PATH, 'administrator', async (context) => {
    const streamer = streamers.require(parameter(context, 'id'));
    const record = await enabled(recorder).start(streamer);
    context.status = 201;
    context.body = await describe(enabled(recorder), record);
  });

  routes.get(PATH, 'administrator', async (context) => {
    const { store } = enabled(recorder);
    const id = parameter(context, 'id');
    const records = store.list().filter(({ streamer_id }) => streamer_id === id);
    // Recordings outlive their streamer.
    if (records.length === 0) streamers.require(id);
    const recordings = records.map((record) => describe(enabled(recorder), record));
    context.body = { recordings: await Promise.all(recordings) };
  });

  routes.get(`${PATH}/:recording`, 'administrator', async (context) => {
    context.body = await describe(enabled(recorder), find(context, recorder));
  });

  routes.delete(`${PATH}/:recording`, 'administrator', async (context) => {
    const withFiles = queryFlag(context, 'files', false);
    const record = find(context, recorder);
    await enabled(recorder).stop(streamers.get(record.streamer_id), record);
    if (withFiles) await enabled(recorder).store.remove(record.recording_id);
    context.status = 204;
  });

  routes.get(`${PATH}/:recording/files/:number`, 'administrator', async (context) => {
    const { recording_id: id } = find(context, recorder);
    const number = parameter(context, 'number');
    if (!/^[1-9]\d{0,8}$/.test(number)) throw new MoonteeError('RECORDING_NOT_FOUND');
    const file = await enabled(recorder).store.openFile(id, Number(number));
    try {
      await sendFile(context, file, `${id}-${number}.mkv`);
    } catch (error) {
      await file.close();
      throw error;
    }
  });
}

/** @throws NOT_FOUND */
function enabled(recorder: Recorder | null): Recorder {
  if (recorder === null) {
    throw new MoonteeError('NOT_FOUND', 'Recording is off: recordings_path is not set');
  }
  return recorder;
}

/** @throws RECORDING_NOT_FOUND */
function find(context: RouterContext, recorder: Recorder | null): RecordingRecord {
  const { store } = enabled(recorder);
  return store.require(parameter(context, 'id'), parameter(context, 'recording'));
}

function parameter({ params }: RouterContext, name: string): string {
  return (params as Record<string, string | undefined>)[name] ?? '';
}

async function describe({ store }: Recorder, record: RecordingRecord): Promise<RecordingInfo> {
  const files = await store.files(record.recording_id);
  // Read after the files: it may have ended meanwhile.
  return {
    ...record,
    status: record.ended_at === null ? 'recording' : 'ended',
    bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    files: files.map(({ number, bytes, modifiedAt }) => ({
      number,
      bytes,
      modified_at: new Date(modifiedAt).toISOString(),
    })),
  };
}

/** The whole file or one range of it (RFC 9110, section 14). The stream closes the file. */
async function sendFile(context: RouterContext, file: FileHandle, name: string): Promise<void> {
  const { size, mtimeMs } = await file.stat();
  const etag = `"${size.toString(36)}-${Math.floor(mtimeMs).toString(36)}"`;
  context.type = 'video/x-matroska';
  context.set('Accept-Ranges', 'bytes');
  context.set('Cache-Control', 'no-cache');
  context.set('ETag', etag);
  context.attachment(name);
  const condition = context.get('If-Range');
  const header = condition === '' || condition === etag ? context.get('Range') : '';
  const ranges = header === '' ? -2 : parseRange(size, header);
  if (ranges === -1) {
    context.set('Content-Range', `bytes */${size}`);
    context.status = 416;
    context.body = '';
    await file.close();
    return;
  }
  const [range] = ranges === -2 || ranges.type !== 'bytes' || ranges.length !== 1 ? [] : ranges;
  const { start, end } = range ?? { start: 0, end: size - 1 };
  context.status = range === undefined ? 200 : 206;
  if (range !== undefined) context.set('Content-Range', `bytes ${start}-${end}/${size}`);
  if (context.method === 'HEAD' || size === 0) {
    await file.close();
    context.length = end - start + 1;
    return;
  }
  // Not beyond `end`: a running recording grows.
  context.body = file.createReadStream({ start, end });
  context.length = end - start + 1;
}
