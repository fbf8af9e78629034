import { EventEmitter } from 'node:events';
import { Deadline } from '../core/deadline.js';
import type { Log } from '../core/log.js';
import { KeyframeArbiter, type KeyframeReason, type KeyframeRequest } from './keyframes.js';
import type { CodedUnit, Outlet, Packetizer, TrackId, UnitOutlet } from './outlet.js';

/** Pictures kept until there is a packetizer: about a second of them. */
const EARLY_LIMIT = 120;
/**
 * Nanoseconds, pictures and bytes that are kept for outlets that come after a key frame. More bytes
 * would be too much at once for the queue of a socket.
 */
const RECENT_SPAN = 300e6;
const RECENT_LIMIT = 20;
const RECENT_BYTES = 512 * 1024;
/** Milliseconds for an outlet that threw to close. */
const EVICTION_TIMEOUT_MS = 3_000;

export interface MediaBusEvents {
  /** Coalesced and rate-limited: ask the host for an IDR now. */
  'keyframe-needed': [KeyframeRequest];
}

/**
 * Hands the coded units of one streamer to all its outlets, and asks the host for the key frames
 * that they need. Whoever publishes never waits: an outlet takes a unit or drops it.
 *
 * Outlets that tap units get them here, by reference; without such outlets the tap costs nothing.
 * Outlets that tap packets get them behind the packetizer, and hear of key frames here.
 */
