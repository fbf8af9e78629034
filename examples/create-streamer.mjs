/**
 * Makes a streamer, or finds the one that exists.
 *
 *   MOONTEE_URL=… MOONTEE_CREDENTIALS=… node create-streamer.mjs [ID [APP [WIDTHxHEIGHT]]]
 */
import { ApiError, MoonteeApi } from '@moontee/client/rest';

const { MOONTEE_URL: url = 'http://127.0.0.1:8080', MOONTEE_CREDENTIALS: credentials = null } =
  process.env;
const [id = 'desk', title, size = '1920x1080'] = process.argv.slice(2);
const [width, height] = size.split('x').map(Number);

const api = new MoonteeApi({ url, credentials });

/** The first host that is paired and answers, and its app. */
async function findApp() {
  const hosts = await api.listHosts();
  const host = hosts.find((each) => each.paired === 'Paired' && each.server_state !== null);
  if (host === undefined) throw new Error('No paired host answers');
  const apps = await api.listApps(host.host_id);
  const app = title === undefined ? apps[0] : apps.find((each) => each.title === title);
  if (app === undefined) throw new Error(`${host.name} has no such app`);
  return { host_id: host.host_id, app_id: app.app_id };
}

async function createOrFind() {
  const settings = {
    streamer_id: id,
    // An identity of its own towards the host, kept for the next time.
    client_unique_id: id,
    ...(await findApp()),
    width,
    height,
    fps: 60,
    bitrate: 20_000, // kbit/s
    packet_size: 1024,
    video_supported_formats: 1, // H.264, which every browser plays
    video_colorspace: 'Rec709',
    video_color_range_full: false,
    play_audio_local: false,
    video_sample_queue_size: 10,
    audio_sample_queue_size: 10,
  };
  try {
    return await api.createStreamer(settings);
  } catch (error) {
    if (error instanceof ApiError && error.code === 'STREAMER_EXISTS') return api.getStreamer(id);
    throw error;
  }
}

try {
  const streamer = await createOrFind();
  console.log(`${streamer.streamer_id} is ${streamer.status}: ${url}/#/streamers/${id}`);
} catch (error) {
  console.error(error instanceof ApiError ? `${error.code}: ${error.message}` : error.message);
  process.exitCode = 1;
}
