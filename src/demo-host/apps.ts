import type { VideoCodec } from '../moonlight/types.js';
import type { AppOptions, AppSource } from './options.js';
import { boxArt } from './picture/box-art.js';

export interface App {
  readonly id: number;
  readonly title: string;
  readonly source: AppSource;
}

const BUILT_IN: readonly AppOptions[] = [
  { title: 'Desktop', source: { kind: 'desktop' } },
  { title: 'Test pattern', source: { kind: 'test-pattern' } },
];

/** `ServerCodecModeSupport` bits of 8-bit 4:2:0 (§10). */
const CODEC_MODE: Readonly<Record<VideoCodec, number>> = { h264: 0x1, h265: 0x100, av1: 0x10000 };

/** What can be launched, in the order that clients show it. */
export class AppCatalogue {
  readonly apps: readonly App[];
  /** Codecs that some app can be had in. */
  readonly codecs: ReadonlySet<VideoCodec>;
  readonly #images = new Map<number, Buffer>();

  /** @param encoded codecs that the host can encode raw pictures in */
  constructor(extra: readonly AppOptions[], encoded: readonly VideoCodec[]) {
    this.apps = [...BUILT_IN, ...extra].map((app, index) => ({ id: index + 1, ...app }));
    const clips = this.apps.flatMap(({ source }) => (source.kind === 'clip' ? [source.codec] : []));
    this.codecs = new Set([...encoded, ...clips]);
  }

  get codecModeSupport(): number {
    return [...this.codecs].reduce((mask, codec) => mask | CODEC_MODE[codec], 0);
  }

  find(id: number): App | undefined {
    return this.apps.find((app) => app.id === id);
  }

  /** PNG of an app's box art, made on first use. */
  image(app: App): Buffer {
    let image = this.#images.get(app.id);
    if (image === undefined) {
      image = boxArt(app.title, app.id);
      this.#images.set(app.id, image);
    }
    return image;
  }
}
