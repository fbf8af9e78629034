/** The messages of the viewer socket, by the names of the OpenAPI document. */
import type { components } from './openapi.js';

type Schemas = components['schemas'];

export type StreamClientMessage = Schemas['StreamClientMessage'];
export type StreamServerMessage = Schemas['StreamServerMessage'];
export type StreamGeneralMessage = Schemas['StreamServerGeneralMessage'];
