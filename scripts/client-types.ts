/**
 * The types of the client package, made from the OpenAPI document. `npm run generate:docs` writes
 * them, and a test compares them with what this would write.
 */
import { join } from 'node:path';
import openapiTS, { astToString } from 'openapi-typescript';
import { format, resolveConfig } from 'prettier';
import { openApiDocument } from '../src/api/openapi.js';

export const CLIENT_TYPES = 'client/openapi.ts';

const HEAD = `/** Generated from the OpenAPI document by \`npm run generate:docs\`: do not edit. */

`;

/** @param root of the repository */
export async function clientTypes(root: string): Promise<string> {
  const path = join(root, CLIENT_TYPES);
  // As text, because the two libraries declare the document's type differently.
  const text = JSON.stringify(openApiDocument(''));
  const types = astToString(await openapiTS(text));
  return format(HEAD + types, { ...(await resolveConfig(path)), filepath: path });
}
