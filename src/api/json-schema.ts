import * as t from 'io-ts';
import type { OpenAPIV3_1 } from 'openapi-types';
import { Integer } from '../signaling/integer.js';

export type Schema = OpenAPIV3_1.SchemaObject | OpenAPIV3_1.ReferenceObject;

interface Tagged {
  readonly _tag?: string;
  readonly name: string;
}

/**
 * Makes JSON Schema (2020-12, as OpenAPI 3.1 has it) of io-ts codecs by their tags. Named
 * interfaces, intersections and unions become components and are referred to.
 */
export class SchemaMaker {
  readonly components: Record<string, OpenAPIV3_1.SchemaObject> = {};

  schema(codec: t.Mixed): Schema {
    const { name } = codec;
    // io-ts names what nobody named after its structure.
    if (!/^[A-Z]\w*$/.test(name) || (codec as t.Mixed) === Integer) return this.#inline(codec);
    if (!Object.hasOwn(this.components, name)) {
      const made = this.#inline(codec);
      if ('$ref' in made) return made;
      this.components[name] = made;
    }
    return { $ref: `#/components/schemas/${name}` };
  }

  #inline(codec: t.Mixed): Schema {
    if ((codec as t.Mixed) === Integer) return { type: 'integer' };
    const { _tag: tag } = codec as unknown as Tagged;
    switch (tag) {
      case 'StringType':
        return { type: 'string' };
      case 'NumberType':
        return { type: 'number' };
      case 'BooleanType':
        return { type: 'boolean' };
      case 'NullType':
        return { type: 'null' };
      case 'UnknownType':
        return {};
      case 'LiteralType':
        return { const: (codec as t.LiteralC<string>).value };
      case 'KeyofType':
        return {
          type: 'string',
          enum: Object.keys((codec as t.KeyofC<Record<string, null>>).keys),
        };
      case 'ArrayType':
        return { type: 'array', items: this.schema((codec as t.ArrayC<t.Mixed>).type) };
      case 'InterfaceType':
        return this.#object((codec as t.TypeC<t.Props>).props, true);
      case 'PartialType':
        return this.#object((codec as t.PartialC<t.Props>).props, false);
      case 'IntersectionType':
        return this.#all((codec as t.IntersectionC<[t.Mixed, t.Mixed]>).types);
      case 'UnionType':
        return this.#any((codec as t.UnionC<[t.Mixed, t.Mixed]>).types);
      default:
        throw new TypeError(`No JSON Schema for codec ${codec.name}`);
    }
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

  /** Enumerations and null fold into one; `undefined` is what `required` leaves out. */
  #any(types: readonly t.Mixed[]): Schema {
    const members = types.filter((type) => (type as unknown as Tagged)._tag !== 'UndefinedType');
    const schemas = members.map((type) => this.schema(type));
    const [only] = schemas;
    return only !== undefined && schemas.length === 1 ? only : { anyOf: schemas };
  }
}
