import test from 'ava';
import { keyOfCharacter, modifiersOf, virtualKey } from '../../client/keys.js';

const code = (name: string): number | undefined => virtualKey({ code: name, key: '' });

test('letters, digits and the number pad', (t) => {
  t.is(code('KeyA'), 0x41);
  t.is(code('KeyZ'), 0x5a);
  t.is(code('Digit0'), 0x30);
  t.is(code('Numpad9'), 0x69);
  t.is(code('NumpadEnter'), 0x0d);
});

test('keys that other clients cannot send', (t) => {
  const codes: Record<string, number> = {
    Delete: 0x2e,
    Home: 0x24,
    End: 0x23,
    PageUp: 0x21,
    PageDown: 0x22,
    Insert: 0x2d,
    NumpadDivide: 0x6f,
    VolumeUp: 0xaf,
    VolumeDown: 0xae,
    F13: 0x7c,
    F24: 0x87,
    Help: 0x2f,
  };
  for (const [name, keyCode] of Object.entries(codes)) t.is(code(name), keyCode, name);
});

test('modifiers have a side', (t) => {
  t.deepEqual(
    ['ShiftLeft', 'ShiftRight', 'ControlLeft', 'ControlRight', 'AltLeft', 'AltRight'].map(code),
    [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5],
  );
  t.deepEqual(['MetaLeft', 'MetaRight'].map(code), [0x5b, 0x5c]);
});

test('a keyboard without positions is known by its keys', (t) => {
  t.is(virtualKey({ code: '', key: 'Enter' }), 0x0d);
  t.is(virtualKey({ code: 'Unidentified', key: 'Shift' }), 0xa0);
  t.is(virtualKey({ code: '', key: 'x' }), undefined);
  t.is(virtualKey({ code: 'constructor', key: 'toString' }), undefined);
});

test('every key fits the wire', (t) => {
  for (const name of ['KeyA', 'IntlRo', 'MediaPlayPause', 'LaunchApp2', 'BrowserHome']) {
    const keyCode = code(name) ?? 0;
    t.true(keyCode > 0 && keyCode < 0xff, name);
  }
});

test('modifier bits and keys of characters', (t) => {
  const none = { shiftKey: false, ctrlKey: false, altKey: false, metaKey: false };
  t.is(modifiersOf(none), 0);
  t.is(modifiersOf({ shiftKey: true, ctrlKey: true, altKey: true, metaKey: true }), 15);
  t.is(keyOfCharacter('c'), 0x43);
  t.is(keyOfCharacter('é'), undefined);
});
