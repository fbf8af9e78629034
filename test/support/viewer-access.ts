/** Tokens and links in a folder of their own, without a server. */
import type { ExecutionContext } from 'ava';
import type { IdentityOptions } from '../../src/access/identity-provider.js';
import { ViewerAccess } from '../../src/access/viewer-access.js';
import { silentLog } from '../../src/core/log.js';
import type { Right } from '../../src/core/rights.js';
import { temporaryFolder } from './server.js';

export interface AccessStage {
  readonly access: ViewerAccess;
  readonly folder: string;
}

export async function openAccess(
  t: ExecutionContext,
  options: { folder?: string; maxTokens?: number; identity?: IdentityOptions } = {},
): Promise<AccessStage> {
  const folder = options.folder ?? (await temporaryFolder(t));
  const { maxTokens = 100, identity = null } = options;
  const access = await ViewerAccess.open({ folder, maxTokens, identity, log: silentLog() });
  t.teardown(() => access.close());
  return { access, folder };
}

/** A request for a token, or the beginning of one for a link. */
export function grant(
  streamerId: string,
  rights: readonly Right[],
  life: number | null = null,
): { streamerId: string; rights: ReadonlySet<Right>; life: number | null; name: string | null } {
  return { streamerId, rights: new Set(rights), life, name: null };
}
