import type { OpenAPIV3_1 } from 'openapi-types';
import type { Access } from '../access/gate.js';
import { ERRORS, isErrorCode, OUTCOMES, type OutcomeCode } from '../core/outcomes.js';
import {
  StreamClientMessage,
  StreamServerGeneralMessage,
  StreamServerMessage,
} from '../protocol/viewer-messages.js';
import { SchemaMaker, type Schema } from '../codec/json-schema.js';
import { ErrorAnswer, FeedEvent } from '../protocol/rest-models.js';
import { OPERATIONS, type Answer, type Operation } from './operations.js';

export type OpenApiDocument = OpenAPIV3_1.Document & {
  /** OpenAPI has no word for sockets: what travels on them, each way. */
  readonly 'x-websocket-messages': Readonly<Record<string, Schema>>;
};

/** The OpenAPI 3.1 document, made from the codecs that check requests. */
export function openApiDocument(version: string): OpenApiDocument {
  const maker = new SchemaMaker();
  const paths: Record<string, Record<string, OpenAPIV3_1.OperationObject>> = {};
  for (const operation of OPERATIONS) {
    paths[operation.path] ??= {};
    Object.assign(paths[operation.path] ?? {}, {
      [operation.method]: describe(operation, maker),
    });
  }
  const messages = {
    'browser to server': maker.schema(StreamClientMessage),
    'server to browser': maker.schema(StreamServerMessage),
    'data channel general': maker.schema(StreamServerGeneralMessage),
  };
  maker.schema(FeedEvent);
  describeCodes(maker);
  return {
    openapi: '3.1.0',
    info: {
      title: 'Moontee',
      version,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths: paths,
    components: {
      schemas: maker.components,
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'The password, or a token of a viewer.',
        },
        token: {
          type: 'apiKey',
          in: 'query',
          name: 'token',
          description:
            'A token of a viewer, as it stands in a link. The password is not good here.',
        },
      },
    },
    security: [{ bearer: [] }],
    'x-websocket-messages': messages,
  };
}

/** Gives the enumerations of codes their meanings, in words and for generators. */
function describeCodes({ components }: SchemaMaker): void {
  for (const name of ['ErrorCode', 'OutcomeCode']) {
    const schema = components[name];
    if (schema === undefined) continue;
    const described = (schema.enum as OutcomeCode[]).map((code) => [code, meaning(code)] as const);
    schema.description = described.map(([code, text]) => `- \`${code}\`: ${text}`).join('\n');
    Object.assign(schema, { 'x-enum-descriptions': described.map(([, text]) => text) });
  }
}

function meaning(code: OutcomeCode): string {
  const { words, remedy } = OUTCOMES[code];
  return `${isErrorCode(code) ? `${ERRORS[code].message}.` : words} ${remedy}`;
}

const UNAUTHORIZED: Answer = { doc: 'Missing or wrong credentials', codec: ErrorAnswer };

function describe(operation: Operation, maker: SchemaMaker): OpenAPIV3_1.OperationObject {
  const { path, summary, description, query = {}, body, bodyType, answers } = operation;
  const { access = 'administrator' } = operation;
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' as const },
  }));
  const inQuery = Object.entries(query).map(([name, { type, required = false }]) => ({
    name,
    in: 'query',
    required,
    schema: { type },
  }));
  const parameters = [...inPath, ...inQuery];
  const unauthorized = access === 'open' ? {} : { 401: respond(UNAUTHORIZED, maker) };
  return {
    summary,
    ...(description === undefined ? {} : { description }),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: maker.schema(body) } },
          },
        }),
    ...(bodyType === undefined
      ? {}
      : { requestBody: { required: true, content: { [bodyType]: {} } } }),
    responses: {
      ...unauthorized,
      ...Object.fromEntries(
        Object.entries(answers).map(([status, answer]) => [status, respond(answer, maker)]),
      ),
    },
    ...security(access),
    ...{ 'x-required-right': access },
  };
}

function security(access: Access): Pick<OpenAPIV3_1.OperationObject, 'security'> {
  if (access === 'open') return { security: [] };
  // Nobody else than administrators has the password, and no token makes one.
  return access === 'administrator' ? {} : { security: [{ bearer: [] }, { token: [] }] };
}

function respond({ doc, codec, type }: Answer, maker: SchemaMaker): OpenAPIV3_1.ResponseObject {
  if (codec !== undefined) {
    return {
      description: doc,
      content: { 'application/json': { schema: maker.schema(codec) } },
    };
  }
  return { description: doc, ...(type === undefined ? {} : { content: { [type]: {} } }) };
}

/** The socket's messages as Markdown: one heading a direction, one example of shape a row. */
export function documentMessages(): string {
  const document = openApiDocument('');
  const schemas = document.components?.schemas ?? {};
  const lines: string[] = [];
  for (const [direction, schema] of Object.entries(document['x-websocket-messages'])) {
    lines.push(`### ${direction}`, '', '| message | payload |', '|---|---|');
    for (const [name, payload] of variants(resolve(schema, schemas), schemas)) {
      lines.push(`| \`${name}\` | ${payload} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

type Components = Readonly<Record<string, Schema>>;

function resolve(schema: Schema, components: Components): OpenAPIV3_1.SchemaObject {
  if (!('$ref' in schema)) return schema;
  const target = components[schema.$ref.slice('#/components/schemas/'.length)];
  return target === undefined ? {} : resolve(target, components);
}

function variants(schema: OpenAPIV3_1.SchemaObject, components: Components): [string, string][] {
  return (schema.anyOf ?? [schema]).flatMap((member): [string, string][] => {
    const resolved = resolve(member, components);
    const { enum: names, properties = {} } = resolved;
    if (names !== undefined) return names.map((each) => [JSON.stringify(each), 'none']);
    if ('const' in resolved) return [[JSON.stringify(resolved.const), 'none']];
    return Object.entries(properties).map(([key, value]) => [
      key,
      shape(value, components, 0).replaceAll('|', '\\|'),
    ]);
  });
}

/** Names of an enumeration that are written out. */
const MAX_NAMES = 12;

/** `{width: integer, urls: [string]}`; of a long enumeration its own name. */
function shape(schema: Schema, components: Components, depth: number): string {
  const {
    type,
    properties,
    required = [],
    allOf,
    anyOf,
    enum: names,
    ...rest
  } = resolve(schema, components);
  if (depth > 6) return '…';
  if ('$ref' in schema && (names?.length ?? 0) > MAX_NAMES) {
    return schema.$ref.slice(schema.$ref.lastIndexOf('/') + 1);
  }
  const inner = (each: Schema): string => shape(each, components, depth + 1);
  if (names !== undefined) return names.map((each) => JSON.stringify(each)).join(' | ');
  if (rest.const !== undefined) return JSON.stringify(rest.const);
  if (allOf !== undefined) return allOf.map(inner).join(' & ');
  if (anyOf !== undefined) return anyOf.map(inner).join(' | ');
  if (type === 'array') return `[${'items' in rest ? inner(rest.items) : ''}]`;
  if (type !== 'object') return typeof type === 'string' ? type : 'any';
  const fields = Object.entries(properties ?? {}).map(
    ([name, value]) => `${name}${required.includes(name) ? '' : '?'}: ${inner(value)}`,
  );
  return `{${fields.join(', ')}}`;
}
