/**
 * Runs in the browser: joins as a viewer by the protocol alone, without Moontee's page, and
 * measures every step. Times are milliseconds of `performance.now()`.
 */
function connect({ signal, mark, watch, fail }) {
  const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  connection.onicecandidate = ({ candidate }) => {
    if (!candidate) return;
    signal({
      AddIceCandidate: {
        candidate: candidate.candidate,
        sdp_mid: candidate.sdpMid,
        sdp_mline_index: candidate.sdpMLineIndex,
        username_fragment: candidate.usernameFragment,
      },
    });
  };
  connection.oniceconnectionstatechange = () => {
    if (connection.iceConnectionState === 'connected') mark('ice');
  };
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === 'connected') mark('connected');
    if (connection.connectionState === 'failed') fail(new Error('the connection failed'));
  };
  connection.ontrack = ({ track }) => {
    if (track.kind !== 'video') return;
    track.onunmute = () => mark('packet');
    watch(track).catch(fail);
  };
  return connection;
}

/** The steps of one join, and the wait for its picture. */
function begin() {
  const marks = { start: performance.now() };
  const mark = (name) => {
    marks[name] ??= performance.now();
  };
  let done;
  let fail;
  const shown = new Promise((resolve, reject) => {
    done = resolve;
    fail = reject;
  });
  const timer = setTimeout(() => fail(new Error(`no picture: ${JSON.stringify(marks)}`)), 20_000);
  const end = () => clearTimeout(timer);
  return { marks, mark, done, fail, shown, end };
}

globalThis.moonteeBenchJoin = async (url) => {
  const { marks, mark, done, fail, shown, end } = begin();
  const socket = new WebSocket(url);
  let connection;
  const early = [];

  const signal = (message) => socket.send(JSON.stringify({ Signaling: message }));

  const watch = async (track) => {
    // Straight from the decoder: neither layout nor the screen's clock has a part in it.
    const reader = new MediaStreamTrackProcessor({ track }).readable.getReader();
    const { value } = await reader.read();
    mark('frame');
    value?.close();
    await reader.cancel();
    done();
  };

  const offered = async (sdp) => {
    mark('offer');
    connection = connect({ signal, mark, watch, fail });
    await connection.setRemoteDescription({ type: 'offer', sdp });
    for (const candidate of early.splice(0)) await connection.addIceCandidate(candidate);
    await connection.setLocalDescription(await connection.createAnswer());
    signal({ Description: { ty: 'answer', sdp: connection.localDescription.sdp } });
    mark('answer');
  };

  const heard = async (message) => {
    const signaling = message.Signaling;
    if (!signaling) return;
    if (signaling.Description) {
      if (signaling.Description.ty === 'offer') await offered(signaling.Description.sdp);
      return;
    }
    const { candidate, sdp_mid, sdp_mline_index } = signaling.AddIceCandidate;
    const init = { candidate, sdpMid: sdp_mid, sdpMLineIndex: sdp_mline_index };
    if (connection?.remoteDescription) await connection.addIceCandidate(init);
    else early.push(init);
  };

  socket.onopen = () => mark('open');
  socket.onerror = () => fail(new Error('the socket failed'));
  socket.onmessage = ({ data }) => heard(JSON.parse(data)).catch(fail);
  try {
    await shown;
    return marks;
  } finally {
    end();
    connection?.close();
    socket.close();
  }
};

/** Draws what comes on a media socket until the first picture is on the screen. */
function paint({ mark, done, fail }) {
  const canvas = document.body.appendChild(document.createElement('canvas'));
  const context = canvas.getContext('2d', { alpha: false });
  let hasDrawn = false;

  const draw = (frame) => {
    hasDrawn = true;
    canvas.width = frame.displayWidth;
    canvas.height = frame.displayHeight;
    context.drawImage(frame, 0, 0);
    requestAnimationFrame(() => {
      mark('painted');
      done();
    });
  };
  const decoder = new VideoDecoder({
    output: (frame) => {
      mark('frame');
      if (!hasDrawn) draw(frame);
      frame.close();
    },
    error: fail,
  });

  const take = (data) => {
    const view = new DataView(data);
    const payload = new Uint8Array(data, 16);
    const kind = view.getUint8(0);
    if (kind === 3) {
      const { video } = JSON.parse(new TextDecoder().decode(payload));
      decoder.configure({ codec: video.codec, optimizeForLatency: true });
    } else if (kind === 1) {
      mark('packet');
      const type = view.getUint8(1) & 1 ? 'key' : 'delta';
      const timestamp = Number(view.getBigUint64(8));
      decoder.decode(new EncodedVideoChunk({ type, timestamp, duration: 16_667, data: payload }));
    }
  };
  const close = () => {
    decoder.close();
    canvas.remove();
  };
  return { take, close };
}

/** As {@link moonteeBenchJoin}, over a media socket; `painted` is behind the screen's next frame. */
globalThis.moonteeBenchJoinSocket = async (url) => {
  const { marks, mark, done, fail, shown, end } = begin();
  const painter = paint({ mark, done, fail });

  let media;
  const viewer = new WebSocket(`${url}?transport=websocket`);
  viewer.onerror = () => fail(new Error('the socket failed'));
  viewer.onopen = () => {
    mark('open');
    const support = { video: ['avc1.640028'], audio: ['opus'] };
    viewer.send(JSON.stringify({ MediaSocket: { support } }));
  };
  viewer.onmessage = ({ data }) => {
    if (typeof data !== 'string') return;
    const ticket = JSON.parse(data).MediaTicket;
    if (!ticket) return;
    mark('ticket');
    media = new WebSocket(new URL(`${ticket.path}?t=${ticket.ticket}`, url), 'moontee.media.v1');
    media.binaryType = 'arraybuffer';
    media.onerror = () => fail(new Error('the media socket failed'));
    media.onopen = () => mark('media');
    media.onmessage = ({ data: bytes }) => painter.take(bytes);
  };
  try {
    await shown;
    return marks;
  } finally {
    end();
    media?.close();
    viewer.close();
    painter.close();
  }
};
