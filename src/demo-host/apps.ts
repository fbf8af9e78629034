import type { BitDepth, VideoCodec } from '../moonlight/types.js';
import type { AppOptions, AppSource, VideoFormat } from './options.js';
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

/** `ServerCodecModeSupport` bits of 4:2:0 (§10). */
const CODEC_MODE: Readonly<Record<VideoCodec, Readonly<Record<BitDepth, number>>>> = {
  h264: { 8: 0x1, 10: 0 },
  h265: { 8: 0x100, 10: 0x200 },
  av1: { 8: 0x1_0000, 10: 0x2_0000 },
};

/** Whether an app's pictures are of high dynamic range. */
export function isHdr({ source }: App): boolean {
  return source.kind === 'clip' && source.hdr === true;
}

/** Whether an app can go on after a loss without a key frame. */
export function canInvalidate({ source }: App): boolean {
  return source.kind === 'blocks';
}

/** What can be launched, in the order that clients show it. */
export class AppCatalogue {
  readonly apps: readonly App[];
  /** Codecs that some app can be had in. */
  readonly codecs: ReadonlySet<VideoCodec>;
  readonly #encoded: readonly VideoFormat[];
  readonly #images = new Map<number, Buffer>();

  /** @param encoded what the host can encode raw pictures in */
  constructor(extra: readonly AppOptions[], encoded: readonly VideoFormat[]) {
    this.apps = [...BUILT_IN, ...extra].map((app, index) => ({ id: index + 1, ...app }));
    this.#encoded = encoded;
    this.codecs = new Set(this.#formats.map(({ codec }) => codec));
  }

  get codecModeSupport(): number {
    return this.#formats.reduce(
      (mask, { codec, bitDepth }) => mask | CODEC_MODE[codec][bitDepth],
      0,
    );
  }

  /** What an app can be had in. */
  formatsOf({ source }: App): readonly VideoFormat[] {
    switch (source.kind) {
      case 'clip':
        return [{ codec: source.codec, bitDepth: source.bitDepth ?? 8 }];
      case 'blocks':
        return [{ codec: 'h264', bitDepth: 8 }];
      default:
        return this.#encoded;
    }
  }

  get #formats(): readonly VideoFormat[] {
    return this.apps.flatMap((app) => this.formatsOf(app));
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
