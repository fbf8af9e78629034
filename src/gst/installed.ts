/** Which versions are installed on this machine. */
import { readFile } from 'node:fs/promises';
import { upstreamOf } from './debian-version.js';
import type { GstRuntime } from './runtime.js';
import { REACHABLE_PACKAGE, type InstalledVersions } from './versions.js';

export async function installedVersions(runtime: GstRuntime): Promise<InstalledVersions> {
  const gstreamer = runtime.pluginVersion('dtlsdec');
  const debian = gstreamer === null ? null : await debianVersion(REACHABLE_PACKAGE);
  // A build of one's own may be in front of the package.
  const own = debian !== null && upstreamOf(debian) !== gstreamer;
  return { gstreamer, debian: own ? null : debian, libnice: runtime.pluginVersion('nicesink') };
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
