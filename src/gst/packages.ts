/** Which Debian package has what is missing; the names are those of Debian 12 and 13. */

const TYPELIBS: Readonly<Record<string, string>> = {
  GLib: 'gir1.2-glib-2.0',
  GObject: 'gir1.2-glib-2.0',
  Gst: 'gir1.2-gstreamer-1.0',
  GstApp: 'gir1.2-gst-plugins-base-1.0',
  GstSdp: 'gir1.2-gst-plugins-base-1.0',
  GstVideo: 'gir1.2-gst-plugins-base-1.0',
  GstWebRTC: 'gir1.2-gst-plugins-bad-1.0',
  Nice: 'gir1.2-nice-0.1',
};

const ELEMENTS: readonly (readonly [pattern: RegExp, debian: string])[] = [
  [/^nice(sink|src)$/, 'gstreamer1.0-nice'],
  [
    /^(webrtcbin|dtls|srtp|sctp|openh264|h26[45]parse|av1parse|av1(enc|dec)|x265|libde265)/,
    'gstreamer1.0-plugins-bad',
  ],
  [/^dav1ddec$/, 'gstreamer1.0-plugins-rs (not part of Debian)'],
  [/^rtpav1(pay|depay)$/, 'gstreamer1.0-plugins-rs (not part of Debian)'],
  [/^(rtp|udp|png|jpeg)/, 'gstreamer1.0-plugins-good'],
  [
    /^(tee|queue|fakesink|fakesrc|fdsink|filesrc|filesink|capsfilter|valve|identity|funnel|clocksync)$/,
    'libgstreamer1.0-0',
  ],
  [
    /^(appsrc|appsink|opus|audio|video|compositor$|text|clock|time|cairo)/,
    'gstreamer1.0-plugins-base',
  ],
  [/^x264/, 'gstreamer1.0-plugins-ugly'],
  [/^avdec_|^avenc_/, 'gstreamer1.0-libav'],
];

export function packageOfTypelib(namespace: string): string {
  return TYPELIBS[namespace] ?? 'with the typelib of that name';
}

export function packageOfElement(element: string): string {
  return (
    ELEMENTS.find(([pattern]) => pattern.test(element))?.[1] ?? 'with the element of that name'
  );
}
