import type { HdrMetadata, HostMessage } from '../moonlight/types.js';

/** BT.2020 primaries and D65 in units of 1/50000, a display of 0.005 to 1000 nits (§7.7). */
const HDR10: HdrMetadata = {
  primaries: [35_400, 14_600, 8500, 39_850, 6550, 2300],
  whitePoint: [15_635, 16_450],
  maxDisplayLuminance: 1000,
  minDisplayLuminance: 50,
  maxContentLightLevel: 1000,
  maxFrameAverageLightLevel: 400,
  maxFullFrameLuminance: 600,
};

/** A display without HDR has none of it; the fields are sent all the same, as Sunshine does. */
const NOTHING: HdrMetadata = {
  primaries: [0, 0, 0, 0, 0, 0],
  whitePoint: [0, 0],
  maxDisplayLuminance: 0,
  minDisplayLuminance: 0,
  maxContentLightLevel: 0,
  maxFrameAverageLightLevel: 0,
  maxFullFrameLuminance: 0,
};

/** Notifies a client whether pictures are of high dynamic range from now on. */
export function hdrMessage(enabled: boolean): HostMessage {
  return { type: 'hdr', enabled, metadata: enabled ? HDR10 : NOTHING };
}
