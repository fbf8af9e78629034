import { readFileSync } from 'node:fs';

/** What one TCP connection of the captured conversation carried. */
export interface CapturedExchange {
  readonly request: string;
  readonly response: string;
}

/** The RTSP conversation of a real client with a real Wolf, in order. */
export function readCapturedRtsp(): CapturedExchange[] {
  const file = new URL('../../fixtures/captures/wolf-rtsp.txt', import.meta.url);
  const text = readFileSync(file, 'latin1');
  return text
    .split(/^=+\nFollow: .*\nFilter: .*\nNode 0: .*\nNode 1: .*\n/m)
    .slice(1)
    .map(readExchange);
}

/** Chunks: a length (indented for the host), a line end, that many bytes, a line end. */
function readExchange(text: string): CapturedExchange {
  let request = '';
  let response = '';
  let offset = 0;
  for (;;) {
    const head = /^(\t?)(\d+)\n/.exec(text.slice(offset));
    if (head === null) return { request, response };
    const start = offset + head[0].length;
    const chunk = text.slice(start, start + Number(head[2]));
    if (head[1] === '') request += chunk;
    else response += chunk;
    offset = start + chunk.length + 1;
  }
}
