import { createSocket } from 'node:dgram';
import { MoonteeError } from '../errors.js';

const MAC = /^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i;

/** Six times FF, then the address sixteen times (signaling.md a.3). */
export function magicPacket(mac: string): Buffer {
  if (!MAC.test(mac)) throw new MoonteeError('INTERNAL', 'The host’s MAC address is not known');
  const address = Buffer.from(mac.replaceAll(/[:-]/g, ''), 'hex');
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array.from({ length: 16 }, () => address)]);
}

/**
 * Broadcasts a wake-on-LAN packet.
 *
 * @throws INTERNAL where the MAC is not known or the packet could not be sent
 */
export async function wake(
  mac: string | null,
  target: { address: string; port: number } = { address: '255.255.255.255', port: 9 },
): Promise<void> {
  const packet = magicPacket(mac ?? '');
  const socket = createSocket('udp4');
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, () => {
        socket.setBroadcast(true);
        socket.send(packet, target.port, target.address, (error) => {
          if (error === null) resolve();
          else reject(error);
        });
      });
    });
  } catch (error) {
    throw new MoonteeError('INTERNAL', 'The wake-up packet could not be sent', { cause: error });
  } finally {
    socket.close();
  }
}
