/** Holes of GStreamer that a viewer's end can reach, and the versions that do not have them. */
import { readFile } from 'node:fs/promises';
import { compareDebianVersions, upstreamOf } from './debian-version.js';
import type { GstRuntime } from './runtime.js';

/** What has the elements that take apart what a viewer sends: DTLS, SCTP, webrtcbin. */
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

/** What is installed: the Debian package's version, or else the plugin's own. */
export interface InstalledVersions {
  readonly debian: string | null;
  readonly upstream: string;
}

/** The holes of what is installed. */
export function knownHoles({ debian, upstream }: InstalledVersions): KnownHole[] {
  const release = debian === null ? upstream : upstreamOf(debian);
  return HOLES.flatMap((hole): KnownHole[] => {
    const { id, what } = hole;
    if (compareDebianVersions(release, hole.upstream) >= 0) return [];
    const build = debian === null ? undefined : hole.debian.find((row) => row.release === release);
    const installed = debian ?? upstream;
    if (!build) return [{ id, what, installed, mended: hole.upstream }];
    const fixed = compareDebianVersions(installed, build.mended) >= 0;
    return fixed ? [] : [{ id, what, installed, mended: build.mended }];
  });
}

/** The holes of this machine's GStreamer; empty without DTLS. */
export async function holesOf(runtime: GstRuntime): Promise<KnownHole[]> {
  const upstream = runtime.pluginVersion('dtlsdec');
  if (upstream === null) return [];
  const debian = await debianVersion(REACHABLE_PACKAGE);
  // A build of one's own may be in front of the package.
  const own = debian !== null && upstreamOf(debian) !== upstream;
  return knownHoles({ debian: own ? null : debian, upstream });
}

const STATUS = '/var/lib/dpkg/status';

/**
 * The version of an installed Debian package; null if it is not installed, or this is not Debian.
 *
 * @param status path of dpkg's list
 */
export async function debianVersion(name: string, status = STATUS): Promise<string | null> {
  const text = await readFile(status, 'utf8').catch(() => '');
  for (const paragraph of text.split('\n\n')) {
    const field = (key: string): string | undefined =>
      new RegExp(`^${key}: (.*)$`, 'm').exec(paragraph)?.[1];
    if (field('Package') !== name || !field('Status')?.endsWith(' installed')) continue;
    return field('Version') ?? null;
  }
  return null;
}
