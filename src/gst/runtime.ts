/**
 * The process's one GStreamer: loads node-gtk, keeps GLib's default context turning and sees to
 * it that removed elements really go. Everything else of src/gst gets GStreamer from here.
 */
import { createRequire } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { MoonteeError } from '../core/errors.js';
import { Collector } from './collector.js';
import { packageOfElement, packageOfTypelib } from './packages.js';
import type * as GLib from './generated/GLib-2.0.js';
import type * as GObject from './generated/GObject-2.0.js';
import type * as Gst from './generated/Gst-1.0.js';
import type * as GstApp from './generated/GstApp-1.0.js';
import type * as GstSdp from './generated/GstSdp-1.0.js';
import type * as GstVideo from './generated/GstVideo-1.0.js';
import type * as GstWebRTC from './generated/GstWebRTC-1.0.js';
import type * as Nice from './generated/Nice-0.1.js';

export type { GLib, GObject, Gst, GstApp, GstSdp, GstVideo, GstWebRTC, Nice };

/** Milliseconds between two turns of GLib's default context. */
const PUMP_INTERVAL_MS = 8;
/** Most iterations of a turn: the rest waits for the next one, so that Node is never starved. */
const PUMP_BUDGET = 64;
interface NodeGtk {
  require(namespace: string, version: string): unknown;
}

/** The typed namespaces of the installed typelibs. */
export interface Namespaces {
  readonly GLib: typeof GLib;
  readonly GObject: typeof GObject;
  readonly Gst: typeof Gst;
  readonly GstApp: typeof GstApp;
  readonly GstSdp: typeof GstSdp;
  readonly GstVideo: typeof GstVideo;
  readonly GstWebRTC: typeof GstWebRTC;
  readonly Nice: typeof Nice;
}

let runtime: GstRuntime | null = null;

/**
 * GStreamer, loaded and initialised on the first call.
 *
 * @throws ELEMENT_MISSING if node-gtk or a typelib is not installed; the message names the Debian
 * package. INTERNAL in a worker thread: node-gtk does not run there.
 */
export function gstRuntime(): GstRuntime {
  if (runtime && !runtime.closed) return runtime;
  runtime = new GstRuntime(runtime?.namespaces ?? loadNamespaces());
  return runtime;
}

function loadNamespaces(): Namespaces {
  if (!isMainThread) {
    throw new MoonteeError('INTERNAL', 'GStreamer cannot be used in a worker thread');
  }
  let gi: NodeGtk;
  try {
    gi = createRequire(import.meta.url)('node-gtk') as NodeGtk;
  } catch (cause) {
    throw new MoonteeError(
      'ELEMENT_MISSING',
      'node-gtk does not load; build it with libgirepository1.0-dev and libcairo2-dev installed',
      { cause },
    );
  }
  const load = (name: string, version: string): unknown => {
    try {
      return gi.require(name, version);
    } catch (cause) {
      const debian = packageOfTypelib(name);
      throw new MoonteeError(
        'ELEMENT_MISSING',
        `The typelib ${name}-${version} is missing; install the Debian package ${debian}`,
        { cause, details: { typelib: name, package: debian } },
      );
    }
  };
  const gst = load('Gst', '1.0') as typeof Gst;
  // Before GstVideo, whose types register themselves with what this sets up. The list is empty:
  // from 1.27 on there is no overload without one.
  gst.init([]);
  const namespaces: Namespaces = {
    GLib: load('GLib', '2.0') as typeof GLib,
    GObject: load('GObject', '2.0') as typeof GObject,
    Gst: gst,
    GstApp: load('GstApp', '1.0') as typeof GstApp,
    GstSdp: load('GstSdp', '1.0') as typeof GstSdp,
    GstVideo: load('GstVideo', '1.0') as typeof GstVideo,
    GstWebRTC: load('GstWebRTC', '1.0') as typeof GstWebRTC,
    Nice: load('Nice', '0.1') as typeof Nice,
  };
  return namespaces;
}

