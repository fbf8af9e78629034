import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../../src/core/errors.js';
import { readAppList, readServerInfo } from '../../../src/moonlight/nvhttp/server-info.js';
import {
  DOCUMENT_BYTES,
  parseHostDocument,
  printable,
  type HostDocument,
} from '../../../src/moonlight/nvhttp/xml.js';

function parse(text: string): HostDocument {
  const root = parseHostDocument(Buffer.from(text));
  if (root === null) throw new Error('no root');
  return root;
}

test('reads status, texts and repeated elements', (t) => {
  const root = parse(
    '<?xml version="1.0"?>\r\n<root  query="/applist" status_message="all &quot;well&quot;" status_code="200">' +
      '<App><AppTitle>Tom &amp; Jerry</AppTitle><ID>-5</ID><IsHdrSupported>1</IsHdrSupported></App>' +
      '<App><AppTitle></AppTitle><ID>134906179</ID></App><App><ID>x</ID></App></root>',
  );
  t.is(root.statusCode, 200);
  t.is(root.statusMessage, 'all "well"');
  t.deepEqual(readAppList(root), [
    { id: -5, title: 'Tom & Jerry', hdrSupported: true },
    { id: 134906179, title: '', hdrSupported: false },
  ]);
});

test('a status code is unsigned on the wire and signed for us', (t) => {
  t.is(parse('<root status_code="4294967295"/>').statusCode, -1);
  t.is(parse('<root status_code="401" status_message=""/>').statusCode, 401);
  t.is(parse('<root/>').statusCode, -1);
  t.is(parse('<root status_code="2x"></root>').statusCode, -1);
});

test('junk around the root element is ignored', (t) => {
  const root = parse('junk <root status_code="404"></root>HTTP/1.1 404 Not Found\r\n\r\n');
  t.is(root.statusCode, 404);
  t.is(parse('<root status_code="404"/>HTTP/1.1 404 Not Found\r\n\r\n').statusCode, 404);
});

test('no root is no document, broken XML and entities are refused', (t) => {
  t.is(parseHostDocument(Buffer.from('')), null);
  t.is(parseHostDocument(Buffer.from('<html><rooted/></html>')), null);
  const bomb =
    '<!DOCTYPE root [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><root status_code="200">&b;</root>';
  for (const text of [bomb, '<root status_code="200" <<', `<root>${'<a>'.repeat(5000)}</root>`]) {
    const error = t.throws(() => parse(text), { instanceOf: MoonteeError });
    t.is(error.code, 'HOST_ANSWER_INVALID');
  }
});

test('server info: defaults, busy rule and useless addresses', (t) => {
  const info = readServerInfo(
    parse(
      '<root status_code="200"><appversion>7.1.431.-1</appversion><currentgame>7</currentgame>' +
        '<state>SUNSHINE_SERVER_FREE</state><mac>00:00:00:00:00:00</mac><HttpsPort>0</HttpsPort></root>',
    ),
    4000,
  );
  t.deepEqual(info.appVersion, [7, 1, 431, -1]);
  t.is(info.currentGame, 0);
  t.is(info.mac, null);
  t.is(info.httpsPort, 47984);
  t.is(info.externalPort, 4000);
  t.is(info.codecModeSupport, 1);
  t.throws(() => readServerInfo(parse('<root status_code="200"/>'), 1), {
    instanceOf: MoonteeError,
  });
});

test('any bytes give a document, null or a MoonteeError', (t) => {
  const piece = fc.oneof(
    fc.constantFrom('<root', '<root status_code="200">', '</root>', '<App>', '</App>', '<ID>'),
    fc.constantFrom('&amp;', '&#x41;', '<![CDATA[', ']]>', '<!--', '-->', '<?', '?>', '"', '='),
    fc.constantFrom('<__proto__>', '<constructor>', '<state>', '_SERVER_BUSY', '1', '-', '>'),
    fc.string({ maxLength: 20 }),
  );
  const text = fc.array(piece, { maxLength: 40 }).map((pieces) => `<root ${pieces.join('')}`);
  fc.assert(
    fc.property(fc.oneof(text, fc.string({ maxLength: 300 })), (input) => {
      try {
        const root = parseHostDocument(Buffer.from(input));
        if (root === null) return;
        t.is(typeof root.statusCode, 'number');
        t.true(root.statusMessage.length <= 200);
        readAppList(root);
        readServerInfo(root, 1);
      } catch (error) {
        t.true(error instanceof MoonteeError, String(error));
      }
    }),
    { seed: 7, numRuns: 2000 },
  );
});

