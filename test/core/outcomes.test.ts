import test from 'ava';
import { isRight } from 'fp-ts/lib/Either.js';
import { openApiDocument } from '../../src/api/openapi.js';
import { CLOSE_CODES } from '../../src/core/close-codes.js';
import { CLIENT_OUTCOMES, ERRORS, OUTCOMES, type ErrorCode } from '../../src/core/outcomes.js';
import { ErrorCode as ErrorCodec, OutcomeCode } from '../../src/protocol/outcome-codes.js';

test('what stops a streamer for good brings no viewer back', (t) => {
  const rows = Object.entries(OUTCOMES).filter(([, { restart }]) => restart === false);
  t.true(rows.length > 0);
  for (const [code, { retry }] of rows) t.false(retry, code);
});

test('words and remedies are one sentence each, and no code is in both tables', (t) => {
  for (const [code, { words, remedy }] of Object.entries({ ...OUTCOMES, ...CLIENT_OUTCOMES })) {
    for (const text of [words, remedy]) {
      t.regex(text, /^[A-Z`].*\.$/, code);
      t.true(text.split(' ').length <= 20, text);
    }
  }
  for (const code of Object.keys(CLIENT_OUTCOMES)) t.false(code in OUTCOMES, code);
});

test('close codes are distinct and within the range that applications may use', (t) => {
  const numbers = Object.values(CLOSE_CODES).map(({ number }) => number);
  t.is(new Set(numbers).size, numbers.length);
  for (const number of numbers) {
    t.true(
      [1000, 1001, 1008].includes(number) || (number >= 4000 && number < 5000),
      String(number),
    );
  }
});

test('the codecs take the codes of the table and nothing else', (t) => {
  for (const code of Object.keys(OUTCOMES)) {
    t.true(isRight(OutcomeCode.decode(code)), code);
    t.is(isRight(ErrorCodec.decode(code)), code in ERRORS, code);
  }
  for (const code of ['', 'toString', '__proto__', 'NO_SUCH_CODE', 404, null]) {
    t.false(isRight(OutcomeCode.decode(code)), String(code));
  }
});

test('the OpenAPI document lists the codes with their meaning', (t) => {
  const { ErrorCode: schema } = openApiDocument('1').components?.schemas ?? {};
  t.true(schema !== undefined && 'enum' in schema);
  const { enum: codes, description = '' } = schema as { enum: ErrorCode[]; description?: string };
  t.deepEqual(codes, Object.keys(ERRORS) as ErrorCode[]);
  const descriptions = (schema as unknown as Record<string, string[]>)['x-enum-descriptions'];
  t.is(descriptions?.length, codes.length);
  for (const code of codes) t.true(description.includes(`\`${code}\`: ${ERRORS[code].message}.`));
});
