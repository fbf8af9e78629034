import * as t from 'io-ts';

/** A codec that knows what its values mean: for the interface's description, and for errors. */
export class DescribedType<A, O = A> extends t.Type<A, O> {
  readonly inner: t.Type<A, O>;
  /** Begins with the unit, if there is one: `kbit/s`. No dot at its end. */
  readonly doc: string;
  readonly example: unknown;

  constructor(inner: t.Type<A, O>, doc: string, example: unknown) {
    super(
      inner.name,
      (value) => inner.is(value),
      (value, context) => inner.validate(value, context),
      (value) => inner.encode(value),
    );
    this.inner = inner;
    this.doc = doc;
    this.example = example;
  }
}

export function described<A, O>(
  codec: t.Type<A, O>,
  doc: string,
  example: unknown,
): DescribedType<A, O> {
  return new DescribedType(codec, doc, example);
}

/** `kbit/s, for example 20000`. */
export function meaningOf({
  doc,
  example,
}: {
  readonly doc: string;
  readonly example: unknown;
}): string {
  return `${doc}, for example ${JSON.stringify(example)}`;
}
