/**
 * What releases of GStreamer and libnice can do, as far as it makes a difference here, and the holes
 * that a viewer's end can reach. Nothing else of the source compares versions. Pure.
 */
import { compareDebianVersions, upstreamOf } from './debian-version.js';

/** Versions in their authors' numbering, and Debian's of the package that faces viewers. */
export interface InstalledVersions {
  /** Of the plugins that take apart what a viewer sends: DTLS, SCTP, webrtcbin. Null: missing. */
  readonly gstreamer: string | null;
  /** Of the package that has them; null if they are not Debian's. */
  readonly debian: string | null;
  readonly libnice: string | null;
}

/** The first releases that can do something: all that are named must be reached. */
interface Since {
  readonly gstreamer?: string;
  readonly libnice?: string;
}

interface Ability {
  readonly since: Since;
  readonly yes: string;
  readonly no: string;
}

const ABILITIES = {
  comparesFingerprints: {
    since: { gstreamer: '1.28.5' },
    yes: 'webrtcbin compares certificates of viewers, and so does Moontee',
    no: 'Moontee compares certificates of viewers, webrtcbin does not',
  },
  checksConsent: {
    since: { gstreamer: '1.24', libnice: '0.1.22' },
    yes: 'a viewer that vanishes is noticed by checks of its consent, and by its silence',
    no: 'a viewer that vanishes is noticed by its silence alone',
  },
  waitsForSockets: {
    since: { libnice: '0.1.23' },
    yes: 'where a socket is full, the viewer waits and goes on with a key frame',
    no: 'where a socket is full, the kernel drops single packets',
  },
} as const satisfies Record<string, Ability>;

export type AbilityName = keyof typeof ABILITIES;

/** @returns null where the versions are not known */
export function isAble(name: AbilityName, installed: InstalledVersions): boolean | null {
  const since: Since = ABILITIES[name].since;
  const reached = (['gstreamer', 'libnice'] as const)
    .filter((part) => since[part] !== undefined)
    .map((part) => {
      const version = installed[part];
      return version === null ? null : compareDebianVersions(version, since[part] ?? '') >= 0;
    });
  if (reached.includes(false)) return false;
  return reached.includes(null) ? null : true;
}

/** A sentence for each ability that is known to be there or not. */
export function describeAbilities(installed: InstalledVersions): string[] {
  return (Object.keys(ABILITIES) as AbilityName[]).flatMap((name) => {
    const able = isAble(name, installed);
    return able === null ? [] : [ABILITIES[name][able ? 'yes' : 'no']];
  });
}

/** Debian's package of what takes apart what a viewer sends. */
export const REACHABLE_PACKAGE = 'gstreamer1.0-plugins-bad';

interface Hole {
  readonly id: string;
  /** What a viewer can do with it. */
  readonly what: string;
  /** The first release without it. */
  readonly upstream: string;
  /** Builds of older releases that were mended. */
  readonly debian: readonly { readonly release: string; readonly mended: string }[];
}

const HOLES: readonly Hole[] = [
  {
    id: 'CVE-2026-59692',
    what: 'a long name in a viewer’s certificate overflows the stack of the streamer',
    upstream: '1.28.5',
    debian: [
      { release: '1.22.0', mended: '1.22.0-4+deb12u8' },
      // Builds up to deb13u3 have it.
      { release: '1.26.2', mended: '1.26.2-3+deb13u4' },
    ],
  },
];

export interface KnownHole {
  readonly id: string;
  readonly what: string;
  readonly installed: string;
  /** The first version without it that takes the installed one's place. */
  readonly mended: string;
}

/** The holes of what is installed; none without plugins that viewers reach. */
export function knownHoles({ debian, gstreamer }: InstalledVersions): KnownHole[] {
  const installed = debian ?? gstreamer;
  if (installed === null) return [];
  const release = upstreamOf(installed);
  return HOLES.flatMap((hole): KnownHole[] => {
    const { id, what } = hole;
    if (compareDebianVersions(release, hole.upstream) >= 0) return [];
    const build = debian === null ? undefined : hole.debian.find((row) => row.release === release);
    if (!build) return [{ id, what, installed, mended: hole.upstream }];
    const fixed = compareDebianVersions(installed, build.mended) >= 0;
    return fixed ? [] : [{ id, what, installed, mended: build.mended }];
  });
}
