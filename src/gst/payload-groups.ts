/**
 * Payloaders beside the first one. A viewer that makes the offer chooses the payload types, and packets
 * must carry them; so all viewers that chose the same one share a payloader and a tee. Surround sound that
 * was made stereo is such a group too. Each has a source of its own, so that nothing of other viewers is
 * linked or unlinked when a group comes and goes, and an error in it costs its own viewers alone.
 */
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';
import type { CodedUnit, TrackId } from '../media/outlet.js';
import type { AppSrcElement } from './binding.js';
import type { Tap } from './webrtc/branch.js';
import { fillTemplate, loadTemplate } from './launch-template.js';
import type { PayloadFormat } from './media-format.js';
import { chooseTimestamps, type PayloaderElement } from './renumbering.js';
import type { Gst, GstRuntime } from './runtime.js';

/** What a group makes: the media as they come, or stereo of surround sound. */
export type GroupKind = TrackId | 'stereo';

/** Groups at a time whose payload types viewers chose. */
export const GROUPS_LIMIT = 8;
/**
 * Milliseconds without a viewer until a group is taken down, so that a page that is reloaded finds it.
 * Stereo costs more than the others.
 */
const LINGER_MS: Readonly<Record<GroupKind, number>> = {
  video: 30_000,
  audio: 30_000,
  stereo: 5_000,
};
/** Milliseconds of pictures that wait in a source above which it is skipped to an IDR. */
const SOURCE_BACKLOG_MS = 1_500;
/** Milliseconds that wait in a source that keeps up at most, and for which more may wait there. */
const IDLE_BACKLOG_MS = 150;
const STANDSTILL_MS = 10_000;

/** A viewer's share in a group. */
export interface Membership {
  readonly tap: Tap;
  /** After the viewer has been unlinked. Idempotent. */
  leave(): void;
}

interface Group {
  readonly key: string;
  readonly kind: GroupKind;
  readonly bin: Gst.Bin;
  /** Of the bin. */
  readonly name: string;
  readonly source: AppSrcElement;
  readonly tap: Tap;
  /** What each viewer wants to hear of a failure. */
  readonly members: Set<(cause: string) => void>;
  linger: NodeJS.Timeout | null;
  /** Nothing is pushed until the next IDR. */
  skipping: boolean;
  /** Milliseconds of `performance.now()` since which the source has had a backlog; null without one. */
  behindSince: number | null;
}

export interface PayloadGroupsOptions {
  readonly runtime: GstRuntime;
  readonly pipeline: Gst.Pipeline;
  /** Bytes of an RTP packet of video. */
  readonly mtu: number;
  /** Stereo that we offer by ourselves, and that no viewer's choice keeps away. */
  readonly stereo: PayloadFormat | null;
  readonly requestKeyframe: () => void;
  readonly log: Log;
}

let nextNumber = 1;

export class PayloadGroups {
  readonly #options: PayloadGroupsOptions;
  readonly #log: Log;
  readonly #groups = new Map<string, Group>();
  #closed = false;

  constructor(options: PayloadGroupsOptions) {
    this.#options = options;
    this.#log = options.log;
  }