test('numeric references are characters, and a space is a title', (t) => {
  const root = parse(
    '<?xml version="1.0" encoding="utf-8"?>\n<root status_code="200">' +
      '<App><AppTitle>Tom&#39;s &#x2764; Pok&#233;mon</AppTitle><ID>5</ID></App>' +
      '<App><AppTitle>&#32;</AppTitle><ID>&#54;</ID></App></root>',
  );
  t.deepEqual(
    readAppList(root).map(({ id, title }) => [id, title]),
    [
      [5, "Tom's \u2764 Pok\u00e9mon"],
      [6, ' '],
    ],
  );
});

test('names are cut and cleaned, and a bad one costs no other', (t) => {
  const title = (text: string): string => {
    const root = parse(
      `<root status_code="200"><App><AppTitle>${text}</AppTitle><ID>1</ID></App>` +
        '<App><AppTitle>Good</AppTitle><ID>2</ID></App></root>',
    );
    const apps = readAppList(root);
    t.is(apps[1]?.title, 'Good');
    return apps[0]?.title ?? '';
  };
  t.is(title('a\u202eb\u2066c\u200b\ufeffd\u200d'), 'abcd');
  t.is(title('a\u0007b&#7;c&#0;d&#xD800;e&#xDFFF;&#x110000;f'), 'abcdef');
  t.is(title('a\u001b[31m\r\nb\u2028c'), 'a[31m b c');
  t.is(title(`z${'\u0300'.repeat(50)}`), `z${'\u0300'.repeat(4)}`);
  const long = title('\u{1f600}'.repeat(5_000));
  t.is(long, '\u{1f600}'.repeat(200));
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 600 }), (text) => {
      const cleaned = printable(text);
      t.true(Array.from(cleaned).length <= 200);
      t.notRegex(cleaned, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      t.is(printable(cleaned), cleaned);
    }),
    { seed: 3, numRuns: 500 },
  );
});

/** A piece of text, written in any of the ways that XML has for it. */
function encodedText(text: string, style: fc.Stream<number>): string {
  const next = (count: number): number => (style.next().value as number) % count;
  const noise = (): string =>
    ['', '', '', '<!-- <root status_code="500"> & -->', '<?target <App> ?>', '<!---->'][next(6)] ??
    '';
  return Array.from(text)
    .map((character) => {
      const code = character.codePointAt(0) ?? 0;
      const ways = [
        `&#${code};`,
        `&#x${code.toString(16)};`,
        `&#x000${code.toString(16).toUpperCase()};`,
        `<![CDATA[${character}]]>`,
        ENTITIES[character] ?? character,
        ENTITIES[character] ?? character,
      ];
      // A literal carriage return would be read as a line feed.
      const way = character === '\r' ? next(3) : next(ways.length);
      return noise() + (ways[way] ?? '');
    })
    .join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '<': '&lt;',
  '>': '&gt;',
  '&': '&amp;',
  "'": '&apos;',
  '"': '&quot;',
};

const legalText = fc
  .string({ unit: 'binary', maxLength: 12 })
  .map((text) => text.replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, ''));

