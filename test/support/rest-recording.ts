import type { RecordingInfo } from '../../src/protocol/rest-models.js';
import type { MoonteeServer } from '../../src/server/server.js';
import { until } from './until.js';

/** One recording of the streamer `s`, as REST shows it. */
export class RestRecording {
  readonly id: string;
  readonly url: string;

  private constructor(list: string, id: string) {
    this.id = id;
    this.url = `${list}/${id}`;
  }

  static async start(server: MoonteeServer): Promise<RestRecording> {
    const list = `${server.url}api/streamers/s/recordings`;
    const started = await fetch(list, { method: 'POST' });
    if (started.status !== 201) throw new Error(await started.text());
    return new RestRecording(list, ((await started.json()) as RecordingInfo).recording_id);
  }

  async info(): Promise<RecordingInfo> {
    return (await (await fetch(this.url)).json()) as RecordingInfo;
  }

  async begun(): Promise<void> {
    await until('its first pictures', async () => (await this.info()).bytes > 10_000);
  }

  async ended(): Promise<RecordingInfo> {
    return until('its end', async () => {
      const info = await this.info();
      return info.status === 'ended' && info;
    });
  }
}
