import { createSocket } from 'node:dgram';
import { isIPv4, isIPv6 } from 'node:net';
import { networkInterfaces, type NetworkInterfaceInfo } from 'node:os';
import { MoonteeError } from '../core/errors.js';

/** UDP ports that hosts' network cards and wake proxies listen on (gamestream.md §1.8). */
const WAKE_PORTS = [9, 47_009, 47_998, 47_999, 48_000, 48_002, 48_010] as const;

/** Interfaces of a machine with many containers; more are not served. */
const MAX_TARGETS = 64;

type Interfaces = NodeJS.Dict<
  readonly Pick<NetworkInterfaceInfo, 'address' | 'netmask' | 'family' | 'internal'>[]
>;

/**
 * Where a magic packet has to go: the host's last addresses, which a switch or a router may still know, the
 * directed broadcast of every interface, and the limited broadcast, which leaves by one interface alone.
 *
 * @param known numeric addresses
 */
export function wakeTargets(
  known: readonly string[],
  interfaces: Interfaces = networkInterfaces(),
): string[] {
  const directed = Object.values(interfaces)
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === 'IPv4' && !internal)
    .flatMap(({ address, netmask }) => broadcastOf(address, netmask));
  return [...new Set([...known, '255.255.255.255', ...directed])].slice(0, MAX_TARGETS);
}

/** None for a network of one or two addresses. */
function broadcastOf(address: string, netmask: string): string[] {
  const bytes = (text: string): number[] => text.split('.').map(Number);
  const mask = bytes(netmask);
  if (mask[3] === undefined || mask[3] >= 254) return [];
  return [
    bytes(address)
      .map((byte, index) => byte | (~(mask[index] ?? 255) & 255))
      .join('.'),
  ];
}

/** Six times FF, then the hardware address sixteen times. @throws MoonteeError BAD_REQUEST */
export function magicPacket(mac: string): Buffer {
  if (!/^([\da-f]{2}[:-]){5}[\da-f]{2}$/i.test(mac)) {
    throw new MoonteeError('BAD_REQUEST', 'Invalid MAC address');
  }
  const address = Buffer.from(mac.replace(/[:-]/g, ''), 'hex');
  return Buffer.concat([Buffer.alloc(6, 0xff), ...Array<Buffer>(16).fill(address)]);
}

/**
 * Wakes a host. Nothing ever tells whether it worked.
 *
 * @param targets numeric addresses, see {@link wakeTargets}
 * @throws MoonteeError BAD_REQUEST (address), HOST_UNREACHABLE where no packet could be sent
 */
export async function wakeOnLan(
  mac: string,
  targets: readonly string[],
  ports: readonly number[] = WAKE_PORTS,
): Promise<void> {
  const packet = magicPacket(mac);
  const sent = await Promise.allSettled([
    send(packet, 'udp4', targets.filter(isIPv4), ports),
    send(packet, 'udp6', targets.filter(isIPv6), ports),
  ]);
  if (sent.some((result) => result.status === 'fulfilled' && result.value > 0)) return;
  const failed = sent.find((result) => result.status === 'rejected');
  throw MoonteeError.from(failed?.reason ?? new Error('No network to send to'), 'HOST_UNREACHABLE');
}

/** @returns how many packets left; throws where all of them failed */
async function send(
  packet: Buffer,
  type: 'udp4' | 'udp6',
  addresses: readonly string[],
  ports: readonly number[],
): Promise<number> {
  if (addresses.length === 0) return 0;
  const socket = createSocket(type);
  try {
    await new Promise<void>((resolve, reject) => {
      socket.once('error', reject);
      socket.bind(0, resolve);
    });
    // The bound listener is gone: nobody else hears of a later error.
    socket.on('error', () => undefined);
    if (type === 'udp4') socket.setBroadcast(true);
    const sent = await Promise.allSettled(
      addresses.flatMap((address) =>
        ports.map(
          (port) =>
            new Promise<void>((resolve, reject) => {
              socket.send(packet, port, address, (error) => {
                if (error === null) resolve();
                else reject(error);
              });
            }),
        ),
      ),
    );
    const failed = sent.find((result) => result.status === 'rejected');
    const left = sent.filter((result) => result.status === 'fulfilled').length;
    if (failed !== undefined && left === 0) throw failed.reason;
    return left;
  } finally {
    socket.close();
  }
}
