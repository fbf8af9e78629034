/**
 * A frontend of the desktop socket, written from its protocol page alone: WebCodecs, newest picture first,
 * pings, people, and input in the socket's own encodings.
 */
export const DESKTOP_PAGE = `<!doctype html>
<title>Desktop</title>
<link rel="icon" href="data:," />
<style>body { margin: 0 } canvas { display: block; width: 640px; height: 360px }</style>
<canvas tabindex="0"></canvas>
<script src="desktop.js"></script>
`;

export const DESKTOP_SCRIPT = `
const query = new URLSearchParams(location.search);
const desktop = window.desktop = {
  painted: 0, decoded: 0, thrownAway: 0, pongs: 0, roundTrip: 0, self: 0, users: {}, cursors: {},
  errors: [], closed: null, complete: null,
};
const canvas = document.querySelector('canvas');
const context = canvas.getContext('2d', { desynchronized: true });
let newest = null;
let hasKey = false;

const decoder = new VideoDecoder({
  output(frame) {
    desktop.decoded += 1;
    newest?.close();
    newest = frame;
  },
  error(error) {
    desktop.errors.push(error.message);
  },
});

(function paint() {
  requestAnimationFrame(paint);
  if (newest === null) return;
  canvas.width = newest.displayWidth;
  canvas.height = newest.displayHeight;
  context.drawImage(newest, 0, 0);
  newest.close();
  newest = null;
  desktop.painted += 1;
})();

const url = location.origin.replace('http', 'ws') + '/ws/stream?client_id=' + query.get('client');
const socket = new WebSocket(url);
socket.binaryType = 'arraybuffer';
const send = (length, write) => {
  const view = new DataView(new ArrayBuffer(length));
  write(view);
  if (socket.readyState === WebSocket.OPEN) socket.send(view.buffer);
};

let sequence = 0;
const ping = () => send(13, (view) => {
  view.setUint8(0, 0x40);
  view.setUint32(1, ++sequence);
  view.setBigUint64(5, BigInt(Math.round(performance.now() * 1000)));
});

socket.onopen = () => {
  socket.send(JSON.stringify({
    type: 'init', host_id: '0', app_id: 1, session_id: 'any', width: 640, height: 360, fps: 60,
    bitrate: 2000, packet_size: 1024, play_audio_local: false, video_supported_formats: 1,
    user_name: query.get('name'),
  }));
  ping();
  setInterval(ping, 500);
};
socket.onclose = ({ code, reason }) => {
  desktop.closed = { code, reason };
};

const CODECS = { 1: 'avc1.42d028' };
const text = (view, at, length) => new TextDecoder().decode(new Uint8Array(view.buffer, at, length));
const READERS = {
  0x01(view) {
    const isKey = (view.getUint8(2) & 1) !== 0;
    if (!hasKey && !isKey) {
      desktop.thrownAway += 1;
      return;
    }
    hasKey = true;
    decoder.decode(new EncodedVideoChunk({
      type: isKey ? 'key' : 'delta',
      timestamp: Number(view.getBigUint64(3)),
      data: new Uint8Array(view.buffer, 15),
    }));
  },
  0x30(view) {
    hasKey = false;
    decoder.configure({
      codec: CODECS[view.getUint8(1)],
      codedWidth: view.getUint16(2),
      codedHeight: view.getUint16(4),
      avc: { format: 'annexb' },
      optimizeForLatency: true,
    });
  },
  0x31(view) {
    desktop.errors.push(text(view, 3, view.getUint16(1)));
  },
  0x41(view) {
    desktop.pongs += 1;
    desktop.roundTrip = performance.now() - Number(view.getBigUint64(5)) / 1000;
  },
  0x53(view) {
    desktop.cursors[view.getUint32(1, true)] = [view.getInt32(5, true), view.getInt32(9, true)];
  },
  0x54(view) {
    const client = view.getUint32(2, true);
    if (view.getUint8(1) === 1) desktop.users[client] = text(view, 7, view.getUint8(6));
    else delete desktop.users[client];
  },
  0x58(view) {
    desktop.self = view.getUint32(1, true);
  },
};
socket.onmessage = ({ data }) => {
  if (typeof data === 'string') {
    desktop.complete = JSON.parse(data).ConnectionComplete;
    return;
  }
  const view = new DataView(data);
  READERS[view.getUint8(0)]?.(view);
};

const KEYS = { KeyA: 30, ShiftLeft: 42, Enter: 28, F5: 63 };
const modifiersOf = (event) =>
  (event.shiftKey ? 1 : 0) | (event.ctrlKey ? 2 : 0) | (event.altKey ? 4 : 0) | (event.metaKey ? 8 : 0);
const onKey = (event) => {
  event.preventDefault();
  const down = event.type === 'keydown' ? 1 : 0;
  const code = KEYS[event.code];
  if (code !== undefined) {
    send(6, (view) => {
      view.setUint8(0, 0x10);
      view.setUint8(2, down);
      view.setUint8(3, modifiersOf(event));
      view.setUint16(4, code);
    });
  } else if (down && [...event.key].length === 1) {
    const point = event.key.codePointAt(0);
    send(7, (view) => {
      view.setUint8(0, 0x10);
      view.setUint8(1, 3);
      view.setUint8(2, modifiersOf(event));
      view.setUint32(3, point < 0x100 ? point : 0x1000000 + point);
    });
  }
};
addEventListener('keydown', onKey);
addEventListener('keyup', onKey);
canvas.onmousemove = (event) => send(10, (view) => {
  view.setUint8(0, 0x12);
  view.setUint8(1, 1);
  view.setInt16(2, event.offsetX);
  view.setInt16(4, event.offsetY);
  view.setInt16(6, canvas.clientWidth);
  view.setInt16(8, canvas.clientHeight);
});
const BUTTONS = [1, 2, 3, 4, 5];
canvas.onmousedown = canvas.onmouseup = (event) => send(4, (view) => {
  view.setUint8(0, 0x11);
  view.setUint8(1, 2);
  view.setUint8(2, event.type === 'mousedown' ? 1 : 0);
  view.setUint8(3, BUTTONS[event.button]);
});
canvas.onwheel = (event) => send(10, (view) => {
  view.setUint8(0, 0x11);
  view.setUint8(1, 3);
  view.setFloat32(2, event.deltaX, true);
  view.setFloat32(6, -event.deltaY, true);
});
desktop.touch = (phase, x, y) => send(11, (view) => {
  view.setUint8(0, 0x14);
  view.setUint8(1, phase);
  view.setUint8(2, 0);
  view.setFloat32(3, x, true);
  view.setFloat32(7, y, true);
});
desktop.setVideo = (set_video_enabled) => {
  const json = new TextEncoder().encode(JSON.stringify({ set_video_enabled }));
  send(1 + json.length, (view) => {
    view.setUint8(0, 0x20);
    new Uint8Array(view.buffer).set(json, 1);
  });
};
`;
