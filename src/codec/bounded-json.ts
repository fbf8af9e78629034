/** JSON of others: its nesting is looked at before it is parsed. */

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);

/**
 * Parses what is nested no deeper than `maxDepth`. Millions of arrays in arrays would block all
 * other work while they are built and checked, and recursive code would run out of stack. A key
 * `__proto__` is left out: once copied, its value would be inherited by what has been checked,
 * without a check of its own.
 *
 * @throws SyntaxError
 */
export function parseJson(text: string, maxDepth: number): unknown {
  if (isDeeper(text, maxDepth)) throw new SyntaxError('nested too deeply');
  return JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value));
}

/** For text that is not JSON either result is right; each character is read once. */
function isDeeper(text: string, maxDepth: number): boolean {
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (quoted) {
      if (code === BACKSLASH) i += 1;
      else if (code === QUOTE) quoted = false;
    } else if (code === QUOTE) {
      quoted = true;
    } else if (OPEN.has(code)) {
      depth += 1;
      if (depth > maxDepth) return true;
    } else if (CLOSE.has(code)) {
      depth -= 1;
    }
  }
  return false;
}
