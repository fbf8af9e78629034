import type { RouterContext } from '@koa/router';
import { AllowedTargets } from '../core/allowed-targets.js';
import type { Routes } from '../http/routes.js';
import { outputName, outputSpec, outputTargets } from '../protocol/output-spec.js';
import { PutOutputRequest } from '../protocol/rest-models.js';
import type { ApiContext } from './context.js';
import { outputInfo } from './output-dto.js';
import { bodyOf } from './request.js';

const PATH = '/api/streamers/:id/outputs';

export function outputRoutes(routes: Routes, { config, streamers }: ApiContext): void {
  const targets = new AllowedTargets(config.outputs_allowed);

  routes.get(PATH, 'administrator', (context) => {
    const { outputs } = streamers.require(parameter(context, 'id'));
    context.body = { outputs: outputs.list().map(outputInfo) };
  });

  routes.get(`${PATH}/:name`, 'administrator', (context) => {
    const { outputs } = streamers.require(parameter(context, 'id'));
    context.body = outputInfo(outputs.require(parameter(context, 'name')));
  });

  routes.put(`${PATH}/:name`, 'administrator', async (context) => {
    const id = parameter(context, 'id');
    streamers.require(id);
    const name = outputName(parameter(context, 'name'));
    const spec = outputSpec(bodyOf(context, PutOutputRequest));
    // The child asks again at each attempt, and connects to what it was told then.
    await targets.resolve(...outputTargets(spec));
    const streamer = streamers.require(id);
    const isNew = streamer.putOutput(name, spec);
    await streamers.promise(streamer);
    context.status = isNew ? 201 : 200;
    context.body = outputInfo(streamer.outputs.require(name));
  });

  routes.delete(`${PATH}/:name`, 'administrator', async (context) => {
    const streamer = streamers.require(parameter(context, 'id'));
    await streamer.removeOutput(parameter(context, 'name'));
    await streamers.promise(streamer);
    context.status = 204;
  });
}

function parameter({ params }: RouterContext, name: string): string {
  return (params as Record<string, string | undefined>)[name] ?? '';
}