test('however a document is written, it is the same', (t) => {
  const apps = fc.array(
    fc.record({
      id: fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff }),
      title: legalText,
      hdrSupported: fc.boolean(),
    }),
    { maxLength: 5 },
  );
  const message = fc.constantFrom('', 'all "well"', "it's <&> \u2764", 'tab\u0009');
  fc.assert(
    fc.property(apps, message, fc.infiniteStream(fc.nat(1_000)), (list, said, style) => {
      const next = (count: number): number => (style.next().value as number) % count;
      const space = (): string => ['', ' ', '\n', '\r\n\t', '<!-- x -->', '<?x y?>'][next(6)] ?? '';
      const gap = (): string => [' ', '\n', '\t ', '\r\n'][next(4)] ?? ' ';
      const element = (name: string, content: string): string =>
        content === '' && next(2) === 0
          ? `<${name}${next(2) === 0 ? gap() : ''}/>`
          : `<${name}${next(2) === 0 ? gap() : ''}>${content}</${name}${next(2) === 0 ? gap() : ''}>`;
      const attribute = (name: string, value: string): string => {
        const quote = next(2) === 0 ? '"' : "'";
        const written = Array.from(value).map((character) =>
          next(3) === 0 || '<&\t'.includes(character) || character === quote
            ? `&#${character.codePointAt(0) ?? 0};`
            : character,
        );
        const around = (): string => (next(3) === 0 ? gap() : '');
        return `${gap()}${name}${around()}=${around()}${quote}${written.join('')}${quote}`;
      };
      const attributes = [attribute('status_code', '200'), attribute('status_message', said)];
      if (next(2) === 0) attributes.reverse();
      if (next(2) === 0) attributes.push(attribute('query', '/applist'));
      const body = list.map(({ id, title, hdrSupported }) => {
        const fields = [
          element('AppTitle', encodedText(title, style)),
          element('ID', encodedText(String(id), style)),
          element('IsHdrSupported', encodedText(hdrSupported ? '1' : '0', style)),
        ];
        if (next(2) === 0) fields.reverse();
        return element('App', fields.map((field) => space() + field).join('') + space());
      });
      const oneOf = (...choices: string[]): string => choices[next(choices.length)] ?? '';
      const text = [
        oneOf('', '\ufeff'),
        oneOf(
          '',
          '<?xml version="1.0"?>',
          "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>",
        ),
        oneOf('', '\n', '<!-- <root status_code="500"/> -->', '<?root <root/> ?>\r\n'),
        `<root${attributes.join('')}>${body.map((app) => space() + app).join('')}${space()}</root>`,
        oneOf('', '\n', '<!-- end -->', 'HTTP/1.1 404 Not Found\r\n\r\n'),
      ].join('');
      const root = parse(text);
      t.is(root.statusCode, 200);
      t.is(root.statusMessage, printable(said));
      t.deepEqual(
        readAppList(root),
        list.map((app) => ({ ...app, title: printable(app.title) })),
      );
    }),
    { seed: 11, numRuns: 1_000 },
  );
});

test('what is more than hosts send is refused, and nothing takes longer than its size', (t) => {
  const size = DOCUMENT_BYTES.list;
  const fill = (piece: string, before = '<root status_code="200">', after = '</root>'): string =>
    before + piece.repeat(Math.floor((size - before.length - after.length) / piece.length)) + after;
  const bad = [
    fill(' a="1"', '<root', '/>'),
    `<root ${Array.from({ length: 30_000 }, (_, index) => `a${index}="1"`).join(' ')}/>`,
    fill('<a/>'),
    fill('<a b="1"/>'),
    fill('<a>'),
    fill('<a>', '<root>', ''),
    fill('&a;'),
    fill('&'),
    fill('<'),
    fill('<root '),
    fill('<?', '<root>', ''),
    fill('<!--', '<root>', ''),
    fill('<![CDATA[', '<root>', ''),
    fill('"', '<root a=', ''),
    fill(' ', '<root', ''),
    `<root>${'x'.repeat(size)}</root>`,
    '<!doctype root><root status_code="200"/>',
    '<root status_code="200"><!DOCTYPE x></root>',
  ];
  for (const text of bad) {
    const error = t.throws(() => parse(text), { instanceOf: MoonteeError }, text.slice(0, 40));
    t.is(error.code, 'HOST_ANSWER_INVALID', text.slice(0, 40));
  }
  for (const piece of ['<!--', '<?', '<!--->', '<']) {
    t.is(parseHostDocument(Buffer.from(fill(piece, piece, ''))), null);
  }
  for (const text of [fill('&#65;'), fill('<!---->'), fill('<?a?>'), fill('<![CDATA[]]>')]) {
    t.is(parse(text).statusCode, 200);
  }
  const thousand = Array.from(
    { length: 1_000 },
    (_, index) =>
      `<App><IsHdrSupported>1</IsHdrSupported><AppTitle>A title as long as titles are ${index}</AppTitle><ID>${index}</ID></App>`,
  );
  t.is(readAppList(parse(`<root status_code="200">${thousand.join('')}</root>`)).length, 1_000);
});
