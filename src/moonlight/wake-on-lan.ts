import { createSocket } from 'node:dgram';
import { MoonteeError } from '../errors.js';

/** UDP ports that hosts' network cards and wake proxies listen on (gamestream.md §1.8). */
const WAKE_PORTS = [9, 47_009, 47_998, 47_999, 48_000, 48_002, 48_010] as const;

export interface WakeOptions {
  /** Default is the broadcast address of every network. */
  readonly address?: string;
  readonly ports?: readonly number[];
}

/** Six times FF, then the hardware address sixteen times. @throws MoonteeError BAD_REQUEST */
export function magicPacket(mac: string): Buffer {
  if (!/^([\da-f]{2}[:-]){5}[\da-f]{2}$/i.test(mac)) {
    throw new MoonteeError('BAD_REQUEST', 'Not a MAC address');
  }
  const address = Buffer.from(mac.replace(/[:-]/g, ''), 'hex');
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array<Buffer>(16).fill(address)]);
}

/**
 * Wakes a host. Nothing ever tells whether it worked.
 *
 * @throws MoonteeError BAD_REQUEST (address), HOST_UNREACHABLE where no packet could be sent
 */
export async function wakeOnLan(mac: string, options: WakeOptions = {}): Promise<void> {
  const { address = '255.255.255.255', ports = WAKE_PORTS } = options;
  const packet = magicPacket(mac);
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, resolve);
    });
    socket.setBroadcast(true);
    const sent = await Promise.allSettled(
      ports.map(
        (port) =>
          new Promise<void>((resolve, reject) => {
            socket.send(packet, port, address, (error) => {
              if (error === null) resolve();
              else reject(error);
            });
          }),
      ),
    );
    const failed = sent.find((result) => result.status === 'rejected');
    if (failed !== undefined && sent.every((result) => result.status === 'rejected')) {
      throw MoonteeError.from(failed.reason, 'HOST_UNREACHABLE');
    }
  } catch (error) {
    throw MoonteeError.from(error, 'HOST_UNREACHABLE');
  } finally {
    socket.close();
  }
}