  /**
   * Adds a viewer to the group, whose elements are there afterwards.
   *
   * @param onFailed called once if the group is of no use any more
   * @throws CLOSED, LIMIT_REACHED, PIPELINE_FAILED
   */
  join(kind: GroupKind, format: PayloadFormat, onFailed: (cause: string) => void): Membership {
    if (this.#closed) throw new MoonteeError('CLOSED', 'The pipeline is closed');
    const key = keyOf(kind, format);
    let group = this.#groups.get(key);
    if (!group) {
      if (!this.#isOurs(key)) this.#makeRoom();
      group = this.#build(key, kind, format);
      this.#groups.set(key, group);
    }
    return this.#enter(group, (cause) => onFailed(cause));
  }

  /** @param makeBuffer called once for each group that takes the unit */
  push(track: TrackId, { keyframe }: CodedUnit, makeBuffer: () => Gst.Buffer): void {
    for (const group of [...this.#groups.values()]) {
      if (trackOf(group.kind) !== track) continue;
      const backlog = Number(group.source.currentLevelTime) / 1e6;
      if (this.#standsStill(group, backlog)) continue;
      if (track === 'video' && !this.#admits(group, keyframe, backlog)) continue;
      group.source.pushBuffer(makeBuffer());
    }
  }

  /**
   * A source stops without a word if one of its viewers answers a packet with an end of the stream, which
   * comes to that viewer from another group that failed.
   */
  #standsStill(group: Group, backlog: number): boolean {
    const now = performance.now();
    if (backlog <= IDLE_BACKLOG_MS) group.behindSince = null;
    else group.behindSince ??= now;
    if (group.behindSince === null || now - group.behindSince < STANDSTILL_MS) return false;
    this.#fail(group, 'its source does not get on');
    return true;
  }

  /** Something in a bin of ours failed. @returns whether it is one */
  onElementError(bin: string, cause: string): boolean {
    const group = [...this.#groups.values()].find(({ name }) => name === bin);
    if (!group) return false;
    this.#fail(group, cause);
    return true;
  }

  #fail(group: Group, cause: string): void {
    this.#log.error({ group: group.key, cause }, 'payload group failed');
    // The next viewer gets another one.
    this.#groups.delete(group.key);
    for (const notify of [...group.members]) notify(cause);
    if (group.members.size === 0) this.#takeDown(group);
  }

  /** After the last viewer. Idempotent. */
  close(): void {
    this.#closed = true;
    for (const group of this.#groups.values()) this.#takeDown(group);
    this.#groups.clear();
  }

  #isOurs(key: string): boolean {
    const { stereo } = this.#options;
    return stereo !== null && key === keyOf('stereo', stereo);
  }

  /** @throws LIMIT_REACHED */
  #makeRoom(): void {
    const chosen = [...this.#groups.values()].filter(({ key }) => !this.#isOurs(key));
    if (chosen.length < GROUPS_LIMIT) return;
    const idle = chosen.find(({ members }) => members.size === 0);
    if (!idle) {
      const message = `Viewers use ${GROUPS_LIMIT} payload types of their own already`;
      throw new MoonteeError('LIMIT_REACHED', message, { details: { limit: GROUPS_LIMIT } });
    }
    this.#groups.delete(idle.key);
    this.#takeDown(idle);
  }

  #enter(group: Group, notify: (cause: string) => void): Membership {
    if (group.linger) clearTimeout(group.linger);
    group.linger = null;
    group.members.add(notify);
    const leave = (): void => {
      if (group.members.delete(notify) && group.members.size === 0) this.#empty(group);
    };
    return { tap: group.tap, leave };
  }

  #empty(group: Group): void {
    if (this.#closed) return;
    if (this.#groups.get(group.key) !== group) {
      this.#takeDown(group);
      return;
    }
    group.linger = setTimeout(() => {
      this.#groups.delete(group.key);
      this.#takeDown(group);
    }, LINGER_MS[group.kind]);
  }

  #admits(group: Group, keyframe: boolean, backlog: number): boolean {
    if (!group.skipping && backlog > SOURCE_BACKLOG_MS) {
      group.skipping = true;
      this.#log.warn({ group: group.key, backlog }, 'payload group too slow, skipping');
      this.#options.requestKeyframe();
    }
    if (group.skipping && keyframe) {
      if (backlog <= SOURCE_BACKLOG_MS / 4) group.skipping = false;
      else if (group.members.size > 0) this.#options.requestKeyframe();
    }
    return !group.skipping;
  }

  #build(key: string, kind: GroupKind, { template, values, caps }: PayloadFormat): Group {
    const { runtime, pipeline, mtu } = this.#options;
    const all = kind === 'video' ? { ...values, mtu } : values;
    const bin = runtime.parseBin(fillTemplate(loadTemplate(template), all));
    const name = `payload-group-${nextNumber++}`;
    bin.name = name;
    const element = (part: string): Gst.Element => {
      const found = bin.getByName(`${kind}-${part}`);
      if (!found) throw new MoonteeError('PIPELINE_FAILED', `The template has no ${kind}-${part}`);
      return found;
    };
    const payloader = element('pay') as PayloaderElement;
    chooseTimestamps(payloader);
    const tap = {
      tee: element('tee'),
      payloader,
      caps: runtime.namespaces.Gst.Caps.fromString(caps),
    };
    const source = element('source') as AppSrcElement;
    pipeline.add(bin);
    bin.syncStateWithParent();
    this.#log.info({ group: key }, 'payload group started');
    // A parser that begins between two key frames finds nothing to describe.
    return {
      key,
      kind,
      bin,
      name,
      source,
      tap,
      members: new Set(),
      linger: null,
      skipping: true,
      behindSince: null,
    };
  }

  #takeDown(group: Group): void {
    const { runtime, pipeline } = this.#options;
    if (group.linger) clearTimeout(group.linger);
    group.linger = null;
    // Nothing behind the tee is linked, and nothing in here waits for Node's thread.
    group.bin.setLockedState(true);
    group.bin.setState(runtime.namespaces.Gst.State.NULL);
    pipeline.remove(group.bin);
    runtime.collector.soon();
    this.#log.info({ group: group.key }, 'payload group stopped');
  }
}

function keyOf(kind: GroupKind, { payload }: PayloadFormat): string {
  return `${kind} ${payload}`;
}

function trackOf(kind: GroupKind): TrackId {
  return kind === 'video' ? 'video' : 'audio';
}
