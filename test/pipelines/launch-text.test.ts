import test from 'ava';
import fc from 'fast-check';
import { MoonteeError } from '../../src/core/errors.js';
import { fillTemplate, listPipelines, loadTemplate } from '../../src/gst/launch-template.js';
import { factoriesOf, launchArguments, parseLaunchText } from '../../src/gst/launch-text.js';

test('elements, properties, caps and links are read', (t) => {
  const { elements, links } = parseLaunchText(
    'appsrc name=in caps="video/x-raw, width=2"\n  max-bytes=5 ! video/x-raw,format=NV12\n' +
      '! tee name=t t. ! queue ! out.sink_0 fakesink name=out',
  );
  t.deepEqual(
    elements.map(({ factory, name, line, properties }) => [factory, name, line, ...properties]),
    [
      ['appsrc', 'in', 1, ['caps', 'video/x-raw, width=2'], ['max-bytes', '5']],
      ['capsfilter', null, 2, ['caps', 'video/x-raw,format=NV12']],
      ['tee', 't', 3],
      ['queue', null, 3],
      ['fakesink', 'out', 3],
    ],
  );
  t.deepEqual(
    links.map(({ from, to }) =>
      [from, to].map((end) => (end.kind === 'element' ? end.element.factory : `${end.name}.`)),
    ),
    [
      ['appsrc', 'capsfilter'],
      ['capsfilter', 'tee'],
      ['t.', 'queue'],
      ['queue', 'out.'],
    ],
  );
});

test('what templates do not use is an error, with its line', (t) => {
  const lines: readonly (readonly [text: string, line: number])[] = [
    ['fakesrc !\n', 2],
    ['! fakesink', 1],
    ['fakesrc\n! ! fakesink', 2],
    ['fakesrc !\nfile:///etc/passwd', 2],
    ['( fakesrc )', 1],
    ['bin.( fakesrc )', 1],
    ['fakesrc @preset', 1],
    ['fakesrc a\\ b', 1],
    ['fakesrc\n! x :\n y', 2],
    ['fakesrc sink::location=/etc/passwd', 1],
    ['fakesrc\nname="a b"', 2],
    ['fakesrc\n\nnum-buffers="5', 3],
    ['num-buffers=5', 1],
    ['fakesrc num-buffers=5 num-buffers=6', 1],
    ['video/x-raw width=5', 1],
  ];
  for (const [text, line] of lines) {
    const error = t.throws(() => parseLaunchText(text), { instanceOf: MoonteeError }, text);
    t.is(error.details['line'], line, text);
  }
});

test('any text is read or refused with a line of its own', (t) => {
  const words = fc.constantFrom(
    ...['!', 'queue', 'tee name=t', 't.', '\n', 'a="b c"', '"', '\\', 'video/x-raw,a=1', '(', ':'],
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(words, fc.string()), { maxLength: 12 }), (parts) => {
      const text = parts.join(' ');
      try {
        parseLaunchText(text);
        return true;
      } catch (error) {
        const line = error instanceof MoonteeError ? error.details['line'] : undefined;
        return typeof line === 'number' && line >= 1 && line <= text.split('\n').length;
      }
    }),
    { seed: 12, numRuns: 2000 },
  );
  t.pass();
});

test('arguments keep what quotes hold together', (t) => {
  t.deepEqual(launchArguments('appsrc caps="audio/x-opus, rate=48000"  !\n fakesink'), [
    'appsrc',
    'caps=audio/x-opus, rate=48000',
    '!',
    'fakesink',
  ]);
});

test('every shipped pipeline is read', (t) => {
  for (const name of listPipelines()) {
    t.true(factoriesOf(fillTemplate(loadTemplate(name))).length > 0, name);
  }
});
