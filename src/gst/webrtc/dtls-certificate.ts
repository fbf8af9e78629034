import { X509Certificate } from 'node:crypto';
import { MoonteeError } from '../../core/errors.js';
import { descendants, type DtlsDecoder, type WebRtcElement } from '../binding.js';
import { certificateMatches, type Fingerprint } from '../../media/fingerprint.js';
import type { GstRuntime } from '../runtime.js';
import { isAble } from '../versions.js';

/** The certificate of a pipeline's DTLS connections, in place of the RSA one of GStreamer's own. */
export class DtlsCertificate {
  readonly #runtime: GstRuntime;
  readonly #pem: string;
  /** As it stands in a description (RFC 8122 §5). */
  readonly #fingerprint: string;
  /**
   * In no pipeline. GStreamer reads a certificate once and keeps it as long as an element has it:
   * without this one it would do so again for every viewer who comes when nobody else is there.
   */
  readonly #keeper: DtlsDecoder;

  /**
   * @param pem of the certificate, followed by that of its private key
   * @throws PIPELINE_FAILED where it is none, ELEMENT_MISSING
   */
  constructor(runtime: GstRuntime, pem: string) {
    runtime.requireElements('dtlsdec');
    this.#runtime = runtime;
    this.#pem = pem;
    try {
      this.#fingerprint = `sha-256 ${new X509Certificate(pem).fingerprint256}`;
    } catch (cause) {
      throw new MoonteeError('PIPELINE_FAILED', 'Invalid DTLS certificate', { cause });
    }
    this.#keeper = runtime.namespaces.Gst.ElementFactory.make('dtlsdec', null) as DtlsDecoder;
    this.#keeper.pem = pem;
  }

  /**
   * Gives it to a webrtcbin, whose transport must exist (it does once an offer or answer has been
   * made) and must not know yet who begins DTLS (it does once a local description has been set).
   * In between only the decoder is up, cut off from the network, and has made a connection that
   * the encoder has not asked for.
   *
   * @returns whether its transport was found: without, it keeps a certificate of its own
   * @throws PIPELINE_FAILED
   */
  use(webrtc: WebRtcElement): boolean {
    // Everything is bundled: one transport.
    const [decoder] = decodersOf(webrtc);
    if (!decoder) return false;
    decoder.setState(this.#runtime.namespaces.Gst.State.NULL);
    // It makes another connection of the same name.
    decoder.pem = this.#pem;
    if (!decoder.syncStateWithParent()) {
      throw new MoonteeError('PIPELINE_FAILED', 'The DTLS certificate was not taken');
    }
    return true;
  }

  /**
   * A local description with the right fingerprint: webrtcbin takes the private key for a part of
   * the certificate and counts it in.
   */
  describe(text: string): string {
    return text.replaceAll(/^a=fingerprint:.*$/gm, () => `a=fingerprint:${this.#fingerprint}`);
  }
}

/**
 * Whether the other end of every DTLS transport that has one is who signaling announced. webrtcbin
 * compares that itself in some releases only, and is relied upon where it hides its decoders. Not before a handshake has ended, since a decoder sets
 * the certificate during it.
 */
export function showsAnnounced(
  runtime: GstRuntime,
  webrtc: WebRtcElement,
  announced: readonly Fingerprint[],
): boolean {
  const decoders = [...decodersOf(webrtc)];
  if (decoders.length === 0) {
    const gstreamer = runtime.pluginVersion('dtlsdec');
    return isAble('comparesFingerprints', { gstreamer, debian: null, libnice: null }) === true;
  }
  const shown = decoders.map(({ peerPem }) => peerPem).filter((pem) => pem !== null);
  return shown.length > 0 && shown.every((pem) => certificateMatches(pem, announced));
}

function* decodersOf(webrtc: WebRtcElement): Generator<DtlsDecoder> {
  for (const child of descendants(webrtc)) {
    if (child.name.startsWith('dtlssrtpdec')) yield child as DtlsDecoder;
  }
}
