/**
 * Surround sound once more in stereo, for browsers that play no other. It is decoded, mixed down
 * and coded once for all of them, from the first listener until some seconds after the last has
 * left. It has a source of its own, so that the packets of others do not change when it comes and
 * goes.
 */
import type { Log } from '../core/log.js';
import type { AppSrcElement } from './binding.js';
import type { Tap } from './webrtc/branch.js';
import { fillTemplate, loadTemplate } from './launch-template.js';
import type { StereoFormat } from './media-format.js';
import { chooseTimestamps, type PayloaderElement } from './renumbering.js';
import type { Gst, GstRuntime } from './runtime.js';

/** Milliseconds without a listener until it is taken down: a page that is reloaded finds it. */
const LINGER_MS = 5_000;

/** Name of its bin: what fails in there is the stereo sound's. */
export const STEREO_BIN = 'stereo-sound';

interface Parts {
  readonly bin: Gst.Bin;
  readonly source: AppSrcElement;
  readonly tap: Tap;
}

export class StereoSound {
  readonly #runtime: GstRuntime;
  readonly #pipeline: Gst.Pipeline;
  readonly #format: StereoFormat;
  readonly #log: Log;
  #parts: Parts | null = null;
  #listeners = 0;
  #linger: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(runtime: GstRuntime, pipeline: Gst.Pipeline, format: StereoFormat, log: Log) {
    this.#runtime = runtime;
    this.#pipeline = pipeline;
    this.#format = format;
    this.#log = log;
  }

  /** The payload type of its packets. */
  get payload(): number {
    return this.#format.payload;
  }

  /**
   * Adds a listener, until {@link leave}. Its elements are there afterwards.
   *
   * @returns null once it is closed
   * @throws PIPELINE_FAILED
   */
  join(): Tap | null {
    if (this.#closed) return null;
    this.#parts ??= this.#build();
    if (this.#linger) clearTimeout(this.#linger);
    this.#linger = null;
    this.#listeners += 1;
    return this.#parts.tap;
  }

  /** Once for each {@link join}, and after the listener has been unlinked. */
  leave(): void {
    this.#listeners -= 1;
    if (this.#listeners > 0 || this.#closed) return;
    this.#linger = setTimeout(() => this.#takeDown(), LINGER_MS);
  }

  /** @param makeBuffer called only while there are listeners */
  push(makeBuffer: () => Gst.Buffer): void {
    this.#parts?.source.pushBuffer(makeBuffer());
  }

  /** After the last listener. Idempotent. */
  close(): void {
    this.#closed = true;
    if (this.#linger) clearTimeout(this.#linger);
    this.#linger = null;
    this.#takeDown();
  }

  #build(): Parts {
    const { template, values, caps } = this.#format;
    const bin = this.#runtime.parseBin(fillTemplate(loadTemplate(template), values));
    bin.name = STEREO_BIN;
    const payloader = bin.getByName('stereo-pay') as PayloaderElement;
    chooseTimestamps(payloader);
    const tee = bin.getByName('stereo-tee') as Gst.Element;
    const announced = this.#runtime.namespaces.Gst.Caps.fromString(caps);
    this.#pipeline.add(bin);
    bin.syncStateWithParent();
    this.#log.info({ stereo: true }, 'stereo sound started');
    return {
      bin,
      source: bin.getByName('stereo-source') as AppSrcElement,
      tap: { tee, payloader, caps: announced },
    };
  }

  #takeDown(): void {
    const bin = this.#parts?.bin;
    this.#parts = null;
    this.#linger = null;
    if (!bin) return;
    // Nothing behind the tee is linked, and nothing in here waits for Node's thread.
    bin.setLockedState(true);
    bin.setState(this.#runtime.namespaces.Gst.State.NULL);
    this.#pipeline.remove(bin);
    this.#runtime.collector.soon();
    this.#log.info({ stereo: false }, 'stereo sound stopped');
  }
}
