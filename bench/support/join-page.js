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

globalThis.moonteeBenchJoin = async (url) => {
  const marks = { start: performance.now() };
  const mark = (name) => {
    marks[name] ??= performance.now();
  };
  const socket = new WebSocket(url);
  let connection;
  const early = [];
  let done;
  let fail;
  const shown = new Promise((resolve, reject) => {
    done = resolve;
    fail = reject;
  });
  const deadline = setTimeout(
    () => fail(new Error(`no picture: ${JSON.stringify(marks)}`)),
    20_000,
  );

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
    clearTimeout(deadline);
    connection?.close();
    socket.close();
  }
};