export class GstRuntime {
  readonly namespaces: Namespaces;
  /** Work done on every turn of the pump, in the order of registration. */
  readonly #turns = new Set<() => void>();
  readonly #timer: NodeJS.Timeout;
  readonly #context: GLib.MainContext;
  #holders = 0;
  readonly #collector = new Collector(() => this.#iterate());
  #closed = false;

  constructor(namespaces: Namespaces) {
    this.namespaces = namespaces;
    this.#context = namespaces.GLib.MainContext.default();
    // Never a GLib.MainLoop: it would nest Node's loop. node-gtk drops GObjects in idle callbacks
    // of this context, so it has to turn as long as the process has any.
    this.#timer = setInterval(() => this.#turn(), PUMP_INTERVAL_MS);
    this.#timer.unref();
  }

  get closed(): boolean {
    return this.#closed;
  }

  get version(): string {
    return this.namespaces.Gst.versionString();
  }

  /**
   * Keeps the process alive (node-gtk's own handle does not) until the returned function is
   * called.
   */
  hold(): () => void {
    this.#holders += 1;
    this.#timer.ref();
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holders -= 1;
      if (this.#holders === 0) this.#timer.unref();
    };
  }

  /** Calls `work` every few milliseconds from Node's thread until the returned function is. */
  onTurn(work: () => void): () => void {
    this.#turns.add(work);
    return () => {
      this.#turns.delete(work);
    };
  }

  hasElement(name: string): boolean {
    return this.namespaces.Gst.ElementFactory.find(name) !== null;
  }

  /** The version of an element's plugin, in its authors' numbering; null if it is missing. */
  pluginVersion(element: string): string | null {
    return this.namespaces.Gst.ElementFactory.find(element)?.getPlugin()?.getVersion() ?? null;
  }

  /** @throws ELEMENT_MISSING with the Debian package that has it */
  requireElements(...names: readonly string[]): void {
    for (const name of names) {
      if (this.hasElement(name)) continue;
      const debian = packageOfElement(name);
      throw new MoonteeError(
        'ELEMENT_MISSING',
        `The GStreamer element ${name} is missing; install the Debian package ${debian}`,
        { details: { element: name, package: debian } },
      );
    }
  }

  /**
   * Builds a pipeline from gst-launch text. Nothing but the project's own templates and
   * validated values may be in `text`.
   *
   * @throws PIPELINE_FAILED with GStreamer's reason
   */
  parse(text: string): Gst.Pipeline {
    const { Gst } = this.namespaces;
    let element: Gst.Element;
    try {
      element = Gst.parseLaunch(text);
    } catch (cause) {
      throw new MoonteeError('PIPELINE_FAILED', `Invalid pipeline: ${String(cause)}`, { cause });
    }
    if (element instanceof Gst.Pipeline) return element;
    const pipeline = new Gst.Pipeline();
    pipeline.add(element);
    return pipeline;
  }

  /** The same for a part of a pipeline, without ghost pads. */
  parseBin(text: string): Gst.Bin {
    const { Gst } = this.namespaces;
    try {
      return Gst.parseBinFromDescription(text, false);
    } catch (cause) {
      throw new MoonteeError('PIPELINE_FAILED', `Invalid bin: ${String(cause)}`, { cause });
    }
  }

  /** Collects the garbage that removals leave. */
  get collector(): Collector {
    return this.#collector;
  }

  /** Stops the pump. Whatever still runs in GStreamer must have been brought to NULL before. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#turns.clear();
    this.#collector.close();
    clearInterval(this.#timer);
  }

  #turn(): void {
    this.#iterate();
    for (const work of this.#turns) work();
  }

  #iterate(): void {
    for (let done = 0; done < PUMP_BUDGET && this.#context.iteration(false); done += 1);
  }
}