export class MediaBus extends EventEmitter<MediaBusEvents> {
  readonly #log: Log;
  readonly #arbiter = new KeyframeArbiter();
  readonly #outlets = new Map<string, Outlet>();
  readonly #unitOutlets = new Set<UnitOutlet>();
  readonly #lastPts: Record<TrackId, number> = { video: -1, audio: -1 };
  #packetizer: Packetizer | null = null;
  /** Pictures that came before the packetizer, from the last key frame on. */
  #early: CodedUnit[] = [];
  /** The latest key frame and what has followed it, unless that is too much. */
  #recent: CodedUnit[] = [];
  #timer: NodeJS.Timeout | null = null;
  readonly #keyframeRequests: Record<KeyframeReason, number> = {
    join: 0,
    pli: 0,
    drop: 0,
    rotate: 0,
  };
  #closed = false;

  constructor(log: Log) {
    super();
    this.#log = log;
  }

  /** What went to the host, by the first need that it answers. */
  get keyframeRequests(): Readonly<Record<KeyframeReason, number>> {
    return { ...this.#keyframeRequests };
  }

  /**
   * Pictures with which a decoder that starts now has the latest one: the key frame and what followed
   * it. Empty if the key frame is too long ago.
   */
  get recent(): readonly CodedUnit[] {
    return this.#recent;
  }

  /** What comes from now on does not continue what was. */
  forgetRecent(): void {
    this.#recent = [];
  }

  /** There is somebody to make packets: pictures that waited for it go out first. */
  open(packetizer: Packetizer): void {
    this.#packetizer = packetizer;
    const early = this.#early;
    this.#early = [];
    for (const unit of early) this.#packetize('video', unit);
  }

  /** Never throws, and never waits. */
  publish(track: TrackId, coded: CodedUnit): void {
    if (this.#closed || coded.data.length === 0) return;
    const unit = { ...coded, pts: this.#nextTime(track, coded.pts) };
    const isKeyframe = track === 'video' && unit.keyframe;
    if (track === 'video') this.#remember(unit);
    if (isKeyframe) for (const outlet of this.#unitOutlets) this.#announce(outlet);
    if (this.#packetizer !== null) this.#packetize(track, unit);
    else if (track === 'video') this.#keep(unit);
    for (const outlet of this.#unitOutlets) {
      this.#guard(outlet, () => outlet.accept(track, unit));
    }
  }

  /**
   * @returns detaches it; to be called before the outlet is closed
   * @throws an outlet of that id is attached
   */
  attach(outlet: Outlet): () => void {
    if (this.#outlets.has(outlet.id)) throw new Error('An outlet of that id is attached');
    this.#outlets.set(outlet.id, outlet);
    if (outlet.tap === 'units') this.#unitOutlets.add(outlet);
    this.#arbiter.admit(outlet.id, outlet.kind);
    return () => this.#detach(outlet);
  }

  /**
   * @param outletId null for a need that is everybody's
   * @returns whether the wish was accepted, and not above the outlet's budget
   */
  requestKeyframe(reason: KeyframeReason, outletId: string | null): boolean {
    if (this.#closed) return false;
    const isAccepted = this.#arbiter.want({ reason, outletId }, performance.now());
    if (isAccepted) this.#schedule();
    return isAccepted;
  }

  /** Idempotent. Outlets are closed by their owners. */
  close(): void {
    this.#closed = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#early = [];
    this.#recent = [];
    this.#packetizer = null;
    this.#outlets.clear();
    this.#unitOutlets.clear();
    this.removeAllListeners();
  }

  /** Payloaders, muxers and browsers rely on the order. */
  #nextTime(track: TrackId, pts: number): number {
    const time = Math.max(Math.round(Number.isFinite(pts) ? pts : 0), this.#lastPts[track] + 1);
    this.#lastPts[track] = time;
    return time;
  }

  #remember(unit: CodedUnit): void {
    const [first = unit] = unit.keyframe ? [] : this.#recent;
    if (unit.keyframe) this.#recent = [unit];
    else if (this.#recent.length > 0) this.#recent.push(unit);
    const bytes = this.#recent.reduce((sum, { data }) => sum + data.length, 0);
    const isTooLong = unit.pts - first.pts > RECENT_SPAN || this.#recent.length > RECENT_LIMIT;
    if (isTooLong || bytes > RECENT_BYTES) this.#recent = [];
  }

  #keep(unit: CodedUnit): void {
    if (unit.keyframe) {
      this.#early = [];
      this.#served();
    }
    if (this.#early.length < EARLY_LIMIT) this.#early.push(unit);
  }

  #packetize(track: TrackId, unit: CodedUnit): void {
    if (this.#packetizer?.admits(track, unit) !== true) return;
    if (track === 'video' && unit.keyframe) {
      // Before its packets exist, so that no outlet misses the first of them.
      for (const outlet of this.#outlets.values()) {
        if (outlet.tap === 'packets') this.#announce(outlet);
      }
      this.#served();
    }
    this.#packetizer.push(track, unit);
  }

  #announce(outlet: Outlet): void {
    this.#guard(outlet, () => outlet.keyframeComing());
  }

  /** An outlet that throws is detached and closed: that is not the others' affair. */
  #guard(outlet: Outlet, work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#log.error({ outlet: outlet.id, kind: outlet.kind, err: error }, 'outlet threw');
      this.#detach(outlet);
      outlet.close(Deadline.in(EVICTION_TIMEOUT_MS)).catch((failure: unknown) => {
        this.#log.error({ outlet: outlet.id, err: failure }, 'outlet did not close');
      });
    }
  }

  #detach(outlet: Outlet): void {
    if (this.#outlets.get(outlet.id) !== outlet) return;
    this.#outlets.delete(outlet.id);
    if (outlet.tap === 'units') this.#unitOutlets.delete(outlet);
    this.#arbiter.forget(outlet.id);
  }

  #served(): void {
    this.#arbiter.served();
    this.#schedule();
  }

  #schedule(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    const now = performance.now();
    const request = this.#arbiter.due(now);
    if (request) {
      this.#keyframeRequests[request.reason] += 1;
      this.#emitRequest(request);
    }
    const at = this.#arbiter.dueAt();
    if (at === null || this.#closed) return;
    this.#timer = setTimeout(() => this.#schedule(), Math.max(1, at - now));
  }

  #emitRequest(request: KeyframeRequest): void {
    try {
      this.emit('keyframe-needed', request);
    } catch (error) {
      this.#log.error({ err: error }, 'listener of the bus threw');
    }
  }
}
