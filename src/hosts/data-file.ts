import { isRight } from 'fp-ts/lib/Either.js';
import * as t from 'io-ts';
import { MoonteeError } from '../core/errors.js';
import { Integer } from '../codec/integer.js';
import { describeIssues } from '../codec/issues.js';

const nullish = <C extends t.Mixed>(codec: C): t.UnionC<[C, t.NullC, t.UndefinedC]> =>
  t.union([codec, t.null, t.undefined]);

const Paired = t.type({
  client_private_key: t.string,
  client_certificate: t.string,
  server_certificate: t.string,
});

const HostRecord = t.intersection(
  [
    t.type({ address: t.string, http_port: Integer }),
    t.partial({
      unique_id: nullish(t.string),
      cache: nullish(
        t.partial({ name: nullish(t.string), mac: nullish(t.string), address: nullish(t.string) }),
      ),
      paired: nullish(Paired),
    }),
  ],
  'Host',
);

const DataFile = t.type({ hosts: t.array(HostRecord) }, 'data.json');

/** A host as it is stored (signaling.md e.5). */
export interface StoredHost {
  readonly address: string;
  readonly httpPort: number;
  /** `uniqueid` towards the host; null is the id that all clients share. */
  readonly uniqueId: string | null;
  readonly cache: {
    readonly name: string;
    readonly mac: string | null;
    /** What its name resolved to last; left out for a host that is known by its address. */
    readonly address?: string;
  } | null;
  readonly paired: StoredPairing | null;
}

/** PEM texts; line ends as they came. */
export interface StoredPairing {
  readonly privateKey: string;
  readonly certificate: string;
  readonly hostCertificate: string;
}

/** @throws CONFIG_INVALID if it does not have the reference's form */
export function parseDataFile(text: string, path: string): StoredHost[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new MoonteeError('CONFIG_INVALID', `${path} is not valid JSON`, { cause: error });
  }
  const decoded = DataFile.decode(value);
  if (!isRight(decoded)) {
    throw new MoonteeError('CONFIG_INVALID', `${path}: ${describeIssues(decoded.left)}`);
  }
  return decoded.right.hosts.map((host) => ({
    address: host.address,
    httpPort: host.http_port,
    uniqueId: host.unique_id ?? null,
    cache: host.cache
      ? {
          name: host.cache.name ?? host.address,
          mac: host.cache.mac ?? null,
          ...(typeof host.cache.address === 'string' ? { address: host.cache.address } : {}),
        }
      : null,
    paired: host.paired
      ? {
          privateKey: host.paired.client_private_key,
          certificate: host.paired.client_certificate,
          hostCertificate: host.paired.server_certificate,
        }
      : null,
  }));
}

/**
 * Pretty-printed. `paired` is left out while unpaired: scripts look for the word alone
 * (signaling.md e.4).
 */
export function formatDataFile(hosts: readonly StoredHost[]): string {
  const records = hosts.map(({ address, httpPort, uniqueId, cache, paired }) => ({
    address,
    http_port: httpPort,
    unique_id: uniqueId,
    ...(cache === null ? {} : { cache }),
    ...(paired === null
      ? {}
      : {
          paired: {
            client_private_key: paired.privateKey,
            client_certificate: paired.certificate,
            server_certificate: paired.hostCertificate,
          },
        }),
  }));
  return `${JSON.stringify({ hosts: records }, null, 2)}\n`;
}
