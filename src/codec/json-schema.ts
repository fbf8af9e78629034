import * as t from 'io-ts';
import type { OpenAPIV3_1 } from 'openapi-types';
import { DescribedType } from './described.js';
import { Integer } from './integer.js';

export type Schema = OpenAPIV3_1.SchemaObject | OpenAPIV3_1.ReferenceObject;

/**
 * Makes JSON Schema (2020-12, as OpenAPI 3.1 has it) of io-ts codecs. Named interfaces,
 * intersections and unions become components and are referred to.
 */
export class SchemaMaker {
  readonly components: Record<string, OpenAPIV3_1.SchemaObject> = {};

  schema(codec: t.Mixed): Schema {
    if (codec instanceof DescribedType) return this.#described(codec);
    const { name } = codec;
    // io-ts gives an unnamed codec a name made from its structure.
    if (!/^[A-Z]\w*$/.test(name) || codec === Integer) return this.#inline(codec);
    if (!Object.hasOwn(this.components, name)) {
      const made = this.#inline(codec);
      if ('$ref' in made) return made;
      this.components[name] = made;
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #described({ inner, doc, example }: DescribedType<unknown>): Schema {
    const words = `${doc.charAt(0).toUpperCase()}${doc.slice(1)}.`;
    const examples: unknown[] = [example];
    return { ...this.schema(inner), description: words, examples };
  }

  #inline(codec: t.Mixed): Schema {
    if (codec === Integer) return { type: 'integer' };
    if (codec instanceof t.StringType) return { type: 'string' };
    if (codec instanceof t.NumberType) return { type: 'number' };
    if (codec instanceof t.BooleanType) return { type: 'boolean' };
    if (codec instanceof t.NullType) return { type: 'null' };
    if (codec instanceof t.UnknownType) return {};
    if (codec instanceof t.LiteralType) return { const: codec.value as unknown };
    if (codec instanceof t.KeyofType) {
      return { type: 'string', enum: Object.keys(codec.keys as object) };
    }
    if (codec instanceof t.ArrayType) {
      return { type: 'array', items: this.schema(codec.type as t.Mixed) };
    }
    if (codec instanceof t.InterfaceType) return this.#object(codec.props as t.Props, true);
    if (codec instanceof t.PartialType) return this.#object(codec.props as t.Props, false);
    if (codec instanceof t.IntersectionType) return this.#all(codec.types as t.Mixed[]);
    if (codec instanceof t.UnionType) return this.#any(codec.types as t.Mixed[]);
    throw new TypeError(`No JSON Schema for codec ${codec.name}`);
  }

  #object(props: t.Props, required: boolean): OpenAPIV3_1.SchemaObject {
    const names = Object.keys(props);
    return {
      type: 'object',
      properties: Object.fromEntries(
        Object.entries(props).map(([name, codec]) => [name, this.schema(codec)]),
      ),
      ...(required && names.length > 0 ? { required: names } : {}),
    };
  }

  #all(types: readonly t.Mixed[]): Schema {
    return { allOf: types.map((type) => this.schema(type)) };
  }

  /** `undefined` has no schema: it is what `required` leaves out. */
  #any(types: readonly t.Mixed[]): Schema {
    const members = types.filter((type) => !(type instanceof t.UndefinedType));
    const schemas = members.map((type) => this.schema(type));
    const [only] = schemas;
    return only !== undefined && schemas.length === 1 ? only : { anyOf: schemas };
  }
}
