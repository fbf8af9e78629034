/** Whether the server of this container answers: the exit code says it. */
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';

function settings() {
  try {
    return JSON.parse(
      readFileSync(process.env.MOONTEE_CONFIG || '/etc/moontee/config.json', 'utf8'),
    );
  } catch {
    return {};
  }
}

const { bind_address: configured, certificate = null, web_path_prefix: prefix = '' } = settings();
const bound = process.env.MOONTEE_BIND_ADDRESS || configured || '127.0.0.1:8080';
const [, host, port] = /^\[?(.*?)\]?:(\d+)$/.exec(bound) ?? [];
const secure = certificate !== null || Boolean(process.env.MOONTEE_CERTIFICATE);
const client = secure ? https : http;
const request = client.get(
  {
    host: { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host,
    port,
    path: `${process.env.MOONTEE_WEB_PATH_PREFIX || prefix}/config.js`,
    // It is issued for the server's name.
    rejectUnauthorized: false,
    timeout: 4_000,
  },
  ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1),
);
request.on('timeout', () => process.exit(1));
request.on('error', () => process.exit(1));
