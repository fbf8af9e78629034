import test from 'ava';
import {
  announcementBody,
  isLocalAddress,
  type Announcement,
} from '../../../src/moonlight/rtsp/announce.js';
import { serializeRequest } from '../../../src/moonlight/rtsp/message.js';

const APPENDIX_A4: Announcement = {
  settings: {
    width: 1280,
    height: 720,
    fps: 60,
    bitrate: 20_000,
    packetSize: 1392,
    colorSpace: 'Rec709',
    colorRangeFull: false,
  },
  video: { codec: 'h264', bitDepth: 8, chroma: '4:2:0' },
  audio: {
    layout: { channels: 2, streams: 1, coupledStreams: 1, mapping: [0, 1], packetDuration: 5 },
    highQuality: false,
  },
  encryption: { enabled: 1, control: 2, video: false, audio: false },
  referenceFrameInvalidation: true,
  refreshRateX100: 6000,
  address: '127.0.0.1',
  local: true,
  videoPort: 47_998,
};

const BODY_A4 = `v=0
o=android 0 14 IN IPv4 127.0.0.1
s=NVIDIA Streaming Client
a=x-ml-general.featureFlags:3·
a=x-ss-general.encryptionEnabled:1·
a=x-ss-video[0].chromaSamplingType:0·
a=x-nv-video[0].clientViewportWd:1280·
a=x-nv-video[0].clientViewportHt:720·
a=x-nv-video[0].maxFPS:60·
a=x-nv-video[0].packetSize:1392·
a=x-nv-video[0].rateControlMode:4·
a=x-nv-video[0].timeoutLengthMs:7000·
a=x-nv-video[0].framesWithInvalidRefThreshold:0·
a=x-nv-video[0].initialBitrateKbps:16000·
a=x-nv-video[0].initialPeakBitrateKbps:16000·
a=x-nv-vqos[0].bw.minimumBitrateKbps:16000·
a=x-nv-vqos[0].bw.maximumBitrateKbps:16000·
a=x-ml-video.configuredBitrateKbps:20000·
a=x-nv-vqos[0].fec.enable:1·
a=x-nv-vqos[0].videoQualityScoreUpdateTime:5000·
a=x-nv-vqos[0].qosTrafficType:5·
a=x-nv-aqos.qosTrafficType:4·
a=x-nv-general.featureFlags:135·
a=x-nv-general.useReliableUdp:13·
a=x-nv-vqos[0].fec.minRequiredFecPackets:2·
a=x-nv-vqos[0].bllFec.enable:0·
a=x-nv-vqos[0].drc.enable:0·
a=x-nv-general.enableRecoveryMode:0·
a=x-nv-video[0].videoEncoderSlicesPerFrame:1·
a=x-nv-clientSupportHevc:0·
a=x-nv-vqos[0].bitStreamFormat:0·
a=x-nv-video[0].dynamicRangeMode:0·
a=x-nv-video[0].maxNumReferenceFrames:0·
a=x-nv-video[0].clientRefreshRateX100:6000·
a=x-nv-audio.surround.numChannels:2·
a=x-nv-audio.surround.channelMask:3·
a=x-nv-audio.surround.enable:0·
a=x-nv-audio.surround.AudioQuality:0·
a=x-nv-aqos.packetDuration:5·
a=x-nv-video[0].encoderCscMode:2·
t=0 0
m=video 47998··
`;

test('the ANNOUNCE of gamestream.md A.4, byte for byte', (t) => {
  const body = announcementBody(APPENDIX_A4);
  t.is(body, BODY_A4.replaceAll('·', ' ').replaceAll('\n', '\r\n'));
  const request = serializeRequest({
    method: 'ANNOUNCE',
    target: 'streamid=control/13/0',
    headers: [
      ['CSeq', '6'],
      ['X-GS-ClientVersion', '14'],
      ['Host', '127.0.0.1'],
      ['Session', 'DEADBEEFCAFE'],
      ['Content-type', 'application/sdp'],
    ],
    body,
  });
  t.is(request.length, 1665);
  t.true(request.toString().includes('\r\nContent-length: 1496\r\n\r\nv=0\r\n'));
});

test('the largest announcement still fits a host’s buffer', (t) => {
  const body = announcementBody({
    ...APPENDIX_A4,
    settings: {
      width: 16_384,
      height: 16_384,
      fps: 1000,
      bitrate: 1_000_000,
      packetSize: 65_520,
      colorSpace: 'Rec2020',
      colorRangeFull: true,
    },
    video: { codec: 'h265', bitDepth: 10, chroma: '4:4:4' },
    encryption: { enabled: 7, control: 2, video: true, audio: true },
    address: 'fe80:1111:2222:3333:4444:5555:6666:7777%eth0',
  });
  t.true(body.includes('o=android 0 14 IN IPv6 fe80:1111:2222:3333:4444:5555:6666:7777\r\n'));
  t.true(body.includes('a=x-nv-vqos[0].bw.maximumBitrateKbps:100000 \r\n'));
  t.true(body.includes('a=x-ml-video.configuredBitrateKbps:1000000 \r\n'));
  t.true(body.includes('a=x-nv-video[0].packetSize:65488 \r\n'));
  t.true(body.includes('a=x-nv-video[0].encoderCscMode:5 \r\n'));
  t.true(body.includes('a=x-nv-video[0].dynamicRangeMode:1 \r\n'));
  t.true(body.includes('a=x-nv-general.featureFlags:167 \r\n'));
  t.true(body.length + 300 < 2000);
});

test('AV1 leaves the HEVC attribute out, a remote host gets less bitrate', (t) => {
  const body = announcementBody({
    ...APPENDIX_A4,
    local: false,
    video: { codec: 'av1', bitDepth: 8, chroma: '4:2:0' },
    audio: {
      layout: {
        channels: 8,
        streams: 8,
        coupledStreams: 0,
        mapping: [0, 1, 2, 3, 4, 5, 6, 7],
        packetDuration: 5,
      },
      highQuality: true,
    },
  });
  t.false(body.includes('clientSupportHevc'));
  t.true(body.includes('bitStreamFormat:2 \r\n'));
  t.true(body.includes('initialBitrateKbps:15500 \r\n'));
  t.true(body.includes('qosTrafficType:0 \r\n'));
  t.true(body.includes('surround.channelMask:1599 \r\n'));
  t.true(body.includes('surround.enable:1 \r\n'));
  t.true(body.includes('surround.AudioQuality:1 \r\n'));
});

test('near networks are local, loopback is not', (t) => {
  for (const ip of [
    '10.0.0.1',
    '172.31.0.1',
    '192.168.1.1',
    '169.254.3.3',
    'fe80::1%eth0',
    'fd00::1',
  ]) {
    t.true(isLocalAddress(ip), ip);
  }
  for (const ip of ['127.0.0.1', '172.32.0.1', '8.8.8.8', '::1', '2001:db8::1']) {
    t.false(isLocalAddress(ip), ip);
  }
});
