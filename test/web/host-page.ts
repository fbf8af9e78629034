/** A page that plays the host: a moving canvas, a tone, and an ear for data channels. */
export const HOST_PAGE = `<!doctype html>
<title>Host</title>
<canvas width="320" height="180"></canvas>
<script>
const canvas = document.querySelector('canvas');
const context = canvas.getContext('2d');
let frame = 0;
window.isStill = false;
setInterval(() => {
  if (window.isStill) return;
  frame += 1;
  context.fillStyle = 'hsl(' + (frame % 360) + ' 60% 35%)';
  context.fillRect(0, 0, 320, 180);
  context.fillStyle = 'white';
  context.font = '40px sans-serif';
  context.fillText('frame ' + frame, 60, 100);
}, 33);
const stream = canvas.captureStream(30);
const audio = new AudioContext();
const tone = audio.createOscillator();
const destination = audio.createMediaStreamDestination();
tone.connect(destination);
tone.start();
stream.addTrack(destination.stream.getAudioTracks()[0]);

const socket = new WebSocket('ws://' + location.host + '/fake-host');
const peers = new Map();
const hex = (data) =>
  [...new Uint8Array(data)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
const say = (message) => socket.send(JSON.stringify(message));

async function offer(viewer, peer, options) {
  await peer.connection.setLocalDescription(await peer.connection.createOffer(options));
  const { sdp } = peer.connection.localDescription;
  say({ viewer, toViewer: { Signaling: { Description: { ty: 'offer', sdp } } } });
}

async function join(viewer) {
  const connection = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  const peer = { connection, pads: undefined };
  peers.set(viewer, peer);
  for (const track of stream.getTracks()) {
    connection.addTransceiver(track, { direction: 'sendonly', streams: [stream] });
  }
  connection.createDataChannel('general');
  connection.onicecandidate = ({ candidate }) => {
    if (!candidate || !candidate.candidate) return;
    say({ viewer, toViewer: { Signaling: { AddIceCandidate: {
      candidate: candidate.candidate,
      sdp_mid: candidate.sdpMid,
      sdp_mline_index: candidate.sdpMLineIndex,
      username_fragment: null,
    } } } });
  };
  connection.ondatachannel = ({ channel }) => {
    channel.binaryType = 'arraybuffer';
    if (channel.label === 'controllers') peer.pads = channel;
    channel.onmessage = ({ data }) =>
      say({ viewer, channel: { label: channel.label, hex: hex(data) } });
  };
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === 'connected') say({ viewer, connected: true });
  };
  await offer(viewer, peer);
}

socket.onmessage = async ({ data }) => {
  const { viewer, join: joins, leave, message, pads } = JSON.parse(data);
  if (joins) return join(viewer);
  if (pads) {
    const bytes = Uint8Array.from(pads.match(/../g), (byte) => parseInt(byte, 16));
    for (const peer of peers.values()) peer.pads.send(bytes);
    return;
  }
  const peer = peers.get(viewer);
  if (!peer) return;
  if (leave) {
    peer.connection.close();
    peers.delete(viewer);
  } else if (message.RestartIce) {
    await offer(viewer, peer, { iceRestart: true });
  } else if (message.Signaling.Description) {
    const { ty, sdp } = message.Signaling.Description;
    await peer.connection.setRemoteDescription({ type: ty, sdp });
  } else {
    const { candidate, sdp_mid, sdp_mline_index } = message.Signaling.AddIceCandidate;
    await peer.connection.addIceCandidate({
      candidate, sdpMid: sdp_mid, sdpMLineIndex: sdp_mline_index,
    });
  }
};
</script>`;
