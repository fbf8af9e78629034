import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import { MoonteeError } from '../core/errors.js';
import type { Log } from '../core/log.js';

/** Paths of PEM files. */
export interface CertificatePaths {
  readonly private_key_pem: string;
  readonly certificate_pem: string;
}

export interface KeyPair {
  readonly key: string;
  readonly cert: string;
}

export interface CertificateOptions {
  readonly paths: CertificatePaths;
  /** Milliseconds between two looks at the files. */
  readonly interval?: number;
  readonly onRenewed: (pair: KeyPair) => void;
  readonly log: Log;
}

const INTERVAL_MS = 5_000;
/** Bytes of a file: a long chain has some ten thousand. */
const MAX_SIZE = 1 << 20;

/**
 * The server's certificate, also after it was renewed. The files are read again and again rather
 * than watched. Their folder may be a symbolic link that is swapped (Kubernetes), they may be links
 * themselves (certbot), or be renamed over. Each of these looks different to inotify.
 */
export class Certificate {
  readonly #options: CertificateOptions;
  readonly #timer: NodeJS.Timeout;
  #pair: KeyPair;
  /** What was wrong with the files at the last look. */
  #problem: string | null = null;
  #warned = false;
  #looking: Promise<void> | null = null;

  /** @throws CONFIG_INVALID if the files cannot be read, or do not belong together */
  static async open(options: CertificateOptions): Promise<Certificate> {
    return new Certificate(options, await readPair(options.paths));
  }

  private constructor(options: CertificateOptions, pair: KeyPair) {
    this.#options = options;
    this.#pair = pair;
    this.#timer = setInterval(() => void this.reload(), options.interval ?? INTERVAL_MS);
    this.#timer.unref();
  }

  get pair(): KeyPair {
    return this.#pair;
  }

  /** Looks at the files now. Never rejects: files that are of no use leave everything as it is. */
  reload(): Promise<void> {
    this.#looking ??= this.#reload().finally(() => {
      this.#looking = null;
    });
    return this.#looking;
  }

  /** Idempotent. */
  close(): void {
    clearInterval(this.#timer);
  }

  async #reload(): Promise<void> {
    const { paths, onRenewed, log } = this.#options;
    try {
      const pair = await readPair(paths);
      this.#problem = null;
      this.#warned = false;
      if (pair.key === this.#pair.key && pair.cert === this.#pair.cert) return;
      onRenewed(pair);
      this.#pair = pair;
      const { validTo, fingerprint256 } = new X509Certificate(pair.cert);
      log.info({ valid_to: validTo, fingerprint: fingerprint256 }, 'certificate renewed');
    } catch (error) {
      const reason = MoonteeError.from(error).message;
      // One of two files may have been written and the other not yet: logged once, if it stays so.
      const stays = this.#problem === reason;
      this.#problem = reason;
      if (!stays || this.#warned) return;
      this.#warned = true;
      log.warn({ reason }, 'certificate not renewed, the one before stays');
    }
  }
}

async function readPair(paths: CertificatePaths): Promise<KeyPair> {
  const pair = {
    key: await readPem('private_key_pem', paths),
    cert: await readPem('certificate_pem', paths),
  };
  let goTogether: boolean;
  try {
    goTogether = new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key));
    // The rest of a chain, too, must be one.
    if (goTogether) createSecureContext(pair);
  } catch (error) {
    throw new MoonteeError('CONFIG_INVALID', 'certificate: not a PEM certificate and its key', {
      cause: error,
    });
  }
  if (!goTogether) {
    const { private_key_pem: key, certificate_pem: cert } = paths;
    throw new MoonteeError('CONFIG_INVALID', `certificate: ${key} is not the key of ${cert}`);
  }
  return pair;
}

/** A pipe or a device is not read: that may never end, and would hold up the process's own end. */
async function readPem(name: keyof CertificatePaths, paths: CertificatePaths): Promise<string> {
  try {
    const facts = await stat(paths[name]);
    if (!facts.isFile() || facts.size > MAX_SIZE) throw new Error('no regular file of that size');
    return await readFile(paths[name], 'utf8');
  } catch (error) {
    throw new MoonteeError('CONFIG_INVALID', `certificate.${name}: ${paths[name]} cannot be read`, {
      cause: error,
    });
  }
}
