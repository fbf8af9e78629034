import { MoonteeError } from '../../core/errors.js';
import type { HostDescription } from './description.js';

/** SS_ENC bits (gamestream.md §10). */
const ENCRYPTION = { CONTROL_V2: 1, VIDEO: 2, AUDIO: 4 } as const;

const KNOWN = ENCRYPTION.CONTROL_V2 | ENCRYPTION.VIDEO | ENCRYPTION.AUDIO;

export interface EncryptionChoice {
  /** SS_ENC bits for ANNOUNCE. */
  readonly enabled: number;
  readonly control: 1 | 2;
  readonly video: boolean;
  /** Also on if the host only knows the older switch in its feature flags. */
  readonly audio: boolean;
}

/**
 * What is encrypted: all that the host requests, and what we wish if the host can (gamestream.md
 * §3.7).
 *
 * @throws MoonteeError ENCRYPTION_REQUIRED if the host requests an unknown one
 */
export function chooseEncryption(
  host: Pick<HostDescription, 'encryptionSupported' | 'encryptionRequested'>,
  wish: { readonly video: boolean; readonly audio: boolean },
): EncryptionChoice {
  const { encryptionSupported: supported, encryptionRequested: requested } = host;
  if ((requested & ~KNOWN) !== 0) {
    throw new MoonteeError('ENCRYPTION_REQUIRED', undefined, { details: { requested } });
  }
  const wished =
    ENCRYPTION.CONTROL_V2 |
    (wish.video ? ENCRYPTION.VIDEO : 0) |
    (wish.audio ? ENCRYPTION.AUDIO : 0);
  const enabled = (supported & wished) | requested;
  return {
    enabled,
    control: (enabled & ENCRYPTION.CONTROL_V2) !== 0 ? 2 : 1,
    video: (enabled & ENCRYPTION.VIDEO) !== 0,
    audio: wish.audio || (enabled & ENCRYPTION.AUDIO) !== 0,
  };
}
