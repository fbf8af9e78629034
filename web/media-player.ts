import {
  type MediaOutlet,
  type MediaOutletEvents,
  type MediaSupport,
  type ViewerStats,
} from '../client/index.js';
import { attempt } from '../client/attempt.js';
import { Emitter } from '../client/emitter.js';
import { element, type Cleanup } from './dom.js';
import { SoundOutput } from './sound-output.js';
import type { PageMessage, SinkOrder, WorkerMessage } from './worker-messages.js';

/** Milliseconds that the worker may take to say what it decodes. */
const SUPPORT_MS = 5_000;
/** Milliseconds between two words to the worker on what was painted. */
const LOOK_MS = 500;
const NONE: MediaSupport = { video: [], audio: [] };

/** Chromium's, on pages. */
interface TrackGenerator extends MediaStreamTrack {
  readonly writable: WritableStream<VideoFrame>;
}
type TrackGeneratorClass = new (init: { kind: 'video' }) => TrackGenerator;

type PlayerEvents = {
  /** Picture and sound, or sound alone where a canvas has the picture. */
  stream: [MediaStream];
  /** Where pictures are drawn; null where they are in the stream. */
  canvas: [HTMLCanvasElement | null];
  /** What is drawn on the canvas: pictures so far, and their size. */
  drawn: [frames: number, width: number, height: number];
};

/** Plays media sockets: the worker does it, and this gives it what only a page has. */
export class MediaPlayer extends Emitter<PlayerEvents> implements MediaOutlet {
  readonly #cleanup: Cleanup;
  readonly #framesPainted: () => number;
  #worker: Worker | undefined;
  #support: Promise<MediaSupport> | undefined;
  #hasTrackGenerator = false;
  #sound: Promise<SoundOutput | undefined> | undefined;
  #soundTrack: MediaStreamTrack | undefined;
  #pictureTrack: MediaStreamTrack | undefined;
  #canvas: HTMLCanvasElement | undefined;
  #events: MediaOutletEvents | undefined;
  #stats: ViewerStats | undefined;
  #painted = 0;
  /** Painted by the page before the sink was made. */
  #paintedBefore = 0;

  /** @param framesPainted of the video element so far */
  constructor(framesPainted: () => number, cleanup: Cleanup) {
    super();
    this.#framesPainted = framesPainted;
    this.#cleanup = cleanup;
    cleanup.add(() => {
      this.close();
      this.#worker?.terminate();
    });
    cleanup.listen(document, 'visibilitychange', () => {
      this.#say({ type: 'hidden', isHidden: document.hidden });
    });
    cleanup.every(LOOK_MS, () => {
      if (this.#events === undefined || this.#canvas !== undefined) return;
      const frames = Math.max(0, this.#framesPainted() - this.#paintedBefore);
      if (frames !== this.#painted) this.#say({ type: 'painted', frames });
      this.#painted = frames;
    });
  }

  /** Pictures of the socket that were painted. */
  get framesPainted(): number {
    return this.#painted;
  }

  support(): Promise<MediaSupport> {
    this.#support ??= new Promise((resolve) => {
      const url = new URL('./media-worker.js', import.meta.url);
      const worker = attempt(() => new Worker(url, { type: 'module' }));
      this.#worker = worker;
      if (worker === undefined) {
        resolve(NONE);
        return;
      }
      const timer = setTimeout(() => resolve(NONE), SUPPORT_MS);
      const done = (support: MediaSupport): void => {
        clearTimeout(timer);
        resolve(support);
      };
      worker.onerror = () => {
        done(NONE);
        const events = this.#events;
        this.close();
        events?.onClosed(1006);
      };
      worker.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
        if (data.type === 'support') {
          this.#hasTrackGenerator = data.hasTrackGenerator;
          done(data.support);
        } else if (this.#events !== undefined) {
          this.#hear(data, this.#events);
        }
      };
    });
    return this.#support;
  }

  open(url: string, events: MediaOutletEvents): void {
    this.close();
    this.#events = events;
    void this.#open(url, events);
  }

  close(): void {
    if (this.#events === undefined) return;
    this.#events = undefined;
    this.#stats = undefined;
    this.#say({ type: 'close' });
    this.#pictureTrack?.stop();
    this.#pictureTrack = undefined;
  }

  stats(): ViewerStats | undefined {
    return this.#stats;
  }

  async #open(url: string, events: MediaOutletEvents): Promise<void> {
    this.#sound ??= SoundOutput.make(this.#cleanup);
    const output = await this.#sound;
    if (this.#events !== events) return;
    this.#soundTrack = output?.track;
    const sound = output?.port() ?? null;
    const { sink, transfer } = this.#makeSink();
    const isHidden = document.hidden;
    if (sound !== null) transfer.push(sound);
    this.#say({ type: 'open', url, sink, sound, isHidden }, transfer);
  }

  #hear(message: WorkerMessage, events: MediaOutletEvents): void {
    switch (message.type) {
      case 'track':
        this.#play(message.track);
        break;
      case 'picture':
        events.onPicture();
        break;
      case 'sink-stalled': {
        const { sink, transfer } = this.#makeSink();
        this.#say({ type: 'sink', sink }, transfer);
        break;
      }
      case 'stats': {
        this.#stats = message.stats;
        if (this.#canvas === undefined) break;
        this.#painted = message.painted;
        const { width, height } = message.stats;
        if (message.painted > 0) this.emit('drawn', message.painted, width, height);
        break;
      }
      case 'closed':
        this.close();
        events.onClosed(message.code);
        break;
      case 'support':
        break;
    }
  }

  /** @returns an order for the worker, and what of it is handed over */
  #makeSink(): { sink: SinkOrder; transfer: Transferable[] } {
    this.#painted = 0;
    this.#paintedBefore = this.#framesPainted();
    this.#pictureTrack?.stop();
    const { MediaStreamTrackGenerator: Generator } = window as {
      MediaStreamTrackGenerator?: TrackGeneratorClass;
    };
    if (Generator !== undefined) {
      const generator = new Generator({ kind: 'video' });
      const { writable } = generator;
      this.#play(generator);
      return { sink: { kind: 'track', writable }, transfer: [writable] };
    }
    if (this.#hasTrackGenerator) return { sink: { kind: 'own-track' }, transfer: [] };
    // A canvas that was handed over cannot be handed over again.
    const canvas = element('canvas');
    this.#canvas = canvas;
    const offscreen = canvas.transferControlToOffscreen();
    this.emit('canvas', canvas);
    this.emit('stream', this.#stream());
    return { sink: { kind: 'canvas', canvas: offscreen }, transfer: [offscreen] };
  }

  #play(picture: MediaStreamTrack): void {
    this.#canvas = undefined;
    this.#pictureTrack = picture;
    this.emit('canvas', null);
    this.emit('stream', this.#stream(picture));
  }

  #stream(...pictures: MediaStreamTrack[]): MediaStream {
    const sounds = this.#soundTrack === undefined ? [] : [this.#soundTrack];
    return new MediaStream([...pictures, ...sounds]);
  }

  #say(message: PageMessage, transfer: Transferable[] = []): void {
    this.#worker?.postMessage(message, transfer);
  }
}
