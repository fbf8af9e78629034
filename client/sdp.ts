/**
 * Gives the sound a media stream of its own. Browsers play the tracks of one stream in step, which
 * makes the picture wait for the sound's jitter buffer. Both at their earliest are closer to a
 * native player.
 */
export function withoutLipSync(sdp: string): string {
  return sdp
    .split(/^(?=m=)/m)
    .map((section) =>
      section.startsWith('m=audio')
        ? section.replace(/^(a=(?:ssrc:\d+ )?msid:)(\S+)/gm, '$1$2-sound')
        : section,
    )
    .join('');
}

/**
 * Asks for stereo, in what is passed to `setLocalDescription`. A browser decodes Opus to as many
 * channels as its own description names. Chromium and Safari name one unless they are asked (RFC
 * 7587, 6.1: `stereo` is the receiver's wish).
 */
export function withStereo(sdp: string): string {
  return sdp
    .split(/^(?=m=)/m)
    .map((section) => (section.startsWith('m=audio') ? stereoSection(section) : section))
    .join('');
}

function stereoSection(section: string): string {
  let text = section;
  for (const [line, payload] of section.matchAll(/^a=rtpmap:(\d+) opus\/48000\/2\r?\n/gim)) {
    const format = new RegExp(`^(a=fmtp:${payload} )([^\\r\\n]*)`, 'm');
    text = format.test(text)
      ? text.replace(format, (_, head: string, parameters: string) => head + stereo(parameters))
      : text.replace(line, `${line}a=fmtp:${payload} ${stereo('')}\r\n`);
  }
  return text;
}

function stereo(parameters: string): string {
  const others = parameters.split(';').filter((one) => one !== '' && !/^\s*stereo=/i.test(one));
  return [...others, 'stereo=1'].join(';');
}

/**
 * @param offer the server's
 * @param answer the browser's
 * @returns why the browser refuses sound; undefined if it accepts it, or if none is offered
 */
export function refusedSound(offer: string, answer: string): string | undefined {
  const isRefused = /^m=audio 0 /m.test(answer);
  if (!isRefused) return undefined;
  const isSurround = /^a=rtpmap:\d+ multiopus\//im.test(offer);
  const isStereo = /^a=rtpmap:\d+ opus\/48000\/2/im.test(offer);
  return isSurround && !isStereo
    ? 'This browser cannot play surround sound: ask for a stream in stereo.'
    : 'This browser cannot play the sound of this stream.';
}
