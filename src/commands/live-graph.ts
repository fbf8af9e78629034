/** The graph of a live streamer, from the server of a configuration. */
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import tls from 'node:tls';
import { isRight } from 'fp-ts/lib/Either.js';
import { isLoopback } from '../config/codecs.js';
import { bindOf } from '../config/load.js';
import type { Config } from '../config/schema.js';
import { MoonteeError } from '../core/errors.js';
import { ErrorAnswer } from '../protocol/rest-models.js';

/** Milliseconds for the server's answer, and bytes of it. */
const TIMEOUT_MS = 10_000;
const MAX_BYTES = 64 * 1_048_576;

/**
 * @param timeout milliseconds
 * @returns text in Graphviz's language
 * @throws HOST_UNREACHABLE where no server answers, TIMEOUT where one is silent, HOST_ANSWER_INVALID,
 *   CONFIG_INVALID where its certificate is not the configured one, or what the server answers
 */
export async function fetchDot(config: Config, id: string, timeout = TIMEOUT_MS): Promise<string> {
  const { host: bound, port } = bindOf(config);
  const host = bound === '0.0.0.0' ? '127.0.0.1' : bound === '::' ? '::1' : bound;
  const where = `${isLoopback(host) ? 'on this machine' : `at ${host}`}, port ${port}`;
  const signal = AbortSignal.timeout(timeout);
  const secure = config.certificate;
  try {
    const socket =
      secure === null ? null : await connectTo(host, port, secure.certificate_pem, signal);
    const request = http.get({
      host,
      port,
      path: `${config.web_path_prefix}/api/streamers/${encodeURIComponent(id)}/dot`,
      headers: config.credentials === null ? {} : { Authorization: `Bearer ${config.credentials}` },
      signal,
      ...(socket && { createConnection: () => socket }),
    });
    try {
      return await answerTo(request);
    } finally {
      request.destroy();
    }
  } catch (cause) {
    if (cause instanceof MoonteeError) throw cause;
    if (signal.aborted) {
      throw new MoonteeError('TIMEOUT', `The server ${where} does not answer`, { cause });
    }
    throw new MoonteeError('HOST_UNREACHABLE', `No server answers ${where}`, { cause });
  }
}

async function answerTo(request: http.ClientRequest): Promise<string> {
  const [response] = (await once(request, 'response')) as [http.IncomingMessage];
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) {
    text += String(chunk);
    if (text.length > MAX_BYTES) {
      throw new MoonteeError('HOST_ANSWER_INVALID', 'The graph is too large');
    }
  }
  if (response.statusCode === 200) return text;
  throw refusal(response.statusCode ?? 0, text);
}

/** What a server answers instead of a graph. */
function refusal(status: number, text: string): MoonteeError {
  try {
    const answer = ErrorAnswer.decode(JSON.parse(text));
    if (isRight(answer)) return new MoonteeError(answer.right.code, answer.right.error);
  } catch {
    // Something else listens there.
  }
  const words = `The server answers ${status}: ${text.slice(0, 300)}`;
  return new MoonteeError('HOST_ANSWER_INVALID', words);
}

/** The password is sent only to a server with the configured certificate. */
async function connectTo(
  host: string,
  port: number,
  path: string,
  signal: AbortSignal,
): Promise<tls.TLSSocket> {
  const own = readCertificate(path);
  const socket = tls.connect({ host, port, rejectUnauthorized: false });
  try {
    await once(socket, 'secureConnect', { signal });
    if (socket.getPeerX509Certificate()?.fingerprint256 === own.fingerprint256) return socket;
    throw new MoonteeError('CONFIG_INVALID', 'The server has another certificate than configured');
  } catch (error) {
    socket.on('error', () => undefined).destroy();
    throw error;
  }
}

function readCertificate(path: string): X509Certificate {
  try {
    return new X509Certificate(readFileSync(path));
  } catch (cause) {
    throw new MoonteeError('CONFIG_INVALID', `${path} is no certificate`, { cause });
  }
}
