import { MoonteeError } from '../../core/errors.js';
import type { Log } from '../../core/log.js';
import type { DatagramFaults } from '../datagram.js';
import { EnetHost } from '../enet/host.js';
import type { EnetPeer } from '../enet/peer.js';

interface DialOptions {
  readonly connectData: number;
  /** Milliseconds for everything together. */
  readonly timeout: number;
  readonly faults: DatagramFaults | undefined;
  readonly log: Log;
}

const CONTROL_CHANNELS = 48;

/**
 * Resolves, binds and connects, within one deadline.
 *
 * @throws MoonteeError `CONTROL_FAILED`, `HOST_UNREACHABLE`, `CLOSED` (aborted)
 */
export async function dialControl(
  remote: { readonly host: string; readonly port: number },
  options: DialOptions,
  signal: AbortSignal,
): Promise<{ host: EnetHost; peer: EnetPeer }> {
  const { connectData, timeout, faults, log } = options;
  if (signal.aborted) throw new MoonteeError('CLOSED', 'The control stream was closed');
  return await new Promise((resolve, reject) => {
    let opened: { host: EnetHost; peer: EnetPeer } | undefined;
    let over = false;
    const end = (action: () => void): void => {
      if (over) return;
      over = true;
      clearTimeout(deadline);
      signal.removeEventListener('abort', abort);
      action();
    };
    const fail = (error: MoonteeError): void =>
      end(() => {
        opened?.host.close();
        reject(error);
      });
    const failed = (reason: string, refused: boolean): void =>
      fail(new MoonteeError('CONTROL_FAILED', reason, { details: { ...remote, refused } }));
    const abort = (): void => fail(new MoonteeError('CLOSED', 'The control stream was closed'));
    const late = (): void => failed(`No answer on UDP port ${remote.port} in ${timeout} ms`, false);
    const deadline = setTimeout(late, timeout);
    signal.addEventListener('abort', abort);

    EnetHost.dial(
      remote,
      { log, faults },
      { channels: CONTROL_CHANNELS, data: connectData, timeout },
    ).then(
      ({ host, peer }) => {
        if (over) {
          host.close();
          return;
        }
        opened = { host, peer };
        peer.once('connect', () => end(() => resolve({ host, peer })));
        peer.once('disconnect', ({ reason }) =>
          reason === 'timeout' ? late() : failed('The host refused the control connection', true),
        );
      },
      (error: unknown) => fail(MoonteeError.from(error, 'CONTROL_FAILED')),
    );
  });
}
