/** The answers' XML (gamestream.md §1.3): a `root` element with a status and flat children. */

export type XmlValue = string | number | readonly XmlNode[];
export type XmlNode = readonly [name: string, value: XmlValue];

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};

function escapeXml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}

function render([name, value]: XmlNode): string {
  const inner = typeof value === 'object' ? value.map(render).join('') : escapeXml(String(value));
  return `<${name}>${inner}</${name}>`;
}

/** @param status 200 is success, whatever the HTTP status line has */
export function xmlAnswer(status: number, children: readonly XmlNode[], message?: string): string {
  const why = message === undefined ? '' : ` status_message="${escapeXml(message)}"`;
  return (
    '<?xml version="1.0" encoding="utf-8"?>\n' +
    `<root status_code="${status}"${why}>${children.map(render).join('')}</root>\n`
  );
}
