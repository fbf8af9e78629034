/** What `moontee demo-host --help` prints. */
export const USAGE = `moontee demo-host [options]

  --http-port N          base port, the others follow from it; 0 takes free ports (47989)
  --bind ADDR            numeric address to listen on (127.0.0.1)
  --https-port N  --rtsp-port N  --video-port N  --control-port N  --audio-port N
  --name TEXT            name that clients show
  --pin 1234             accept this PIN without asking
  --state DIR            keep certificate and paired clients there
  --input-log FILE       append a JSON line for every input event
  --pipelines DIR        own templates, instead of those of pipelines/
  --style STYLE          habits of: sunshine, wolf (sunshine)
  --rtsp-encryption M    off, offered, required (off)
  --video-encryption M   off, offered, required (off)
  --audio-encryption M   off, offered, required (off)
  --control-encryption V 1 or 2 (2)
  --fec N                parity packets per 100 data packets (20)
  --tone-channel N       the only channel with sound: 0 FL, 1 FR, 2 FC, 3 LFE, 4 BL, 5 BR, 6 SL, 7 SR
  --rtsp-lower-case      lower-case header names in RTSP answers
  --mark-sessions        give sessions marks of their own in every style, as newer Wolf does
  --app TITLE=KIND:WHAT  another app: gst:DESCRIPTION of a raw video source, or clip:FILE with
                         access units behind their length as u32be (.h264, .h265, .av1; .10bit
                         or .hdr before that), or TITLE=blocks: H.264 without an encoder, which
                         goes on after losses without key frames
  --hevc  --av1          encode these too, where the element is installed
  --fault LIST           loss=0.01 burst=4 reorder=0.01 duplicate=0.01 jitter=20 seed=7
                         stall-video=5s@10s terminate=0x80030023@5s slow-pairing=3s
                         udp-hole=8s@10s refuse-launch no-video no-audio no-idr by-address app-fails;
                         comma-separated, repeatable
  --help
`;
