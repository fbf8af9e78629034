import * as t from 'io-ts';

/**
 * A safe integer. Unlike `t.Int` its type is a plain number, so that values need no branding
 * on their way out.
 */
export const Integer = new t.Type<number>(
  'Integer',
  (value): value is number => Number.isSafeInteger(value),
  (value, context) =>
    Number.isSafeInteger(value) ? t.success(value as number) : t.failure(value, context),
  t.identity,
);
