import { request } from 'node:http';
import { PATIENCE_MS } from './receiver.js';

export interface Reply {
  readonly status: number;
  readonly text: string;
}

/**
 * One request on a connection of its own. `fetch` shares connections. Now and then it loses a
 * request for good, if the other side closes one while the machine is busy.
 */
export function ask(method: string, url: URL, body?: unknown): Promise<Reply> {
  const text = body === undefined ? undefined : JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      url,
      {
        method,
        agent: false,
        headers:
          text === undefined
            ? {}
            : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) },
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('close', () => {
          clearTimeout(late);
          if (!response.complete) reject(new Error(`${method} ${url.pathname} was cut off`));
          else {
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() });
          }
        });
      },
    );
    const late = setTimeout(() => {
      outgoing.destroy(new Error(`no answer to ${method} ${url.pathname}`));
    }, PATIENCE_MS);
    outgoing.on('error', (error) => {
      clearTimeout(late);
      reject(error);
    });
    outgoing.end(text);
  });
}
