/** Sources of ICE servers besides the configuration: a program's output, an HTTP answer. */
import { execFile } from 'node:child_process';
import { MoonteeError } from '../core/errors.js';
import { withoutOurSecrets } from '../config/child-environment.js';
import { parseServersAnswer, type ServersAnswer } from './servers-answer.js';

/** Milliseconds that an answer may take, and its bytes. */
const DEADLINE_MS = 5_000;
const MAX_BYTES = 64 * 1024;

/** Asked whenever the answer before is used up. */
export interface ServersSource {
  /** For log lines; no secrets. */
  readonly name: string;
  fetch(): Promise<ServersAnswer>;
}

/**
 * Runs a program of the operator's and reads its standard output. There is no shell, and its
 * arguments hold nothing from the network.
 *
 * @param argv the program and its arguments
 */
export function commandSource(argv: readonly string[], deadline = DEADLINE_MS): ServersSource {
  const [program = '', ...args] = argv;
  return {
    name: `command ${program}`,
    fetch: () =>
      new Promise((resolve, reject) => {
        const options = {
          timeout: deadline,
          killSignal: 'SIGKILL',
          maxBuffer: MAX_BYTES,
          encoding: 'utf8',
          env: withoutOurSecrets(),
        } as const;
        execFile(program, args, options, (error, output) => {
          try {
            if (error) throw failed(`command ${program}`, commandFailure(error, deadline));
            resolve(parseServersAnswer(output));
          } catch (thrown) {
            reject(MoonteeError.from(thrown));
          }
        });
      }),
  };
}

function commandFailure(
  error: Error & { code?: unknown; killed?: boolean },
  deadline: number,
): string {
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `more than ${MAX_BYTES} bytes`;
  if (error.killed === true) return `no answer within ${deadline} ms`;
  return typeof error.code === 'number' ? `exit code ${error.code}` : String(error.code);
}

/** @param url HTTP or HTTPS; a user and a password in it are sent as basic authentication */
export function urlSource(url: string, deadline = DEADLINE_MS): ServersSource {
  const target = new URL(url);
  const { username, password } = target;
  target.username = '';
  target.password = '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  const authorization = pair === ':' ? {} : { Authorization: `Basic ${btoa(pair)}` };
  const name = `URL ${target.origin}${target.pathname}`;
  return {
    name,
    async fetch() {
      const signal = AbortSignal.timeout(deadline);
      try {
        const response = await fetch(target, {
          headers: { Accept: 'application/json', ...authorization },
          redirect: 'error',
          signal,
        });
        if (!response.ok) {
          await response.body?.cancel();
          throw failed(name, `status ${response.status}`);
        }
        return parseServersAnswer(await bounded(response, name));
      } catch (error) {
        if (error instanceof MoonteeError) throw error;
        const late = signal.aborted ? `no answer within ${deadline} ms` : causeOf(error);
        throw failed(name, late);
      }
    },
  };
}

async function bounded(response: Response, name: string): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += (chunk as Uint8Array).byteLength;
    if (size > MAX_BYTES) throw failed(name, `more than ${MAX_BYTES} bytes`);
    chunks.push(Buffer.from(chunk as Uint8Array));
  }
  return Buffer.concat(chunks).toString();
}

/** `fetch` hides the reason one level down. */
function causeOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? error.cause.message : error.message;
}

function failed(name: string, reason: string): MoonteeError {
  return new MoonteeError('CONFIG_INVALID', `ICE servers from ${name}: ${reason}`);
}
