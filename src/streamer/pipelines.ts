import { dirname, resolve } from 'node:path';
import type { Config } from '../config/schema.js';
import type { IpcPipelines } from '../protocol/ipc.js';

/** The settings of pipelines, as they are sent to the streamer children. */
export function pipelinesOf(config: Config): IpcPipelines {
  const { pipelines_path: path } = config;
  return {
    path: path === null ? null : resolve(path),
    mtu: config.webrtc_mtu,
    graphs_path: resolve(dirname(config.data_path), 'failed-pipelines'),
    graphs_kept: config.failure_graphs,
  };
}
