/** How a Node process of its own runs TypeScript. */
const LOADER = new URL('../../scripts/typescript.js', import.meta.url).href;

/** Of Node. */
export const TYPESCRIPT = [`--import=${LOADER}`] as const;

/** A module for a worker thread that runs a TypeScript file: threads do not inherit the loader. */
export function threadModule(code: string): URL {
  const text = `import ${JSON.stringify(LOADER)};\n${code}`;
  return new URL(`data:text/javascript,${encodeURIComponent(text)}`);
}
